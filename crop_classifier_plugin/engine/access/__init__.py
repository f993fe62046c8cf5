"""What may be opened: the sources that the user named, and nothing that a file refers to beyond them. The one room that
opens rasters and vector files."""
