"""The comparison in squares of the map: intervals that heed neighbours, and where each confusion is densest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....raster.grid import Grid, Window
from ...confusion import Confusion
from ..comparison import Seen

_SIDES = (16, 512)  # px: the smallest and the largest square (choice); the largest is the window that is read
_ABOUT = 64  # squares that a map should have (choice)
_LEAST = 10  # squares that must hold a class, or its interval is not told (choice)
_DRAWS = 1000
_SEED = 0
RULE = (
    "Intervals are of 95 %, by a bootstrap of whole squares of the map, drawn 1,000 times with replacement "
    "(percentiles; Field and Welsh 2007, Journal of the Royal Statistical Society B 69): pixels of one field err "
    "together, and counting each for itself, as Wilson's interval does, would give far too narrow ones. They tell how "
    "the figures would vary with other ground of this kind, not what a reference that is no probability sample hides. "
    "A figure of fewer than 10 squares gets none."
)

Interval = tuple[float, float]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Intervals:
    """95 % intervals of the figures; (K, 2) by class, NaN where none is told."""

    overall: Interval
    recall: Floats
    precision: Floats
    f1: Floats
    side: int  # px of a square
    blocks: int  # that hold compared pixels


@dataclass(frozen=True)
class Densest:
    """The square that holds most pixels of one confusion."""

    window: Window
    pixels: int


class Blocks:
    """Counts by square."""

    def __init__(self, grid: Grid) -> None:
        self._grid, self.side = grid, side_of(grid)
        self._sums: dict[tuple[int, int], NDArray[np.int64]] = {}  # (3, K): reference, mapped and hits of a square
        self._most = np.zeros((0, 0), np.int64)  # pixels of each pair in its densest square
        self._where: dict[tuple[int, int], Window] = {}

    def see(self, seen: Seen) -> None:
        """Counts a window, which holds whole squares."""
        if not seen.counts.any():
            return
        size = len(seen.counts)
        self._most = np.pad(self._most, (0, max(0, size - len(self._most))))
        if self.side >= max(seen.window.height, seen.window.width):
            self._add(seen.window, seen.counts)
            return
        for part in self._grid.sub(seen.window).blocks(self.side):
            compared = seen.compared[part.slices]
            if compared.any():
                truth, mapped = (side[part.slices][compared] for side in (seen.truth, seen.mapped))
                self._add(part.shifted(seen.window.row, seen.window.col), Confusion.count(truth, mapped, size).n)

    def _add(self, window: Window, n: NDArray[np.int64]) -> None:
        self._sums[window.row, window.col] = np.stack([n.sum(axis=1), n.sum(axis=0), np.diagonal(n)])
        most = self._most[: len(n), : len(n)]
        for i, j in np.argwhere(n > most).tolist():
            most[i, j] = n[i, j]
            self._where[i, j] = window

    def densest(self, reference: int, mapped: int) -> Densest:
        """Where the pair of positions occurs most; it must occur."""
        return Densest(self._where[reference, mapped], int(self._most[reference, mapped]))

    def intervals(self, classes: list[int]) -> Intervals:
        """Of the classes at these positions."""
        size = 1 + max(classes)
        sums = np.stack([np.pad(s[:, :size], ((0, 0), (0, max(0, size - s.shape[1])))) for s in self._sums.values()])
        reference, mapped, hits = np.moveaxis(sums[:, :, classes].astype(np.float64), 1, 0)  # (N, K) each
        whole = [side.sum(axis=1, keepdims=True) for side in (hits, reference)]
        overall = _interval(whole[0], whole[1])[0]
        return Intervals(
            (float(overall[0]), float(overall[1])),
            _interval(hits, reference),
            _interval(hits, mapped),
            _interval(2 * hits, reference + mapped),
            self.side,
            len(sums),
        )


def side_of(grid: Grid) -> int:
    """Pixels: a power of two, so that the windows that are read hold whole squares."""
    fit = np.sqrt(grid.height * grid.width / _ABOUT)
    return int(np.clip(2 ** int(np.log2(max(fit, 1))), *_SIDES))


def _interval(part: Floats, whole: Floats) -> Floats:
    """(K, 2) of the ratio of the sums of two (N, K) over squares."""
    n = len(part)
    draws = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1 / n), _DRAWS).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (draws @ part) / (draws @ whole)
    told = (whole > 0).sum(axis=0) >= _LEAST
    found = np.full((part.shape[1], 2), np.nan)
    if told.any():
        found[told] = np.nanpercentile(ratios[:, told], (2.5, 97.5), axis=0).T
    return found
