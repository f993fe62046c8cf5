"""Grids, tiles, readers and writers."""
