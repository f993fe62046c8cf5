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

_BLOCK = 512  # px (choice)
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


class PixelAreas:
    """Hectares of a grid's pixels, by blocks.

    Within a block all pixels count alike: over 512 px of 10 m the areas of UTM's pixels differ by less than a
    ten-thousandth, and in degrees, over 512 px of 10 m, by a thousandth from one end to the other.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._known: dict[tuple[int, int], float] = {}

    def of(self, window: Window) -> float:
        """Of a pixel in the block that holds the window's middle; NaN in a system without an ellipsoid."""
        return self.at((window.row + window.height // 2) // _BLOCK, (window.col + window.width // 2) // _BLOCK)

    def at(self, row: int, col: int) -> float:
        """Of a pixel in the block of this number, counted from the grid's first; those at its edge beyond it."""
        last_row, last_col = (self._grid.height - 1) // _BLOCK, (self._grid.width - 1) // _BLOCK
        block = min(max(row, 0), last_row), min(max(col, 0), last_col)
        if block not in self._known:
            self._known[block] = self._measured(*block)
        return self._known[block]

    def of_points(self, rows: NDArray[np.float64], cols: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) of the pixels at these places, in pixels of the grid."""
        blocks = np.column_stack([rows, cols]) // _BLOCK
        distinct, place = np.unique(blocks.astype(np.int64), axis=0, return_inverse=True)
        sizes = np.array([self.at(row, col) for row, col in distinct.tolist()])
        return sizes[place.ravel()]

    def _measured(self, row: int, col: int) -> float:
        block = Window(row * _BLOCK, col * _BLOCK, _BLOCK, _BLOCK).clipped(self._grid.height, self._grid.width)
        try:
            return hectares(self._grid.sub(block)) / (block.height * block.width)
        except BadInput:
            return float("nan")


@lru_cache(maxsize=4)
def pixel_areas(grid: Grid) -> PixelAreas:
    """Of a grid; the same for all that is written on it."""
    return PixelAreas(grid)


def hectares_of_shapes(shapes: NDArray[Any], crs: str) -> NDArray[np.float64]:
    """(n,) hectares of polygons whose coordinates are of the system `crs` (WKT); 0 of points and lines."""
    transformer, ellipsoid = _geodesy(crs)
    points = shapely.get_coordinates(shapes)
    moved = shapely.set_coordinates(shapes.copy(), np.column_stack(transformer.transform(points[:, 0], points[:, 1])))
    areas = [abs(ellipsoid.geometry_area_perimeter(shape)[0]) for shape in moved]
    return np.array(areas, float) / _SQUARE_METRES
