"""Series + labels -> model folder: one file an algorithm."""
