"""Clouds where a product brings no mask."""
