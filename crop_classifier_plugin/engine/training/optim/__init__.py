"""Losses, optimisers and the recipes that choose them."""
