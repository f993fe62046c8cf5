"""Samples of a map, and what they say of its accuracy and of the crops' areas."""
