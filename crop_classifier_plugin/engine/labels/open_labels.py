"""The one door to what the user knows of the ground: labelled polygons or a class raster, read on a raster's grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import LabelsUnusable, NoOverlap
from ...shared.jobs.sources import LabelSource
from ...shared.legend import one_spelling
from ..raster.grid import Grid, Window
from ..vector.polygons import read_polygons
from .class_map import is_raster, opened
from .constants import DISPUTED, NO_DATA
from .matching import Label
from .polygon_raster import PolygonRaster
from .raster_reference import RasterReference

ClassOf = Callable[[Label], "int | None"]  # the class that a label means; None = it is in no legend


class Labels(Protocol):
    """Labels on a grid."""

    labels: list[Label]  # may grow while reading
    simulated: bool
    has_parcels: bool  # a class raster has none of its own

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to them, for the user; may grow while reading."""

    def read(self, window: Window) -> NDArray[np.int32]:
        """(H, W) int32: position in `labels`, NO_DATA where nothing is known, DISPUTED where two things are said."""

    def read_parcels(self, window: Window) -> NDArray[np.int64]:
        """(H, W) int64: number of the pixel's parcel, else as above; NO_DATA everywhere where there are none."""


class PolygonLabels:
    """Labelled polygons. Labels that `class_of` takes for one class are one, as are spellings of one name; what is in
    no legend is a class of its own."""

    has_parcels = True

    def __init__(self, source: LabelSource, grid: Grid, beside: str, class_of: ClassOf) -> None:
        frame = read_polygons(source.path, source.layer, source.class_field, grid.crs, grid.bounds, source.crs)
        if not len(frame) and frame.attrs["unlabelled"]:
            raise LabelsUnusable(
                f"No polygon of {source.path} has a value in its field {source.class_field!r}: choose another field."
            )
        if not len(frame):
            raise NoOverlap(beside, source.path)
        spelling = one_spelling(frame["label"])
        names = sorted(set(spelling.values()))
        self.labels = [Label(name) for name in names]
        self.simulated = bool(frame.attrs["simulated"])
        places = {name: place for place, name in enumerate(names)}
        label = np.array([places[spelling[name]] for name in frame["label"]], np.int32)
        self._label = np.array([*label, DISPUTED, NO_DATA], np.int32)
        numbers = np.array(_class_numbers(self.labels, class_of), np.int64)
        self._polygons = PolygonRaster(frame.geometry.to_numpy(), numbers[label], grid)
        dropped = [(frame.attrs["unlabelled"], "without a class"), (frame.attrs["empty"], "without an area")]
        left_out = tuple(f"{count:,} polygons {why} were left out." for count, why in dropped if count)
        self.notes = frame.attrs["notes"] + left_out + self._polygons.notes

    def read(self, window: Window) -> NDArray[np.int32]:
        labels: NDArray[np.int32] = self._label[self._polygons.read(window)]
        return labels

    def read_parcels(self, window: Window) -> NDArray[np.int64]:
        return self._polygons.read(window)


def _class_numbers(labels: Sequence[Label], class_of: ClassOf) -> list[int]:
    """A number for the class that each label means; labels in no legend are classes of their own, below 0."""
    found = [class_of(label) for label in labels]
    return [-1 - i if number is None else number for i, number in enumerate(found)]


def by_own_name(label: Label) -> int | None:
    """For labels that are held against no legend: each is a class of its own."""
    return None


@contextmanager
def open_labels(source: LabelSource, grid: Grid, beside: str, class_of: ClassOf = by_own_name) -> Iterator[Labels]:
    """Polygons when a field or layer is named or the file is no raster, else the raster's first band.

    `beside`: the raster that they lie on, for messages. Raises LabelsUnusable, NoOverlap, BadRaster, CrsMissing.
    """
    if source.layer or source.class_field or not is_raster(source.path):
        yield PolygonLabels(source, grid, beside, class_of)
        return
    with opened(source.path, source.crs) as dataset:
        yield RasterReference(source.path, dataset, grid, beside, source.crs)
