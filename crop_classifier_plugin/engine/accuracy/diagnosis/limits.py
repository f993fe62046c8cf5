"""Which pixels a comparison counts: inside an area, and away from the boundaries between classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ....shared.errors import NoOverlap
from ....shared.jobs.accuracy import CompareLimits
from ...labels.constants import NO_DATA
from ...raster.grid import Grid, Window
from ...vector.area import Area

Read = Callable[[Window], NDArray[np.int32]]


class Limits:
    """`area` and `boundary` of a job, on the map's grid."""

    def __init__(self, limits: CompareLimits, grid: Grid) -> None:
        self._grid, self._width = grid, limits.boundary
        self._area = Area.read(limits.area, grid) if limits.area else None
        if self._area and not _touch(self._area.bounds, grid.bounds):
            raise NoOverlap("The map", limits.area)

    def outside(self, window: Window) -> NDArray[np.bool_]:
        """(H, W) pixels that lie outside the area."""
        if self._area is None:
            return np.zeros((window.height, window.width), bool)
        return ~self._area.inside(self._grid.sub(window))

    def edges(self, window: Window, classes: Read) -> NDArray[np.bool_]:
        """(H, W) pixels that have another class of the reference within `boundary` px, in a square around them.

        Where nothing is known is no boundary: the outline of a labelled parcel is none, its neighbour of another crop
        makes one. `classes` reads the reference as positions.
        """
        if not self._width:
            return np.zeros((window.height, window.width), bool)
        grid, width = self._grid, self._width
        around = Window(window.row - width, window.col - width, window.height + 2 * width, window.width + 2 * width)
        whole = around.clipped(grid.height, grid.width)
        truth, size = classes(whole), 2 * width + 1
        known = truth != NO_DATA
        highest = ndimage.maximum_filter(np.where(known, truth, -1), size, mode="nearest")
        lowest = ndimage.minimum_filter(np.where(known, truth, np.iinfo(np.int32).max), size, mode="nearest")
        top, left = window.row - whole.row, window.col - whole.col
        edges: NDArray[np.bool_] = known & (highest != lowest)
        return edges[top : top + window.height, left : left + window.width]


def _touch(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
