"""Where a raster lies on the ground, whatever its coordinate system: degrees and metres."""

from __future__ import annotations

import math
from collections.abc import Sequence

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


def unrolled(box: Bounds) -> Bounds:
    """A box in degrees whose east counts on beyond 180 where it crosses it, as a raster's own bounds do."""
    return (box[0], box[1], box[2] + 360, box[3]) if box[2] < box[0] else box


def crosses_180(crs: CRS, bounds: Bounds) -> bool:
    """Whether a rectangle counts degrees on beyond 180."""
    return bool(crs.is_geographic) and bounds[2] > 180


def lie_across_180(boxes: Sequence[Bounds]) -> bool:
    """Whether boxes in degrees lie together on both sides of 180, so that those west of 0 are to be counted on.

    They do where that makes them span at most half of what they span else (choice).
    """
    if not boxes:
        return False
    moved = [(w + 360, e + 360) if w + e < 0 else (w, e) for w, _, e, _ in boxes]
    span, other = (max(e for _, e in each) - min(w for w, _ in each) for each in ([(b[0], b[2]) for b in boxes], moved))
    return other <= span / 2


def degrees_of(crs: CRS, bounds: Bounds) -> Bounds | None:
    """West, south, east, north of a rectangle; west > east where it crosses 180. None where degrees are not known."""
    try:
        west, south, east, north = transform_bounds(crs, LONLAT, *bounds)
    except RasterioError:
        return None
    found = west, south, east, north
    return found if all(map(math.isfinite, found)) else None
