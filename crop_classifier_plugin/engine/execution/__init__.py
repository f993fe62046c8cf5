"""How a job runs: dispatch, events and cancel, outputs written whole or not at all, the run record."""
