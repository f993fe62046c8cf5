"""One file on one grid, of layers or a folder of products."""
