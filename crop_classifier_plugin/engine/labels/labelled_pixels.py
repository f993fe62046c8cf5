"""Labels for a crop gain: the class of each pixel and the unit (parcel or block) that is held out as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from ...shared.errors import (
    BadInput,
    BadRaster,
    LabelsUnusable,
    NoOverlap,
)
from ...shared.jobs.fusion import CropGainJob
from ..raster.grid import Grid, Window
from ..vector.polygons import rasterize_polygons, read_polygons
from .class_rasters import RasterReference, opened

Ints = NDArray[np.int64]


class Labels(Protocol):
    """Class and unit of each pixel; -1 = none."""

    simulated: bool

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the numbers; may grow while reading."""

    def read(self, window: Window) -> tuple[Ints, Ints]:
        """(H, W) class and (H, W) unit."""


@dataclass(frozen=True)
class _Blocks:
    """The grid in squares, numbered row by row."""

    grid: Grid
    side: int

    def read(self, window: Window) -> Ints:
        rows, cols = (np.arange(*r) // self.side for r in _ranges(window))
        return np.asarray(rows[:, None] * -(-self.grid.width // self.side) + cols, np.int64)


class PolygonLabels:
    """Labelled polygons; a unit is a polygon, or a block."""

    def __init__(self, job: CropGainJob, grid: Grid, beside: str) -> None:
        source = job.labels
        frame = read_polygons(source.path, source.layer, source.class_field, grid.crs, grid.bounds, source.crs)
        if not len(frame):
            raise NoOverlap(beside, source.path)
        self.classes = tuple(sorted(set(frame["label"])))
        self.simulated = bool(frame.attrs["simulated"])
        self._codes = np.array([self.classes.index(label) for label in frame["label"]] + [-1])
        self._shapes = frame.geometry.to_numpy()
        self._tree = shapely.STRtree(self._shapes)
        self._grid = grid
        self._blocks = None if job.split == "parcel" else _Blocks(grid, job.block)

    def read(self, window: Window) -> tuple[Ints, Ints]:
        part = self._grid.sub(window)
        touched = np.sort(self._tree.query(shapely.box(*part.bounds))).tolist()
        parcel = rasterize_polygons([(self._shapes[i], i + 1) for i in touched], part, "uint32").astype(np.int64) - 1
        return self._codes[parcel], self._blocks.read(window) if self._blocks else parcel


class RasterLabels:
    """A class raster; 0 without a name is no class. A unit is a block."""

    def __init__(self, path: str, dataset: Any, job: CropGainJob, grid: Grid, beside: str) -> None:
        if job.split == "parcel":
            raise BadInput(f"The class raster {path} has no parcels to hold out: choose the split by blocks.")
        self._reference = RasterReference(path, dataset, grid, beside, job.labels.crs)
        self.simulated = self._reference.simulated
        self._blocks = _Blocks(grid, job.block)

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(label.name or label.text for label in self._reference.labels)

    def read(self, window: Window) -> tuple[Ints, Ints]:
        found = self._reference.read(window).astype(np.int64)
        empty = [i for i, label in enumerate(self._reference.labels) if label.text == "0" and not label.name]
        return np.where(np.isin(found, empty), -1, found), self._blocks.read(window)


@contextmanager
def opened_labels(job: CropGainJob, grid: Grid, beside: str) -> Iterator[Labels]:
    """Polygons where a class field is named, else a class raster. `beside`: what the labels lie on, for messages."""
    if job.labels.class_field or job.labels.layer:
        yield PolygonLabels(job, grid, beside)
        return
    with ExitStack() as exits:
        try:
            dataset = exits.enter_context(opened(job.labels.path, job.labels.crs))
        except BadRaster:
            raise LabelsUnusable(
                f"The labels {job.labels.path} are no class raster: for polygons name the field with their class."
            ) from None
        yield RasterLabels(job.labels.path, dataset, job, grid, beside)


def _ranges(window: Window) -> tuple[tuple[int, int], tuple[int, int]]:
    return (window.row, window.row + window.height), (window.col, window.col + window.width)
