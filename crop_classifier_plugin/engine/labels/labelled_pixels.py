"""Labels for a crop gain: the class of each pixel and the unit (parcel or block) that is held out as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import BadInput, LabelsUnusable
from ...shared.jobs.fusion import GainSplit
from ...shared.jobs.sources import LabelSource
from ..raster.grid import Grid, Window
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


class LabelledPixels:
    """Class and unit of each pixel; -1 = none."""

    def __init__(self, labels: Labels, blocks: _Blocks | None) -> None:
        """`blocks`: the units; None = the labels' own parcels."""
        self._labels, self._blocks = labels, blocks
        self.simulated = labels.simulated

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the labels, for the user; may grow while reading."""
        return self._labels.notes

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the numbers; may grow while reading."""
        return tuple(label.name or label.text for label in self._labels.labels)

    def read(self, window: Window) -> tuple[Ints, Ints]:
        """(H, W) class and (H, W) unit."""
        found = self._labels.read(window).astype(np.int64)
        unit = self._blocks.read(window) if self._blocks else self._labels.read_parcels(window)
        return np.maximum(found, -1), np.maximum(unit, -1)  # what is disputed is no label


@contextmanager
def opened_labels(source: LabelSource, split: GainSplit, grid: Grid, beside: str) -> Iterator[LabelledPixels]:
    """Polygons where a class field is named, else a class raster. `beside`: what the labels lie on, for messages."""
    by_parcel = split.method == "parcel"
    if not (source.class_field or source.layer):
        if not is_raster(source.path):
            raise LabelsUnusable(
                f"The labels {source.path} are no class raster: for polygons name the field with their class."
            )
        if by_parcel:
            raise BadInput(f"The class raster {source.path} has no parcels to hold out: choose the split by blocks.")
    with open_labels(source, grid, beside) as labels:
        yield LabelledPixels(labels, None if by_parcel else _Blocks(grid, split.block))


def _ranges(window: Window) -> tuple[tuple[int, int], tuple[int, int]]:
    return (window.row, window.row + window.height), (window.col, window.col + window.width)
