"""Scenes, dates, bands, masks, and the series a model takes."""
