"""Where to look first: the largest regions in which the map is wrong, and sure of it where its confidence is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ....raster.grid import Grid, Window
from ....raster.pixel_area import pixel_areas
from ....raster.writer import as_rasterio
from ..comparison import Seen

_MOST = 10  # regions (choice)


@dataclass(frozen=True)
class WrongRegion:
    """Neighbouring wrong pixels; it is cut at the windows of 512 px that are read. (row, col): a pixel deep inside."""

    pixels: int
    row: int
    col: int
    hectares: float  # NaN in a system without an ellipsoid
    reference: int  # position of the commonest class
    mapped: int
    confidence: float | None  # per cent, the mean; None where it was not given


class WrongRegions:
    """Keeps the largest regions."""

    def __init__(self, grid: Grid, confidence: Any = None, sure_above: float = 0.0) -> None:
        """`confidence`: the open raster of per cent, None where there is none: then all that is wrong counts."""
        self._areas, self._confidence, self._sure_above = pixel_areas(grid), confidence, sure_above
        self.largest: list[WrongRegion] = []

    def see(self, seen: Seen) -> None:
        """Looks at the window's wrong pixels."""
        wrong = seen.compared & (seen.mapped != seen.truth)
        sure = self._sure(seen.window)
        if sure is not None:
            wrong &= sure >= self._sure_above
        least = self.largest[-1].pixels if len(self.largest) == _MOST else 0
        if np.count_nonzero(wrong) <= least:
            return
        numbers, _ = ndimage.label(wrong)
        sizes = np.bincount(numbers.ravel())
        sizes[0] = 0
        largest = [int(k) for k in np.argsort(-sizes, kind="stable")[:_MOST] if sizes[k] > least]
        found = [self._region(seen, sure, _cut_out(numbers == k)) for k in largest]
        self.largest = sorted([*self.largest, *found], key=lambda each: -each.pixels)[:_MOST]

    def _sure(self, window: Window) -> NDArray[np.floating] | None:
        if self._confidence is None:
            return None
        read = self._confidence.read(1, window=as_rasterio(window), masked=True)
        sure: NDArray[np.floating] = read.astype(np.float32).filled(-1)
        return sure

    def _region(
        self, seen: Seen, sure: NDArray[np.floating] | None, inside: tuple[NDArray[np.bool_], tuple[slice, slice]]
    ) -> WrongRegion:
        mask, part = inside
        deep = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        row, col = np.unravel_index(int(deep.argmax()), mask.shape)
        truth, mapped = (_commonest(side[part][mask]) for side in (seen.truth, seen.mapped))
        return WrongRegion(
            int(mask.sum()),
            int(row) + part[0].start + seen.window.row,
            int(col) + part[1].start + seen.window.col,
            float(mask.sum()) * self._areas.of(seen.window),
            truth,
            mapped,
            None if sure is None else float(sure[part][mask].mean()),
        )


def _cut_out(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], tuple[slice, slice]]:
    """The rectangle that holds a region, and where it is. (ndimage.find_objects looks for all regions, of which single
    wrong pixels are many.)"""
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    part = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)
    return mask[part], part


def _commonest(values: NDArray[np.int32]) -> int:
    return int(np.bincount(values).argmax())
