"""Fusion: a fine image of a day that only the coarse sensor saw, and how good it is."""
