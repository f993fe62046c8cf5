"""A finished model calibrated on labelled series."""
