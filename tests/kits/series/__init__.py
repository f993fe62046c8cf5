"""Series that jobs about series read."""
