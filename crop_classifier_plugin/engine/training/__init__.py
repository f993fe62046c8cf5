"""Datasets, losses, fit and export."""
