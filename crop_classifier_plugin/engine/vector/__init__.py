"""Polygons read, checked and rasterized."""
