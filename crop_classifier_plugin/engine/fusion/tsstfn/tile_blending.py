"""A raster made of overlapping tiles, whose weights rise linearly over what they share; memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...raster.grid import Grid, Window
from ...raster.tiling import Tiling, strips

Float = NDArray[np.float32]
_STRIP = 2048  # px; widest stretch of columns that is blended at a time (choice)


@dataclass(frozen=True)
class PredictedTile:
    """A tile, which may reach over the raster's lower and right edge."""

    values: Float  # (size, size)
    valid: NDArray[np.bool_]  # (size, size): where they count; the same for a pixel in whichever tile it lies


def blended(
    tiling: Tiling, grid: Grid, predict: Callable[[int, int], PredictedTile]
) -> Iterator[tuple[Window, Float, float]]:
    """Windows that cover the grid once, their values (NaN = not known), and the share that is done.

    `predict` gives the tile whose first row and column it is told. The tiling has no margin.
    """
    parts, rows = strips(grid.width, _STRIP), tiling.starts(grid.height)
    for number, (left, right) in enumerate(parts):
        strip = _Strip(tiling, left, right)
        cols = [col for col in tiling.starts(grid.width) if col < right and col + tiling.size > left]
        for done, row in enumerate(rows, start=1):
            for col in cols:
                strip.add(col, predict(row, col))
            end = grid.height if row == rows[-1] else row + tiling.stride
            values = strip.take(end - row)
            yield Window(row, left, end - row, right - left), values, (number + done / len(rows)) / len(parts)


class _Strip:
    """One row of tiles between two columns, and what the row above left for it."""

    def __init__(self, tiling: Tiling, left: int, right: int) -> None:
        self._size, self._left, self._right, self._weights = tiling.size, left, right, tiling.weights()
        shape = (tiling.size, right - left)
        self._sum, self._weight = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self._valid = np.zeros(shape, np.bool_)

    def add(self, col: int, tile: PredictedTile) -> None:
        first, last = max(col, self._left), min(col + self._size, self._right)
        here, there = slice(first - self._left, last - self._left), slice(first - col, last - col)
        self._sum[:, here] += tile.values[:, there] * self._weights[:, there]
        self._weight[:, here] += self._weights[:, there]
        self._valid[:, here] |= tile.valid[:, there]

    def take(self, rows: int) -> Float:
        """The first rows, finished; the others move up."""
        with np.errstate(invalid="ignore", divide="ignore"):
            values: Float = np.where(self._valid[:rows], self._sum[:rows] / self._weight[:rows], np.float32(np.nan))
        for buffer in (self._sum, self._weight, self._valid):
            buffer[: self._size - rows] = buffer[rows:]
            buffer[self._size - rows :] = 0
        return values
