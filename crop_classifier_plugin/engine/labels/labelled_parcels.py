"""Labels on a season's grid: which parcel each pixel belongs to, and the class of each parcel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from ...shared.jobs.sources import LabelledSeries, LabelSource
from ...shared.legend import Legend, plain
from ..execution.reporter import Reporter
from ..execution.scratch import disk_array
from ..raster.grid import Grid, Window
from ..reporting.sentences import listed
from ..splits.connected_regions import NOWHERE, connected_regions
from ..splits.split import Parcels
from ..vector.labelled_shapes import read_labelled_shapes
from ..vector.point_pixels import LabelledOutlines, on_pixels, touching_pixels
from .class_map import opened
from .constants import IGNORE
from .matching import Matcher
from .open_labels import left_out_notes
from .polygon_raster import PolygonRaster
from .raster_reference import RasterReference


@dataclass(frozen=True)
class Meaning:
    """How labels are read: the field of each column of classes (one, or one a month; "" = a class raster), and what the
    values mean."""

    fields: tuple[str, ...]
    legend: Legend


class Labels(Protocol):
    """N parcels on a grid."""

    parcels: Parcels

    def near(self, window: Window, margin: int) -> bool:
        """Whether a parcel may lie within `margin` px of the window."""

    def read(self, window: Window) -> NDArray[np.int64]:
        """(H,W) number of the parcel, NOWHERE where there is none that can be trusted."""


class ShapeLabels:
    """Polygons and points with a class each: a parcel is a polygon, or a point's pixel.

    Shapes that the legend has no class for are no parcels, but they dispute what they share with parcels.
    """

    def __init__(self, source: LabelSource, meaning: Meaning, grid: Grid, reporter: Reporter) -> None:
        found = _labelled(source, meaning, grid, reporter)
        known = (found.classes >= 0).any(axis=1)
        self._number = np.where(known, np.cumsum(known) - 1, NOWHERE)
        self._polygons = PolygonRaster(found.shapes, found.classes, grid)
        for note in self._polygons.notes:
            reporter.log(note, "warning")
        shapes, is_point = found.shapes[known], found.is_point[known]
        parcels = _parcels(shapes, np.maximum(found.classes[known], IGNORE), found.simulated)
        unit = "point" if len(shapes) and is_point.all() else "parcel"
        self.parcels = replace(parcels, groups=touching_pixels(shapes, is_point), unit=unit)

    def near(self, window: Window, margin: int) -> bool:
        return self._polygons.near(window, margin)

    def read(self, window: Window) -> NDArray[np.int64]:
        polygon = self._polygons.read(window)
        return np.where(polygon >= 0, self._number[np.maximum(polygon, 0)], NOWHERE)


@dataclass(frozen=True, eq=False)
class _Labelled:
    """N labelled outlines. `classes` (N,M): IGNORE where a column says nothing, a number below it where it names a
    class outside the legend."""

    shapes: NDArray[Any]
    classes: NDArray[np.int64]
    is_point: NDArray[np.bool_]
    simulated: bool


class _Columns:
    """Outlines gathered column by column: one with the same ground in several months is one."""

    def __init__(self, meaning: Meaning) -> None:
        self._legend, self._count = meaning.legend, len(meaning.fields)
        self._rows: dict[tuple[bytes, int], tuple[Any, bool, NDArray[np.int64]]] = {}
        self._unknown: dict[str, int] = {}
        self.outside: set[str] = set()

    def add(self, column: int, found: LabelledOutlines) -> None:
        meant = {label: self._legend.find(label) for label in set(found.labels)}
        self.outside |= {label for label, crop in meant.items() if crop is None}
        for label in sorted(map(plain, self.outside)):
            self._unknown.setdefault(label, IGNORE - 1 - len(self._unknown))
        times: Counter[bytes] = Counter()
        for label, shape, is_point in zip(found.labels, found.shapes, found.is_point):
            crop, ground = meant[label], shape.wkb
            key = ground, times[ground]  # two of one ground and month are two, which may contradict each other
            times[ground] += 1
            row = self._rows.setdefault(key, (shape, bool(is_point), np.full(self._count, IGNORE, np.int64)))[2]
            row[column] = self._unknown[plain(label)] if crop is None else self._legend.classes.index(crop)

    def all(self, simulated: bool) -> _Labelled:
        rows = list(self._rows.values())
        shapes = np.empty(len(rows), object)
        shapes[:] = [shape for shape, _, _ in rows]
        classes = np.array([row for _, _, row in rows], np.int64).reshape(len(rows), self._count)
        return _Labelled(shapes, classes, np.array([point for _, point, _ in rows], bool), simulated)


def _labelled(source: LabelSource, meaning: Meaning, grid: Grid, reporter: Reporter) -> _Labelled:
    columns, simulated = _Columns(meaning), False
    notes: dict[str, None] = {}
    for month, field in enumerate(meaning.fields):
        frame = read_labelled_shapes(source.path, source.layer, field, grid.crs, grid.bounds, source.crs)
        found = on_pixels(frame, grid)
        simulated |= bool(frame.attrs["simulated"])
        dropped = left_out_notes(frame.attrs) if len(meaning.fields) == 1 else ()  # else each month has its own
        notes |= dict.fromkeys((*dropped, *frame.attrs["notes"], *found.notes))
        columns.add(month, found)
    for note in notes:
        reporter.log(note, "warning")
    if columns.outside:
        told = listed(sorted(columns.outside))
        reporter.log(f"Labels without a class in the legend are left out: {told}.", "warning")
    return columns.all(simulated)


def _parcels(shapes: NDArray[Any], classes: NDArray[np.int64], simulated: bool) -> Parcels:
    inside = shapely.point_on_surface(shapes)
    points = np.stack([shapely.get_x(inside), shapely.get_y(inside)], axis=1) if len(shapes) else np.zeros((0, 2))
    areas = np.asarray(shapely.area(shapes), dtype=np.float64)
    return Parcels(points, areas, classes, None, shapes, simulated)


class RasterLabels:
    """A class raster, or one a month: a parcel is a connected region of one class, or of one sequence of classes
    (splits/connected_regions.py)."""

    def __init__(self, source: LabelledSeries, meaning: Meaning, grid: Grid, folder: Path, reporter: Reporter) -> None:
        self._numbers = disk_array(folder / "regions", (grid.height, grid.width), np.int32)
        beside, crs = source.series.scenes[0].path, source.labels.crs
        with ExitStack() as stack:
            references = [
                RasterReference(path, stack.enter_context(opened(path, crs)), grid, beside, crs)
                for path in source.labels.rasters
            ]
            sequences = _Sequences(references, Matcher(meaning.legend, ()))
            regions = connected_regions(sequences.read, grid, self._numbers, reporter)
        unknown = sequences.unknown
        if unknown:
            reporter.log(f"Labels without a class in the legend are left out: {listed(unknown)}.", "warning")
        for note in dict.fromkeys((*(note for each in references for note in each.notes), *regions.notes)):
            reporter.log(note, "warning")
        simulated = any(each.simulated for each in references)
        parcels = _parcels(regions.outlines(grid, reporter), sequences.classes[regions.classes], simulated)
        self.parcels = replace(parcels, unit="connected region")

    def near(self, window: Window, margin: int) -> bool:
        wider = Window(window.row - margin, window.col - margin, window.height + 2 * margin, window.width + 2 * margin)
        return bool((self._numbers[wider.clipped(*self._numbers.shape).slices] != NOWHERE).any())

    def read(self, window: Window) -> NDArray[np.int64]:
        return self._numbers[window.slices].astype(np.int64)


class _Sequences:
    """M class rasters read as one: a number for each sequence of classes that occurs."""

    def __init__(self, references: Sequence[RasterReference], matcher: Matcher) -> None:
        self._references, self._matcher = references, matcher
        self._numbers: dict[tuple[int, ...], int] = {}

    @property
    def classes(self) -> NDArray[np.int64]:
        """(N,M) index in the legend of each sequence so far; IGNORE where a raster says nothing known."""
        return np.array([*self._numbers], np.int64).reshape(-1, len(self._references))

    @property
    def unknown(self) -> list[str]:
        """What was read so far and is no class of the legend."""
        labels = {str(label): label for each in self._references for label in each.labels}
        return sorted(text for text, label in labels.items() if self._matcher.position(label) is None)

    def read(self, window: Window) -> NDArray[np.int64]:
        """(H,W) number of the pixel's sequence; NOWHERE where no raster says anything known."""
        read = np.stack([self._classes(each, window) for each in self._references], axis=-1)
        rows, inverse = np.unique(read.reshape(-1, len(self._references)), axis=0, return_inverse=True)
        numbers = [
            NOWHERE if max(row) == IGNORE else self._numbers.setdefault(row, len(self._numbers))
            for row in map(tuple, rows.tolist())
        ]
        return np.array(numbers, np.int64)[inverse.reshape(read.shape[:-1])]

    def _classes(self, reference: RasterReference, window: Window) -> NDArray[np.int64]:
        """(H,W) index in the legend, IGNORE where the raster says nothing known."""
        ids = reference.read(window)
        places = [self._matcher.position(label) for label in reference.labels]
        meant = np.array([*(IGNORE if place is None else place for place in places), IGNORE], np.int64)
        return meant[ids]


def read_labels(source: LabelledSeries, meaning: Meaning, grid: Grid, folder: Path, reporter: Reporter) -> Labels:
    """Polygons and points where there is a field, else a class raster. `folder`: for what is kept on disk."""
    if meaning.fields != ("",):
        return ShapeLabels(source.labels, meaning, grid, reporter)
    return RasterLabels(source, meaning, grid, folder, reporter)
