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
_STEP, _SIDE = 10_000.0, 1_000.0  # metres (choice)
_MOST_NODES = 512  # along a side: beyond, every polygon is told by geodesics (choice)
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
        self._ground: NDArray[np.float64] | None = None  # (rows, columns) of a pixel of each block

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
        across = self._grid.width // _BLOCK + 1
        row, col = (
            np.clip(places // _BLOCK, 0, length // _BLOCK).astype(np.int64)
            for places, length in ((rows, self._grid.height), (cols, self._grid.width))
        )
        distinct, place = np.unique(row * across + col, return_inverse=True)
        sizes = np.array([self.at(*divmod(number, across)) for number in distinct.tolist()])
        return sizes[place]

    def _measured(self, row: int, col: int) -> float:
        block = Window(row * _BLOCK, col * _BLOCK, _BLOCK, _BLOCK).clipped(self._grid.height, self._grid.width)
        try:
            if self._blocks_are_small:
                return float(self._by_middles()[row, col])
            return hectares(self._grid.sub(block)) / (block.height * block.width)
        except BadInput:
            return float("nan")

    @property
    def _blocks_are_small(self) -> bool:
        """Whether the middle of a block tells its area."""
        return _BLOCK * max(self._grid.pixel) * _metres(self._grid.crs.to_wkt()) <= _STEP

    def _by_middles(self) -> NDArray[np.float64]:
        """(rows, columns) hectares of a pixel of each block, by the place of its middle."""
        if self._ground is None:
            grid, crs = self._grid, self._grid.crs.to_wkt()
            rows, cols = (_middles(length) for length in (grid.height, grid.width))
            x = grid.transform.c + grid.transform.a * cols
            y = grid.transform.f + grid.transform.e * rows
            across, down = grid.pixel
            ground = _ground_at(*np.meshgrid(x, y), _STEP / _metres(crs), crs)
            self._ground = ground * across * down / _SQUARE_METRES
        return self._ground


def _middles(length: int) -> NDArray[np.float64]:
    """Of the blocks along a side of so many pixels."""
    starts = np.arange(0, length, _BLOCK)
    return (starts + np.minimum(starts + _BLOCK, length)) / 2


@lru_cache(maxsize=4)
def pixel_areas(grid: Grid) -> PixelAreas:
    """Of a grid; the same for all that is written on it."""
    return PixelAreas(grid)


def hectares_of_shapes(shapes: NDArray[Any], crs: str) -> NDArray[np.float64]:
    """(n,) hectares of polygons whose coordinates are of the system `crs` (WKT); 0 of points and lines.

    What is smaller than _STEP has the area of the plane times what the ground has for the plane where its middle lies,
    which is exact to a millionth; larger polygons are told by geodesics between points _SIDE apart along their sides.
    """
    areas = _small_areas(shapes, crs)
    large = np.flatnonzero(np.isnan(areas))
    parts, owner = shapely.get_parts(shapes[large], return_index=True)
    if len(parts) > len(large):
        areas[large] = np.bincount(owner, hectares_of_shapes(parts, crs) * _SQUARE_METRES, len(large))
    else:
        areas[large] = _by_geodesics(shapes[large], crs)
    return areas / _SQUARE_METRES


def _small_areas(shapes: NDArray[Any], crs: str) -> NDArray[np.float64]:
    """(n,) square metres; NaN where a shape, or where all together, are too large for it."""
    areas = np.full(len(shapes), np.nan)
    x0, y0, x1, y1 = shapely.bounds(shapes).T
    step = _STEP / _metres(crs)
    small = (x1 - x0 <= step) & (y1 - y0 <= step)
    areas[shapely.is_empty(shapes)] = 0
    middles = shapely.get_coordinates(shapely.centroid(shapes[small]))
    if len(middles) and (np.ptp(middles, axis=0) <= _MOST_NODES * step).all():
        areas[small] = shapely.area(shapes[small]) * _ground(middles, step, crs)
    return areas


@lru_cache(maxsize=8)
def _metres(crs: str) -> float:
    """Of the unit of a system's coordinates; of a degree at the equator."""
    system = ProjCRS.from_wkt(crs)
    unit = float(system.axis_info[0].unit_conversion_factor) if system.axis_info else 1.0
    ellipsoid = system.get_geod()
    return unit * ellipsoid.a if system.is_geographic and ellipsoid else unit


def _ground(points: NDArray[np.float64], step: float, crs: str) -> NDArray[np.float64]:
    """(n,) square metres on the ellipsoid for one square unit of the plane, linear between nodes that lie `step` apart
    or closer."""
    low, high = points.min(axis=0), points.max(axis=0)
    count = np.maximum(np.ceil((high - low) / step), 1).astype(int)
    spacing = np.maximum((high - low) / count, step * 1e-6)
    place = (points - low) / spacing
    cell = np.clip(place.astype(int), 0, count - 1)
    (u, v), (col, row) = (place - cell).T, cell.T
    nodes = np.meshgrid(*(low[axis] + spacing[axis] * np.arange(count[axis] + 1) for axis in (0, 1)))
    at = _ground_at(nodes[0], nodes[1], step, crs)
    upper = at[row, col] * (1 - u) + at[row, col + 1] * u
    lower = at[row + 1, col] * (1 - u) + at[row + 1, col + 1] * u
    found: NDArray[np.float64] = upper * (1 - v) + lower * v
    return found


def _ground_at(x: NDArray[np.float64], y: NDArray[np.float64], step: float, crs: str) -> NDArray[np.float64]:
    """The same at places, by the equal-area latitude of Snyder (1987), Map Projections, equation 3-12."""
    transformer, ellipsoid = _geodesy(crs)
    half = step * 1e-3

    def moved(dx: float, dy: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lon, lat = transformer.transform(x + dx, y + dy)
        sine, e = np.sin(np.radians(lat)), max(np.sqrt(ellipsoid.es), 1e-9)
        q = (1 - e**2) * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
        return np.radians(lon), q

    (west, q_west), (east, q_east) = moved(-half, 0), moved(half, 0)
    (south, q_south), (north, q_north) = moved(0, -half), moved(0, half)
    across, along = ((d + np.pi) % (2 * np.pi) - np.pi for d in (east - west, north - south))
    size: NDArray[np.float64] = across * (q_north - q_south) - along * (q_east - q_west)
    return np.abs(size) * ellipsoid.a**2 / 2 / (2 * half) ** 2


def _by_geodesics(shapes: NDArray[Any], crs: str) -> NDArray[np.float64]:
    """(n,) square metres."""
    transformer, ellipsoid = _geodesy(crs)
    dense = shapely.segmentize(shapes, _SIDE / _metres(crs))
    points = shapely.get_coordinates(dense)
    moved = shapely.set_coordinates(dense, np.column_stack(transformer.transform(points[:, 0], points[:, 1])))
    return np.array([abs(ellipsoid.geometry_area_perimeter(shape)[0]) for shape in moved], float)
