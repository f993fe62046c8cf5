"""The rasters of a season: their form on disk, always marked as simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import DiskFull
from ..access.rasters import open_raster
from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window
from ..raster.writer import RasterSpec, RasterWriter, as_rasterio
from .optics import Block

PROGRAM = "Crop Classifier season simulator 1"


@dataclass(frozen=True)
class FileSpec:
    """One raster file. `factor` is its pixel in 10 m pixels; `scales` (one a band) make stored numbers physical."""

    name: str
    factor: int
    raster: RasterSpec
    scales: tuple[float, ...] = ()
    day: date | None = None
    overviews: bool = False

    def marked(self, seed: int) -> RasterSpec:
        """The raster's form with the marks of a simulation and its date among the tags."""
        when = {"TIFFTAG_DATETIME": self.day.strftime("%Y:%m:%d 10:30:00")} if self.day else {}
        return replace(self.raster, tags={**self.raster.tags, **marks(seed), **when})

    def window(self, inner: Window) -> Window:
        """A window of 10 m pixels in this file's pixels."""
        return Window(*(v // self.factor for v in (inner.row, inner.col, inner.height, inner.width)))


@dataclass(frozen=True)
class Product:
    """Files that one computation fills: `render(block)` gives a (B, H, W) array for each of them."""

    files: tuple[FileSpec, ...]
    render: Callable[[Block], tuple[NDArray[Any], ...]]


def marks(seed: int) -> dict[str, str]:
    """Tags that every file of a season bears."""
    return {"SIMULATED": "yes", "SIMULATION_SEED": str(seed), "SIMULATION_PROGRAM": PROGRAM}


class SeasonWriter(RasterWriter):
    """A RasterWriter with a scale for each band, and overviews only where asked; can be cancelled while it checks."""

    def __init__(self, path: str, spec: FileSpec, grid: Grid, seed: int, reporter: Reporter) -> None:
        super().__init__(path, grid, spec.marked(seed))
        self._wants_overviews, self._reporter = spec.overviews, reporter
        self._bytes = 0
        if spec.scales:
            self._file.scales = spec.scales

    def write(self, array: NDArray[Any], window: Window, first: int = 1) -> None:
        self._bytes += _byte_sum(array)
        super().write(array, window, first)

    @property
    def _factors(self) -> list[int]:
        return super()._factors if self._wants_overviews else []

    def _verify(self) -> None:
        if self._wants_overviews:
            super()._verify()
            return
        found = 0
        with open_raster(self.path) as file:
            for window in self.grid.blocks(1024):
                found += _byte_sum(file.read(window=as_rasterio(window)))
                self._reporter.check()
        if found != self._bytes:
            raise DiskFull(self.path)


def _byte_sum(array: NDArray[Any]) -> int:
    return int(np.ascontiguousarray(array).view(np.uint8).sum(dtype=np.uint64))
