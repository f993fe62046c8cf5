"""Spectral and radar indices of every date."""
