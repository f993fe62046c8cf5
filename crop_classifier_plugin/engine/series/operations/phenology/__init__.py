"""Start, peak, end, length and amplitude of each pixel's season."""
