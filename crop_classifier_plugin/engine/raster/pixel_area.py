"""Areas on the ground: hectares of a grid's pixels and of polygons, on the ellipsoid, whatever the projection."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS as ProjCRS
from pyproj import Geod, Transformer

from ...shared.errors import BadInput
from .grid import Grid, Window

_EDGE = 21  # points along each side: lines of a projection are no geodesics (choice)
_SQUARE_METRES = 10_000.0  # in a hectare


@lru_cache(maxsize=8)
def _geodesy(wkt: str) -> tuple[Transformer, Geod]:
    crs = ProjCRS.from_wkt(wkt)
    geographic, ellipsoid = crs.geodetic_crs, crs.get_geod()
    if geographic is None or ellipsoid is None:
        raise BadInput(
            f"The coordinate system {crs.name!r} has no place on the earth, and no hectares: assign another."
        )
    return Transformer.from_crs(crs, geographic, always_xy=True), ellipsoid


def hectares(grid: Grid) -> float:
    """The area of the whole grid in hectares. Raises BadInput for a system without an ellipsoid."""
    transformer, ellipsoid = _geodesy(grid.crs.to_wkt())
    x0, y0, x1, y1 = grid.bounds
    there, back = np.linspace(0, 1, _EDGE), np.linspace(1, 0, _EDGE)
    x = np.concatenate([x0 + there * (x1 - x0), np.full(_EDGE, x1), x0 + back * (x1 - x0), np.full(_EDGE, x0)])
    y = np.concatenate([np.full(_EDGE, y0), y0 + there * (y1 - y0), np.full(_EDGE, y1), y0 + back * (y1 - y0)])
    area, _ = ellipsoid.polygon_area_perimeter(*transformer.transform(x, y))
    return abs(float(area)) / _SQUARE_METRES


def hectares_of_pixels(grid: Grid, window: Window) -> float:
    """The mean area in hectares of the pixels of a window.

    Right for each pixel as far as the window is small beside the earth: over 512 px of 10 m the areas of UTM's pixels
    differ by less than a ten-thousandth.
    """
    return hectares(grid.sub(window)) / (window.height * window.width)


def hectares_of_shapes(shapes: NDArray[Any], crs: str) -> NDArray[np.float64]:
    """(n,) hectares of polygons whose coordinates are of the system `crs` (WKT); 0 of points and lines."""
    transformer, ellipsoid = _geodesy(crs)
    points = shapely.get_coordinates(shapes)
    moved = shapely.set_coordinates(shapes.copy(), np.column_stack(transformer.transform(points[:, 0], points[:, 1])))
    areas = [abs(ellipsoid.geometry_area_perimeter(shape)[0]) for shape in moved]
    return np.array(areas, float) / _SQUARE_METRES
