"""Files that try to make the engine open what nobody named, and a recorder of all that it opens."""
