"""A labelled season on disk: the series' pixels, the class of each, and the part of the split each belongs to.

Arrays are memory-mapped files in a folder that the caller removes; only the surroundings of the labels are read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec
from ....shared.errors import LabelsUnusable
from ....shared.jobs.sources import LabelledSeries
from ....shared.legend import Legend
from ...execution.reporter import Reporter
from ...labels.constants import IGNORE
from ...labels.labelled_parcels import Labels, Meaning, read_labels
from ...raster.geodesy import degrees_of
from ...raster.grid import Grid, Window
from ...raster.tiling import window_of
from ...series.cube.input_normalisation import usable_dates
from ...series.cube.model_series import ModelSeries
from ...series.cube.open_model_series import open_model_series
from ...series.scenes.read_series import ModelScenes
from ...splits.assignment import Assignment, Part
from ...splits.split import Parcels, Split

_BLOCK = 256  # px


@dataclass(frozen=True)
class LabelRule:
    """What labels mean, how they are parted, and which dates stand behind each column of classes."""

    legend: Legend
    part: Part
    margin: int  # px around the labels that are read
    dates: int = 0  # with labels by month: how many dates up to each month the network takes


@dataclass(frozen=True, eq=False)
class LabelledCube:
    """T dates x C bands, H x W px. Blocks farther than `margin` from any label are not filled and never read."""

    name: str
    image: NDArray[np.float32]  # (T,C,H,W), the first series' bands before the second's; NaN marks no data
    target: NDArray[np.int16]  # (H,W) index in the legend; IGNORE where unlabelled or where too few dates are usable
    part: NDArray[np.uint8]  # (H,W) TRAIN, VALIDATION or HELD_OUT where there is a target, else 0
    days: NDArray[np.int64]  # (T,) day of the year, 0..365
    present: NDArray[np.bool_]  # (T,): the date has a scene; what `image` holds of other dates is never read
    dates: tuple[dt.date, ...]  # of the scenes
    grid: Grid
    parcels: Parcels
    split: Split
    month: str = ""  # YYYY-MM of the labels, where they are monthly
    shared: int = 0  # so many of the first dates are also another season's

    @property
    def shape(self) -> tuple[int, int]:
        return self.target.shape[0], self.target.shape[1]

    @property
    def is_place(self) -> bool:
        """Whether it shows parcels that no earlier season of these labels shows."""
        return self.split.fresh is None or bool(self.split.fresh.any())

    def of(self, part: int) -> NDArray[np.bool_]:
        """(N,) the parcels of the part that no earlier season of these labels shows."""
        return self.split.of(part)

    def read(self, window: Window) -> NDArray[np.float32]:
        """(T,C,h,w) of the part of the window that lies on the season; a copy."""
        rows, cols = window.slices
        cube = np.array(self.image[:, :, rows, cols])
        cube[~self.present] = np.nan
        return cube

    def blocks(self, part: int, size: int = _BLOCK) -> Iterator[Window]:
        """Windows that hold a pixel of `part`."""
        for window in self.grid.blocks(size):
            if self.holds(window, part):
                yield window

    def holds(self, window: Window, part: int) -> bool:
        """Whether a pixel of `part` lies in the window."""
        return bool((self.part[window.slices] == part).any())

    def reference(self, window: Window, part: int) -> NDArray[np.int64]:
        """(h,w): the classes of a window's pixels; IGNORE outside `part`."""
        known = self.part[window.slices] == part
        return np.where(known, self.target[window.slices], IGNORE).astype(np.int64)

    def bbox(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of the labelled pixels in degrees; west > east where they cross 180."""
        rows, cols = (np.flatnonzero((self.part > 0).any(axis=axis)) for axis in (1, 0))
        labelled = self.grid.sub(window_of(rows, cols))
        return degrees_of(labelled.crs, labelled.bounds)


@dataclass(frozen=True, eq=False)
class _Column:
    """A season to be filled: the dates of the series it shows, and its column of classes."""

    season: LabelledCube
    span: slice
    classes: NDArray[np.int64]  # (N,) of every parcel; IGNORE where the column says nothing of it

    def fill(self, window: Window, usable: Any, least: int, parcel: NDArray[np.int64], parts: Any) -> None:
        """`usable` (T,h,w) bool of each date; `parcel` (h,w): number of the parcel or NOWHERE; `parts` (N,)."""
        seen = usable[self.span]
        enough = seen.sum(axis=0) >= (least or len(seen))
        known = enough & (parcel >= 0) & (self.classes[parcel] != IGNORE)
        self.season.target[window.slices] = np.where(known, self.classes[parcel], IGNORE)
        self.season.part[window.slices] = np.where(known, parts[parcel], 0)


def load_labelled_cubes(
    source: LabelledSeries,
    scenes: ModelScenes,
    spec: InputSpec,
    rule: LabelRule,
    folder: Path,
    reporter: Reporter,
) -> tuple[LabelledCube, ...]:
    """Reads series and labels once, block by block: one season, or with monthly labels one a month, which share the
    pixels. `scenes`: of the series. Raises LabelsUnusable when no label falls on it."""
    given = source.labels
    last_month = given.months[-1] if given.months else ""  # its scenes stand behind all columns of classes
    with open_model_series(scenes, spec, reporter, last_month) as series:
        for note in series.notes:
            reporter.log(note)
        labels = read_labels(source, Meaning(given.fields, rule.legend), series.grid, folder, reporter)
        name = f"{given.path} ({given.layer})" if given.layer else given.path
        parted = rule.part(name, labels.parcels, series.grid, reporter)
        shape = (len(series.days), len(series.bands), series.grid.height, series.grid.width)
        image = _array(folder / "image", shape, np.float32)
        place = _Place(name, series, image, labels.parcels, parted)
        columns = place.columns(given.months, rule.dates, folder)
        _fill(columns, place, labels, rule.margin, reporter)
    seasons = tuple(column.season for column in columns if column.season.part.any())
    if not seasons:
        least = f"at least {spec.dates.min_dates} dates" if spec.dates.min_dates else "every date"
        raise LabelsUnusable(f"No labelled pixel of {given.path} is free of cloud and no data on {least}.")
    return seasons


@dataclass(frozen=True, eq=False)
class _Place:
    """A labelled series while it is read: all columns of classes are views of the same pixels."""

    name: str
    series: ModelSeries
    image: NDArray[np.float32]  # (T,C,H,W) on disk
    parcels: Parcels
    parted: Assignment

    def columns(self, months: Sequence[str], dates: int, folder: Path) -> list[_Column]:
        """A season a month, of the `dates` up to it; without months one of all dates."""
        starts = [f"{period.first:%Y-%m}" for period in self.series.span]
        columns: list[_Column] = []
        for i, month in enumerate(months or ("",)):
            end = starts.index(month) + 1 if month else len(self.series.days)
            span = slice(end - dates if month else 0, end)
            shared = max(columns[-1].span.stop - span.start, 0) if columns else 0
            season = replace(self._season(i, month, span, folder), shared=shared)
            columns.append(_Column(season, span, self.parcels.classes[:, i]))
        return columns

    def _season(self, column: int, month: str, span: slice, folder: Path) -> LabelledCube:
        series, labelled = self.series, self.parcels.classes[:, column] != IGNORE
        own, title = self.parcels.some(labelled, column), f"{self.name} {month}".rstrip()
        return LabelledCube(
            title,
            self.image[span],
            _array(folder / f"target{column}", self.image.shape[2:], np.int16),
            _array(folder / f"part{column}", self.image.shape[2:], np.uint8),
            np.asarray(series.days[span]),
            np.asarray(series.present[span]),
            _dates(series, span if month else None),
            series.grid,
            own,
            Split(self.parted.split.side, self.parted.split.parts[labelled], ~self.parted.known.twins(own, title)),
            month,
        )


def _dates(series: ModelSeries, span: slice | None) -> tuple[dt.date, ...]:
    """Of the scenes in use, or of those in some of the series' stretches of days."""
    days = sorted({layer.scene.date for layer in series.layers})
    return tuple(d for d in days if span is None or any(d in period for period in series.span[span]))


def _array(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    return np.memmap(path, dtype=dtype, mode="w+", shape=shape)


def _fill(columns: Sequence[_Column], place: _Place, labels: Labels, margin: int, reporter: Reporter) -> None:
    series, parted = place.series, place.parted
    blocks = list(series.grid.blocks(_BLOCK))
    name = Path(columns[0].season.name).name
    for i, window in enumerate(blocks):
        reporter.progress(i / len(blocks), f"Reading {name}", i, len(blocks))
        for column in columns:
            column.season.target[window.slices] = IGNORE
        if not labels.near(window, margin):
            continue
        cube = series.read(window)
        rows, cols = window.slices
        place.image[:, :, rows, cols] = cube
        usable = usable_dates(cube, series.spec)
        parcel = parted.clear(series.grid.sub(window), labels.read(window))
        for column in columns:
            column.fill(window, usable, series.spec.dates.min_dates, parcel, parted.split.parts)
