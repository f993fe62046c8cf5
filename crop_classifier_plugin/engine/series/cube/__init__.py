"""Scenes brought onto one grid and read window by window, as a model or an operation takes them."""
