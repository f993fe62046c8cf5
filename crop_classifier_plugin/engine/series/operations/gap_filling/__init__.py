"""Clouded dates mended from the clear ones."""
