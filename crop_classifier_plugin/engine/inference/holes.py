"""Where a map has no class, and why: too few scenes reach the place, or they are cloud or no data there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window
from .tile_pipeline import STRIP, FinishedBlock

_MANY = 0.1  # of the area without a class: a warning (choice)


class Holes:
    """Counts the pixels of the area asked for: with a class, out of reach of enough dates, and lost to cloud."""

    def __init__(self, dates: Sequence[Sequence[Window]], least: int) -> None:
        """`dates`: where the scenes behind each date of the model lie; `least` of them a pixel needs."""
        self._dates, self._least = dates, least
        self._area = self._unreached = self._clouded = 0

    def add(self, window: Window, valid: NDArray[np.bool_], asked: NDArray[np.bool_] | None = None) -> None:
        """`valid` (H, W): where the map has a class; `asked` (H, W): what was asked for, None = all."""
        missing = ~valid if asked is None else asked & ~valid
        self._area += valid.size if asked is None else int(asked.sum())
        if missing.any():
            unreached = int((missing & (self._reached(window) < self._least)).sum())
            self._unreached += unreached
            self._clouded += int(missing.sum()) - unreached

    def _reached(self, window: Window) -> NDArray[np.int64]:
        """(H, W): how many dates have a scene there."""
        count = np.zeros((window.height, window.width), np.int64)
        for date in self._dates:
            seen = np.zeros(count.shape, np.bool_)
            for each in date:
                seen[each.shifted(-window.row, -window.col).clipped(*count.shape).slices] = True
            count += seen
        return count

    def facts(self) -> dict[str, float]:
        """Shares of the area asked for."""
        area = max(self._area, 1)
        shares = {
            "without_class": (self._unreached + self._clouded) / area,
            "too_few_scenes": self._unreached / area,
            "cloud_or_no_data": self._clouded / area,
        }
        return {name: round(share, 6) for name, share in shares.items()}

    def log(self, reporter: Reporter) -> None:
        shares = self.facts()
        missing, unreached, clouded = shares.values()
        if missing:
            reporter.log(
                f"{missing:.1%} of the area has no class: {unreached:.1%} is reached by too few scenes, {clouded:.1%} "
                "is cloud or no data in them.",
                "warning" if missing >= _MANY else "info",
            )


def beside(whole: Grid, inside: Window, classes: int) -> Iterator[FinishedBlock]:
    """Blocks without a class for all of a grid that lies outside a window of it."""
    bottom, right = inside.row + inside.height, inside.col + inside.width
    parts = (
        Window(0, 0, inside.row, whole.width),
        Window(bottom, 0, whole.height - bottom, whole.width),
        Window(inside.row, 0, inside.height, inside.col),
        Window(inside.row, right, inside.height, whole.width - right),
    )
    for part in parts:
        if part.height and part.width:
            for block in whole.sub(part).blocks(STRIP):
                shape = block.height, block.width
                empty = np.zeros((classes, *shape), np.float32)
                nothing, none = np.zeros(shape, np.bool_), np.zeros(shape, np.uint8)
                yield FinishedBlock(block.shifted(part.row, part.col), empty, nothing, none, empty[:0], 0)
