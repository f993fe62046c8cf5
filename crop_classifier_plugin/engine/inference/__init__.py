"""The tile pipeline: read, prepare, run, blend, write."""
