"""Series built, composited, mended, aligned, and what is computed of them."""
