"""Labels for a crop gain: the class of each pixel and the unit (parcel, region or block) that is held out whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import LabelsUnusable
from ...shared.jobs.fusion import GainSplit
from ...shared.jobs.sources import LabelSource
from ..execution.reporter import Reporter
from ..execution.scratch import disk_array
from ..raster.grid import Grid, Window
from ..splits.connected_regions import connected_regions
from ..splits.split import SCATTERED_POINTS
from .class_map import is_raster
from .open_labels import Labels, open_labels

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Blocks:
    """The grid in squares, numbered row by row."""

    grid: Grid
    side: int

    def read(self, window: Window) -> Ints:
        rows, cols = (np.arange(*r) // self.side for r in _ranges(window))
        return np.asarray(rows[:, None] * -(-self.grid.width // self.side) + cols, np.int64)


class _Regions:
    """Connected regions of a class raster, which has no parcels of its own."""

    def __init__(self, labels: Labels, grid: Grid, folder: Path, reporter: Reporter) -> None:
        numbers = disk_array(folder / "regions", (grid.height, grid.width), np.int32)
        found = connected_regions(lambda window: labels.read(window).astype(np.int64), grid, numbers, reporter)
        self._numbers, self.notes = found.numbers, found.notes

    def read(self, window: Window) -> Ints:
        return self._numbers[window.slices].astype(np.int64)


class LabelledPixels:
    """Class and unit of each pixel; -1 = none."""

    def __init__(self, labels: Labels, units: _Blocks | _Regions | None) -> None:
        """`units`: None = the labels' own parcels."""
        self._labels, self._units = labels, units
        self.simulated = labels.simulated

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the labels, for the user; may grow while reading."""
        regions = self._units.notes if isinstance(self._units, _Regions) else ()
        scattered = (SCATTERED_POINTS,) if self._units is None and self._labels.are_points else ()
        return (*self._labels.notes, *regions, *scattered)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the numbers; may grow while reading."""
        return tuple(label.name or label.text for label in self._labels.labels)

    def read(self, window: Window) -> tuple[Ints, Ints]:
        """(H, W) class and (H, W) unit; what is disputed is no label, nor what a cut region has between its pieces."""
        found = np.maximum(self._labels.read(window).astype(np.int64), -1)
        unit = np.maximum((self._units.read if self._units else self._labels.read_parcels)(window), -1)
        return np.where(unit >= 0, found, -1), unit


@contextmanager
def opened_labels(
    source: LabelSource, split: GainSplit, grid: Grid, beside: str, folder: Path, reporter: Reporter
) -> Iterator[LabelledPixels]:
    """Polygons or points where a class field is named, else a class raster. `beside`: what the labels lie on, for
    messages; `folder`: for what is kept on disk."""
    if not (source.class_field or source.layer or is_raster(source.path)):
        raise LabelsUnusable(
            f"The labels {source.path} are no class raster: for polygons or points name the field with their class."
        )
    with open_labels(source, grid, beside) as labels:
        yield LabelledPixels(labels, _units(labels, split, grid, folder, reporter))


def _units(labels: Labels, split: GainSplit, grid: Grid, folder: Path, reporter: Reporter) -> _Blocks | _Regions | None:
    if split.method != "parcel":
        return _Blocks(grid, split.block)
    return None if labels.has_parcels else _Regions(labels, grid, folder, reporter)


def unit_numbers(labels: Labels, grid: Grid, folder: Path, reporter: Reporter) -> Callable[[Window], Ints]:
    """What gives the (H, W) numbers of a window's parcels, negative where there is none: the labels' own, or the
    connected regions of a class raster. `folder`: for what is kept on disk."""
    if labels.has_parcels:
        return labels.read_parcels
    return _Regions(labels, grid, folder, reporter).read


def _ranges(window: Window) -> tuple[tuple[int, int], tuple[int, int]]:
    return (window.row, window.row + window.height), (window.col, window.col + window.width)
