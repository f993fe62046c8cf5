"""STARFM on a pair of real Landsat and MODIS images."""
