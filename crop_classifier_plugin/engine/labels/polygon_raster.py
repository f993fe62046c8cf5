"""Labelled polygons on a grid, with the one rule for overlaps that training, diagnosis and crop gain share.

A pixel belongs to the polygon that holds its centre; a point is handled as the outline of its pixel. Where polygons of
different classes overlap nobody knows the truth: such a pixel is no reference (choice). Overlaps below a hundredth of a
pixel are drawing accuracy, and where polygons of one class overlap, the later one in the file counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ..raster.grid import Grid, Window
from ..vector.polygons import rasterize_polygons
from .constants import DISPUTED

_DRAWING_ACCURACY = 0.01  # px of area (choice)


class PolygonRaster:
    """N polygons with their classes, (N,) or (N,M) where they change by month: numbers that tell classes apart."""

    def __init__(self, shapes: NDArray[Any], classes: NDArray[np.int64], grid: Grid) -> None:
        self.shapes, self._grid, self._tree = shapes, grid, STRtree(shapes)
        self._pixel_area = grid.pixel[0] * grid.pixel[1]
        self.overlaps = _overlaps(
            self._tree,
            classes.reshape(len(shapes), classes.size // max(len(shapes), 1)),
            _DRAWING_ACCURACY * self._pixel_area,
        )
        self._overlap_tree = STRtree(self.overlaps)

    def near(self, window: Window, margin: int) -> bool:
        """Whether a polygon may lie within `margin` px of the window."""
        box = shapely.box(*self._grid.sub(window).bounds).buffer(margin * max(self._grid.pixel))
        return bool(len(self._tree.query(box)))

    def read(self, window: Window) -> NDArray[np.int64]:
        """(H,W) int64: number of the pixel's polygon; NO_DATA where there is none, DISPUTED where classes overlap."""
        part = self._grid.sub(window)
        box = shapely.box(*part.bounds)
        touching = np.sort(self._tree.query(box)).tolist()  # in the file's order: later ones lie on top
        number = rasterize_polygons([(self.shapes[i], i + 1) for i in touching], part, "uint32").astype(np.int64) - 1
        unclear = [polygon for i in self._overlap_tree.query(box) for polygon in _flat(self.overlaps[i])]
        number[rasterize_polygons([(polygon, 1) for polygon in unclear], part) > 0] = DISPUTED
        return number

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of the overlaps; nothing where there are none."""
        if not len(self.overlaps):
            return ()
        pixels = float(shapely.area(shapely.union_all(self.overlaps))) / self._pixel_area
        return (
            f"{len(self.overlaps)} pairs of polygons or points of different classes overlap: what they share (about "
            f"{pixels:,.0f} pixels) is no reference and is not used.",
        )


def _overlaps(tree: STRtree, classes: NDArray[np.int64], min_area: float) -> NDArray[Any]:
    """What each pair of polygons of different classes shares, above `min_area` in the grid's square units."""
    shapes = tree.geometries
    first, second = tree.query(shapes, predicate="intersects")
    pairs = first < second
    first, second = first[pairs], second[pairs]
    differ = (classes[first] != classes[second]).any(axis=1)
    shared: NDArray[Any] = shapely.intersection(shapes[first[differ]], shapes[second[differ]])
    return shared[shapely.area(shared) > min_area]


def _flat(shape: Any) -> list[Any]:
    """The polygons of a shape: an overlap may hold lines and points too, which rasterizing would burn."""
    return [part for part in shapely.get_parts(shape) if shapely.area(part) > 0]
