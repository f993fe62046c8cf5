"""Several maps of one place: held against each other and a reference, and what changed from one to the next."""
