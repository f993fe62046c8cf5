"""Dated scenes: what was given, checked and described; clouds, units."""
