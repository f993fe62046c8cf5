"""Polygons as edges, in pixels of a grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...raster.grid import Grid, Window

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BAND = 1024  # px: columns that are read together (choice)
_STEP = 2.0**-24  # px: corners are brought onto such rows, so that no rounding is left where an edge meets a row
_RUNS = 40_000  # and cells, cut at a time: what fits in a processor's cache (measured)
_POLYGON = 3  # of shapely's types
NARROW, WIDE, WIDEST = 8, 16, 32  # bits that hold how many pixels of a row a polygon can have


@dataclass(frozen=True, eq=False)
class Edges:
    """E edges of polygons, each told from its upper end. Level ones are left out: nothing lies between their rows."""

    top: Floats  # (E,) row where it begins, in pixels
    bottom: Floats  # (E,) row where it ends
    col: Floats  # (E,) column at `top`
    slope: Floats  # (E,) columns a row
    sign: Floats  # (E,) 1: the polygon lies left of it, -1: right
    owner: Ints  # (E,) number of its polygon
    left: Ints  # (E,) the polygon's first column
    bits: Ints  # (E,) that count its pixels in a row

    def __len__(self) -> int:
        return len(self.owner)

    def __getitem__(self, rows: Any) -> Edges:
        return Edges(*(values[rows] for values in self._columns))

    @property
    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.top, self.bottom, self.col, self.slope, self.sign, self.owner, self.left, self.bits

    def parts(self) -> Iterator[Edges]:
        """Those of one width and one band of columns each; they have to be in `edges_on`'s order."""
        changes = np.flatnonzero(np.diff(self.bits) | np.diff(self.left // _BAND)) + 1
        yield from (self[rows] for rows in np.split(np.arange(len(self)), changes))

    def chunks(self, window: Window) -> Iterator[Edges]:
        """As many at a time as make about _RUNS runs and cells within the window."""
        rows = np.minimum(self.bottom, window.row + window.height) - np.maximum(self.top, window.row)
        work = np.cumsum(rows * (1 + np.abs(self.slope)) + 2)
        cuts = np.searchsorted(work, np.arange(_RUNS, work[-1], _RUNS))
        yield from (self[rows] for rows in np.split(np.arange(len(self)), cuts) if rows.size)

    def columns(self, width: int) -> tuple[int, int]:
        """From which column to which, exclusive, the polygons reach on a raster of this width."""
        ends = np.maximum(self.col, self.col + self.slope * (self.bottom - self.top))
        return int(self.left.min()), min(int(np.ceil(ends.max())) + 1, width)


def edges_on(shapes: NDArray[Any], grid: Grid) -> tuple[Edges, Ints]:
    """The edges of the polygons' parts on the grid; and (N,) which of the shapes each of the N owners is."""
    touching, inside = _inside(shapes, grid)
    order, left, bits = _order(inside, grid)
    polygons, owner = _polygons(inside[order])
    rings, of = _rings(polygons)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    x, y = _in_pixels(points, grid)
    begins = np.flatnonzero(ring[1:] == ring[:-1])
    turns = _turns(x, y, begins, ring) * np.where(np.diff(of, prepend=-1) != 0, 1.0, -1.0)  # holes turn the other way
    begins = begins[y[begins] != y[begins + 1]]
    of_edge = ring[begins]
    ends = (x[begins], y[begins], x[begins + 1], y[begins + 1])
    return _edges(*ends, turns[of_edge], (owner[of][of_edge], left, bits)), touching[order]


def _edges(x0: Floats, y0: Floats, x1: Floats, y1: Floats, turns: Floats, owners: tuple[Ints, Ints, Ints]) -> Edges:
    """`turns`: 1 where the polygon lies on the right hand of who goes from end to end, rows counted downwards, else -1.
    `owners`: (E,) number of each edge's polygon, (N,) first column and (N,) bits of each polygon."""
    number, left, bits = owners
    down = y1 > y0
    sign = np.where(down, turns, -turns)
    tops, bottoms = np.where(down, y0, y1), np.where(down, y1, y0)
    return Edges(tops, bottoms, np.where(down, x0, x1), (x1 - x0) / (y1 - y0), sign, number, left[number], bits[number])


def _rings(polygons: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """The rings of polygons, each one's outer first, and whose; a polygon without holes stands for its ring."""
    if (shapely.get_num_interior_rings(polygons) == 0).all():
        return polygons, np.arange(len(polygons))
    rings, of = shapely.get_rings(polygons, return_index=True)
    return rings, of


def _turns(x: Floats, y: Floats, begins: Ints, ring: Ints) -> Floats:
    """(R,) the sense in which each ring runs: 1 or -1; `begins`: where the edges begin among the points."""
    first = np.flatnonzero(np.diff(ring[begins], prepend=-1))
    if not first.size:
        return np.zeros(0)
    start = begins[first]  # whose distance keeps the products small
    x, y = x - x[start][ring], y - y[start][ring]
    doubled = x[begins] * y[begins + 1] - x[begins + 1] * y[begins]
    return np.where(np.add.reduceat(doubled, first) > 0, 1.0, -1.0)


def _inside(shapes: NDArray[Any], grid: Grid) -> tuple[Ints, NDArray[Any]]:
    """Which shapes have something on the grid; and what."""
    xmin, ymin, xmax, ymax = grid.bounds
    x0, y0, x1, y1 = shapely.bounds(shapes).T
    near = np.flatnonzero((x0 < xmax) & (y0 < ymax) & (x1 > xmin) & (y1 > ymin))
    crossing = ((x0 < xmin) | (y0 < ymin) | (x1 > xmax) | (y1 > ymax))[near]
    cut = shapes[near]
    cut[crossing] = shapely.intersection(cut[crossing], shapely.box(*grid.bounds))
    there = ~shapely.is_empty(cut)
    return near[there], cut[there]


def _polygons(shapes: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """The polygons that shapes are made of, and which shape each is of."""
    owner = np.arange(len(shapes))
    while (shapely.get_type_id(shapes) > _POLYGON).any():
        shapes, part_of = shapely.get_parts(shapes, return_index=True)
        owner = owner[part_of]
    flat = shapely.get_type_id(shapes) == _POLYGON
    return shapes[flat], owner[flat]


def _order(shapes: NDArray[Any], grid: Grid) -> tuple[Ints, Ints, Ints]:
    """(N,) the order in which neighbours follow each other; (N,) first column and (N,) bits in that order."""
    x0, y0, x1, y1 = shapely.bounds(shapes).T
    a, c, e, f = grid.transform.a, grid.transform.c, grid.transform.e, grid.transform.f
    left = np.clip(np.floor((x0 - c) / a), 0, grid.width - 1).astype(np.int64)
    width = np.ceil((x1 - c) / a) - left
    bits = np.where(width < 1 << NARROW, NARROW, np.where(width < 1 << WIDE, WIDE, WIDEST)).astype(np.int64)
    order = np.lexsort((np.minimum((y0 - f) / e, (y1 - f) / e), left // _BAND, bits))
    return order, left[order], bits[order]


def _in_pixels(points: Floats, grid: Grid) -> tuple[Floats, Floats]:
    """Columns and rows of points; these in steps of _STEP."""
    x = np.clip((points[:, 0] - grid.transform.c) / grid.transform.a, 0, grid.width)
    y = np.clip((points[:, 1] - grid.transform.f) / grid.transform.e, 0, grid.height)
    return x, np.round(y / _STEP) * _STEP
