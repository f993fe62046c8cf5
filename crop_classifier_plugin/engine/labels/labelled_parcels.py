"""Labels on a season's grid: which parcel each pixel belongs to, and the class of each parcel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from ...shared.jobs.sources import LabelledSeries, LabelSource
from ...shared.legend import Legend, plain
from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window
from ..reporting.sentences import listed
from ..splits.connected_regions import NOWHERE, connected_regions
from ..splits.split import Parcels
from ..vector.polygons import read_polygons
from .class_map import opened
from .constants import IGNORE, NO_DATA
from .matching import Matcher
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


class PolygonLabels:
    """Polygons with a class each: a parcel is a polygon.

    Polygons that the legend has no class for are no parcels, but they dispute what they share with parcels.
    """

    def __init__(self, source: LabelSource, meaning: Meaning, grid: Grid, reporter: Reporter) -> None:
        shapes, classes, simulated = _labelled(source, meaning, grid, reporter)
        known = (classes >= 0).any(axis=1)
        self._number = np.where(known, np.cumsum(known) - 1, NOWHERE)
        self._polygons = PolygonRaster(shapes, classes, grid)
        for note in self._polygons.notes:
            reporter.log(note, "warning")
        self.parcels = _parcels(shapes[known], np.maximum(classes[known], IGNORE), simulated)

    def near(self, window: Window, margin: int) -> bool:
        return self._polygons.near(window, margin)

    def read(self, window: Window) -> NDArray[np.int64]:
        polygon = self._polygons.read(window)
        return np.where(polygon >= 0, self._number[np.maximum(polygon, 0)], NOWHERE)


def _labelled(
    source: LabelSource, meaning: Meaning, grid: Grid, reporter: Reporter
) -> tuple[NDArray[Any], NDArray[np.int64], bool]:
    """Labelled polygons (N,) and their classes (N,M): IGNORE where a column says nothing, a number below it where it
    names a class outside the legend. And whether they are marked as simulated."""
    outside: set[str] = set()
    unknown: dict[str, int] = {}
    simulated = False
    notes: dict[str, None] = {}
    columns: dict[bytes, NDArray[np.int64]] = {}
    shapes: dict[bytes, Any] = {}
    for month, field in enumerate(meaning.fields):
        frame = read_polygons(source.path, source.layer, field, grid.crs, grid.bounds, source.crs)
        meant = {label: meaning.legend.find(label) for label in set(frame["label"])}
        simulated |= bool(frame.attrs["simulated"])
        notes |= dict.fromkeys(frame.attrs["notes"])
        outside |= {label for label, found in meant.items() if found is None}
        for label in sorted(map(plain, outside)):
            unknown.setdefault(label, IGNORE - 1 - len(unknown))
        for label, shape in zip(frame["label"], frame.geometry):
            found = meant[label]
            key = shape.wkb if len(meaning.fields) > 1 else str(len(shapes)).encode()
            shapes.setdefault(key, shape)
            row = columns.setdefault(key, np.full(len(meaning.fields), IGNORE, np.int64))
            row[month] = unknown[plain(label)] if found is None else meaning.legend.classes.index(found)
    for note in notes:
        reporter.log(note, "warning")
    if outside:
        reporter.log(f"Labels without a class in the legend are left out: {listed(sorted(outside))}.", "warning")
    several = np.array(list(columns.values()), np.int64).reshape(len(shapes), len(meaning.fields))
    everywhere = np.empty(len(shapes), object)
    everywhere[:] = list(shapes.values())
    return everywhere, several, simulated


def _parcels(shapes: NDArray[Any], classes: NDArray[np.int64], simulated: bool) -> Parcels:
    inside = shapely.point_on_surface(shapes)
    points = np.stack([shapely.get_x(inside), shapely.get_y(inside)], axis=1) if len(shapes) else np.zeros((0, 2))
    areas = np.asarray(shapely.area(shapes), dtype=np.float64)
    return Parcels(points, areas, classes, None, shapes, simulated)


class RasterLabels:
    """A class raster: a parcel is a connected region of one class (splits/connected_regions.py)."""

    def __init__(self, source: LabelledSeries, meaning: Meaning, grid: Grid, folder: Path, reporter: Reporter) -> None:
        self._matcher = Matcher(meaning.legend, ())
        path, crs = source.labels.path, source.labels.crs
        self._numbers = np.memmap(folder / "regions", np.int32, "w+", shape=(grid.height, grid.width))
        with opened(path, crs) as dataset:
            reference = RasterReference(path, dataset, grid, source.series.scenes[0].path, crs)
            regions = connected_regions(partial(self._classes, reference), grid, self._numbers, reporter)
        unknown = [str(label) for label in reference.labels if self._matcher.position(label) is None]
        if unknown:
            reporter.log(f"Labels without a class in the legend are left out: {listed(sorted(unknown))}.", "warning")
        for note in (*reference.notes, *regions.notes):
            reporter.log(note, "warning")
        self.parcels = _parcels(regions.outlines(grid), regions.classes[:, None], reference.simulated)

    def near(self, window: Window, margin: int) -> bool:
        wider = Window(window.row - margin, window.col - margin, window.height + 2 * margin, window.width + 2 * margin)
        return bool((self._numbers[wider.clipped(*self._numbers.shape).slices] != NOWHERE).any())

    def read(self, window: Window) -> NDArray[np.int64]:
        return self._numbers[window.slices].astype(np.int64)

    def _classes(self, reference: RasterReference, window: Window) -> NDArray[np.int64]:
        """(H,W) index in the legend, negative where the raster says nothing known."""
        ids = reference.read(window)
        places = [self._matcher.position(label) for label in reference.labels]
        meant = np.array([*(NO_DATA if place is None else place for place in places), NO_DATA], np.int64)
        return meant[ids]


def read_labels(source: LabelledSeries, meaning: Meaning, grid: Grid, folder: Path, reporter: Reporter) -> Labels:
    """Polygons where there is a field, else a class raster. `folder`: for what is kept on disk."""
    if meaning.fields != ("",):
        return PolygonLabels(source.labels, meaning, grid, reporter)
    return RasterLabels(source, meaning, grid, folder, reporter)
