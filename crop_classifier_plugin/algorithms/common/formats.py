"""Vector files that the engine reads as they are; other layers are exported for it."""

from __future__ import annotations

FORMATS = ["gpkg", "shp", "geojson", "fgb"]
SINGLE_LAYER_FORMATS = ["shp", "geojson", "fgb"]  # files that hold one layer, so that a path says all
