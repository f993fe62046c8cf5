"""The one door to what the user knows of the ground: labelled polygons, points, or a class raster, on a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from ...shared.class_choice import ClassChoice
from ...shared.errors import LabelsUnusable, NoOverlap
from ...shared.jobs.sources import LabelSource
from ...shared.legend import one_spelling
from ..raster.grid import Grid, Window
from ..vector.labelled_shapes import read_labelled_shapes
from ..vector.point_pixels import LabelledOutlines, on_pixels, touching_pixels
from .class_choice import check_known, without_rare
from .class_map import is_raster, opened
from .constants import DISPUTED, NO_DATA
from .matching import Label
from .polygon_raster import PolygonRaster
from .raster_reference import RasterReference

_LEFT_OUT = -(1 << 40)  # class number of what is no label: it disputes what it shares with labels
ClassOf = Callable[[Label], "int | None"]  # the class that a label means; None = it is in no legend


class Labels(Protocol):
    """Labels on a grid."""

    labels: list[Label]  # may grow while reading
    simulated: bool
    has_parcels: bool  # a class raster has none of its own
    are_points: bool  # each labels one pixel, whatever lies around it

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to them, for the user; may grow while reading."""

    def read(self, window: Window) -> NDArray[np.int32]:
        """(H, W) int32: position in `labels`, NO_DATA where nothing is known, DISPUTED where two things are said."""

    def read_parcels(self, window: Window) -> NDArray[np.int64]:
        """(H, W) int64: number of the pixel's parcel, else as above; NO_DATA everywhere where there are none."""


class ShapeLabels:
    """Labelled polygons and points. Labels that `class_of` takes for one class are one, as are spellings of one name;
    what is in no legend is a class of its own."""

    has_parcels = True

    def __init__(self, source: LabelSource, grid: Grid, beside: str, class_of: ClassOf) -> None:
        frame = read_labelled_shapes(source.path, source.layer, source.class_field, grid.crs, grid.bounds, source.crs)
        found = on_pixels(frame, grid)
        if not len(found) and frame.attrs["unlabelled"]:
            raise LabelsUnusable(
                f"Nothing in {source.path} has a value in the field {source.class_field!r}: choose another field."
            )
        if not len(found):
            raise NoOverlap(beside, source.path)
        choice, rare = without_rare(source.choice, _areas_of(found))
        check_known(choice, list(found.labels), lambda name: class_of(Label(name)) is not None)
        names, places = _counted_as(found.labels, choice)
        self.labels = [Label(name) for name in names]
        self.simulated = bool(frame.attrs["simulated"])
        self.are_points = bool(found.is_point.all())
        label = np.array([places[name] for name in found.labels], np.int32)
        self._label = np.array([*label, DISPUTED, NO_DATA], np.int32)
        groups = touching_pixels(found.shapes, found.is_point)
        self._parcel = np.array([*(np.arange(len(found)) if groups is None else groups), DISPUTED, NO_DATA], np.int64)
        numbers = np.array([*_class_numbers(self.labels, class_of), _LEFT_OUT], np.int64)
        self._polygons = PolygonRaster(found.shapes, numbers[label], grid)
        told = (*choice_notes(choice, rare), *frame.attrs["notes"], *left_out_notes(frame.attrs))
        self.notes = (*told, *found.notes, *self._polygons.notes)

    def read(self, window: Window) -> NDArray[np.int32]:
        labels: NDArray[np.int32] = self._label[self._polygons.read(window)]
        return labels

    def read_parcels(self, window: Window) -> NDArray[np.int64]:
        parcels: NDArray[np.int64] = self._parcel[self._polygons.read(window)]
        return parcels


def _counted_as(labels: Iterable[str], choice: ClassChoice) -> tuple[list[str], dict[str, int]]:
    """The names that are left, in their order, and the place of each label among them; NO_DATA where it is left out."""
    said = {label: choice.renamed(label) for label in set(labels)}
    spelling = one_spelling(name for name in said.values() if name is not None)
    names = sorted(set(spelling.values()))
    places = {name: place for place, name in enumerate(names)}
    return names, {label: NO_DATA if name is None else places[spelling[name]] for label, name in said.items()}


def _areas_of(found: LabelledOutlines) -> dict[str, float]:
    areas: dict[str, float] = {}
    for label, area in zip(found.labels, shapely.area(found.shapes).tolist()):
        areas[label] = areas.get(label, 0.0) + area
    return areas


def choice_notes(choice: ClassChoice, rare: str) -> tuple[str, ...]:
    """What to say of classes that are left out or merged; `rare`: of those that are rare."""
    told = () if choice.is_all else (f"Classes of the labels, as asked: {choice.told()}.",)
    return (*told, *filter(None, (rare,)))


def left_out_notes(counts: Mapping[Any, Any]) -> tuple[str, ...]:
    """What to say of features that were dropped; `counts` as read_labelled_shapes gives them."""
    dropped = [(counts["unlabelled"], "without a class"), (counts["empty"], "without an area or a place")]
    return tuple(f"{count:,} polygons or points {why} were left out." for count, why in dropped if count)


def _class_numbers(labels: Sequence[Label], class_of: ClassOf) -> list[int]:
    """A number for the class that each label means; labels in no legend are classes of their own, below 0."""
    found = [class_of(label) for label in labels]
    return [-1 - i if number is None else number for i, number in enumerate(found)]


def by_own_name(label: Label) -> int | None:
    """For labels that are held against no legend: each is a class of its own."""
    return None


@contextmanager
def open_labels(source: LabelSource, grid: Grid, beside: str, class_of: ClassOf = by_own_name) -> Iterator[Labels]:
    """Polygons or points when a field or layer is named or the file is no raster, else the raster's first band.

    `beside`: the raster that they lie on, for messages. Raises LabelsUnusable, NoOverlap, BadRaster, CrsMissing.
    """
    if source.layer or source.class_field or not is_raster(source.path):
        yield ShapeLabels(source, grid, beside, class_of)
        return
    with opened(source.path, source.crs) as dataset:
        reference = RasterReference(source.path, dataset, grid, beside, source.crs)
        if not source.choice.is_all:
            reference.choose(source.choice, lambda name: class_of(Label(name)) is not None)
        yield reference
