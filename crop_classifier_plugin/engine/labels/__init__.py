"""What the user knows of the ground: polygons and class rasters, their class names, and the legend of them."""
