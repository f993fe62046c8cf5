"""Points as labels: a point labels the pixel that it lies in, so it is handled as the outline of that pixel.

What holds for polygons then holds for points: two classes in one pixel are no reference, a polygon of another class
disputes a point's pixel, and splits and areas count pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import STRtree

from ...shared.legend import plain
from ..raster.grid import Grid

_POINT = 0  # shapely.get_type_id


@dataclass(frozen=True, eq=False)
class LabelledOutlines:
    """N labelled polygons and pixels of points."""

    labels: NDArray[Any]  # (N,) text
    shapes: NDArray[Any]  # (N,) polygons
    is_point: NDArray[np.bool_]  # (N,)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.shapes)


def on_pixels(frame: geopandas.GeoDataFrame, grid: Grid) -> LabelledOutlines:
    """The frame's `label` and `geometry` (in the grid's CRS) with pixels in place of points. A point on the line
    between two pixels lies in the lower or right one, and of several of one class in one pixel one is kept."""
    labels, shapes = frame["label"].to_numpy(object), frame.geometry.to_numpy()
    is_point = shapely.get_type_id(shapes) == _POINT
    if not is_point.any():
        return LabelledOutlines(labels, shapes, is_point)
    cols, rows = (np.floor(axis).astype(np.int64) for axis in _places(shapes[is_point], grid))
    inside = (rows >= 0) & (rows < grid.height) & (cols >= 0) & (cols < grid.width)
    cells = np.where(inside, rows * grid.width + cols, -1)
    names = np.array([plain(label) for label in labels[is_point]], object)
    first = _first_of_each(cells, names) & inside
    boxes = shapes.copy()
    boxes[is_point] = _outlines(rows, cols, grid)
    kept = ~is_point
    kept[is_point] = first
    return LabelledOutlines(labels[kept], boxes[kept], is_point[kept], _notes(int(inside.sum()), int(first.sum())))


def touching_pixels(outlines: NDArray[Any], is_point: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """(N,) a number for each outline: one for all pixels of points that touch, be it with a corner, else its own; None
    where nothing touches, as polygons alone. Neighbouring pixels show the same field."""
    dots = np.flatnonzero(is_point)
    first, second = STRtree(outlines[dots]).query(outlines[dots], predicate="intersects")
    if len(first) == len(dots):
        return None
    links = coo_array((np.ones(len(first), bool), (dots[first], dots[second])), (len(outlines), len(outlines)))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _places(points: NDArray[Any], grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Column and row of each point, with fractions."""
    inverse = ~grid.transform
    x, y = shapely.get_x(points), shapely.get_y(points)
    return inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f


def _outlines(rows: NDArray[np.int64], cols: NDArray[np.int64], grid: Grid) -> NDArray[Any]:
    place = grid.transform
    x0, x1 = (place.c + place.a * edge for edge in (cols, cols + 1))
    y0, y1 = (place.f + place.e * edge for edge in (rows, rows + 1))
    return np.asarray(shapely.box(np.minimum(x0, x1), np.minimum(y0, y1), np.maximum(x0, x1), np.maximum(y0, y1)))


def _first_of_each(cells: NDArray[np.int64], names: NDArray[Any]) -> NDArray[np.bool_]:
    """(N,) whether no earlier one has the same cell and name."""
    numbers = np.unique(names.astype(str), return_inverse=True)[1].reshape(-1)
    first = np.zeros(len(cells), bool)
    first[np.unique(np.stack([cells, numbers]), axis=1, return_index=True)[1]] = True
    return first


def _notes(inside: int, kept: int) -> tuple[str, ...]:
    if inside == kept:
        return ()
    return (f"{inside - kept:,} of {inside:,} points lie in the pixel of another of their class: it counts once.",)
