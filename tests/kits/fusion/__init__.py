"""Images of two sensors, and jobs that fuse them."""
