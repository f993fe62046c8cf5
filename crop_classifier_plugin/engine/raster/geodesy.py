"""Where a raster lies on the ground, whatever its coordinate system: degrees and metres."""

from __future__ import annotations

import math

from affine import Affine
from pyproj import Geod
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform, transform_bounds

Bounds = tuple[float, float, float, float]
LONLAT = CRS.from_epsg(4326)
_ELLIPSOID = Geod(ellps="WGS84")


def ground_pixel(crs: CRS, affine: Affine, height: int, width: int) -> float:
    """Side of the middle pixel on the ground, in metres (geometric mean of width and height)."""
    middle = (width / 2, height / 2)
    points = [affine @ (middle[0] + dx, middle[1] + dy) for dx, dy in ((0, 0), (1, 0), (0, 1))]
    lon, lat = transform(crs, LONLAT, *(list(v) for v in zip(*points)))
    _, _, sides = _ELLIPSOID.inv(lon[:1] * 2, lat[:1] * 2, lon[1:], lat[1:])
    return math.sqrt(sides[0] * sides[1])


def degrees_of(crs: CRS, bounds: Bounds) -> Bounds | None:
    """West, south, east, north of a rectangle; west > east where it crosses 180. None where degrees are not known."""
    try:
        west, south, east, north = transform_bounds(crs, LONLAT, *bounds)
    except RasterioError:
        return None
    found = west, south, east, north
    return found if all(map(math.isfinite, found)) else None
