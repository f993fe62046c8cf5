"""Where a map has no class, and why: too few scenes reach the place, or they are cloud or no data there; and what would
fill it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window
from ..raster.pixel_area import pixel_areas
from ..vector.area import Area
from ..vector.polygons import rasterize_polygons
from .tile_pipeline import STRIP, FinishedBlock

_MANY = 0.1  # of the area without a class: a warning (choice)


class Holes:
    """Counts the pixels of the area asked for: with a class, out of reach of enough dates, and lost to cloud."""

    def __init__(self, dates: Sequence[Sequence[Window]], least: int, grid: Grid, area: Area | None = None) -> None:
        """`dates`: where the scenes behind each date of the model lie on the grid; `least` of them a pixel needs. The
        polygons of the `area` are parcels."""
        self._dates, self._least, self._grid = dates, least, grid
        self._area = self._unreached = self._clouded = 0
        self._hectares = 0.0
        self._pixel = pixel_areas(grid)
        self._parcels = _Parcels(area.shapes) if area else None

    def add(self, window: Window, valid: NDArray[np.bool_], asked: NDArray[np.bool_] | None = None) -> None:
        """`valid` (H, W): where the map has a class; `asked` (H, W): what was asked for, None = all."""
        missing = ~valid if asked is None else asked & ~valid
        self._area += valid.size if asked is None else int(asked.sum())
        if missing.any():
            unreached = int((missing & (self._reached(window) < self._least)).sum())
            self._unreached += unreached
            self._clouded += int(missing.sum()) - unreached
            self._hectares += int(missing.sum()) * self._pixel.of(window)
        if self._parcels:
            self._parcels.add(self._grid.sub(window), valid)

    def _reached(self, window: Window) -> NDArray[np.int64]:
        """(H, W): how many dates have a scene there."""
        count = np.zeros((window.height, window.width), np.int64)
        for date in self._dates:
            seen = np.zeros(count.shape, np.bool_)
            for each in date:
                seen[each.shifted(-window.row, -window.col).clipped(*count.shape).slices] = True
            count += seen
        return count

    def shares(self) -> dict[str, float]:
        """Of the area asked for."""
        area = max(self._area, 1)
        shares = {
            "without_class": (self._unreached + self._clouded) / area,
            "too_few_scenes": self._unreached / area,
            "cloud_or_no_data": self._clouded / area,
        }
        return {name: round(share, 6) for name, share in shares.items()}

    def facts(self, others: int, filled: bool) -> dict[str, float | int | str | None]:
        """For the run record: shares, hectares, and the area's parcels, None where no area was given.

        `others`: scenes of the model's dates that were not used; `filled`: whether they were asked for.
        """
        parcels = self._parcels
        return {
            **self.shares(),
            "hectares": round(self._hectares, 4) if math.isfinite(self._hectares) else None,
            "parcels": parcels.count if parcels else None,
            "parcels_without_class": parcels.empty if parcels else None,
            "other_scenes": others,
            "advice": self.advice(others, filled),
        }

    def advice(self, others: int, filled: bool) -> str:
        """What would fill the holes; "" where there are none."""
        told = []
        if self._clouded and others and not filled:
            told.append(
                f"{others:,} other scenes of the model's dates were not used: with fill, what the chosen ones do not "
                "show clear comes from them."
            )
        elif self._clouded:
            told.append(
                "All scenes of the model's dates were used: more of them (search scenes), or composites, would fill it."
            )
        if self._unreached:
            told.append("Where too few scenes reach, give those of the places beside it too.")
        return " ".join(told)

    def log(self, reporter: Reporter, others: int, filled: bool) -> None:
        """Says how much is empty, and what would fill it."""
        missing, unreached, clouded = self.shares().values()
        if not missing:
            return
        hectares = f" ({self._hectares:,.1f} ha)" if math.isfinite(self._hectares) else ""
        parcels = self._parcels
        whole = (
            f" {parcels.empty:,} of {parcels.count:,} parcels have none at all." if parcels and parcels.empty else ""
        )
        reporter.log(
            f"{missing:.1%} of the area{hectares} has no class: {unreached:.1%} is reached by too few scenes, "
            f"{clouded:.1%} is cloud or no data in them.{whole} {self.advice(others, filled)}",
            "warning" if missing >= _MANY or whole else "info",
        )


class _Parcels:
    """Which polygons hold a pixel's centre, and which of these a pixel with a class."""

    def __init__(self, shapes: Sequence[Any]) -> None:
        self._shapes, self._tree = shapes, shapely.STRtree(shapes)
        self._held, self._mapped = (np.zeros(len(shapes), bool) for _ in range(2))

    def add(self, grid: Grid, valid: NDArray[np.bool_]) -> None:
        near = np.sort(self._tree.query(shapely.box(*grid.bounds)))
        numbers = rasterize_polygons([(self._shapes[k], int(k) + 1) for k in near], grid, "int32")
        for found, inside in ((self._held, numbers), (self._mapped, numbers[valid])):
            found[np.unique(inside[inside > 0]) - 1] = True

    @property
    def count(self) -> int:
        return int(self._held.sum())

    @property
    def empty(self) -> int:
        return int((self._held & ~self._mapped).sum())


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
