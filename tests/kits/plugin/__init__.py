"""Helpers of the tests that run in QGIS."""
