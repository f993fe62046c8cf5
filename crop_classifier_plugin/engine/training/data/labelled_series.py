"""A labelled season on disk: the series' pixels, the class of each, and the part of the split each belongs to.

Arrays are memory-mapped files in a folder that the caller removes; only the surroundings of the labels are read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec
from ....shared.errors import LabelsUnusable
from ....shared.jobs.sources import LabelledSeries
from ...execution.reporter import Reporter
from ...execution.scratch import PartlyFilled, disk_array
from ...labels.constants import IGNORE
from ...labels.labelled_parcels import Labels
from ...raster.geodesy import degrees_of
from ...raster.grid import Grid, Window
from ...raster.tiling import window_of
from ...series.cube.input_normalisation import usable_dates
from ...series.cube.model_series import ModelSeries
from ...series.scenes.read_series import ModelScenes
from ...splits.assignment import Assignment
from ...splits.several_places import part_together
from ...splits.split import Parcels, Split
from .labelled_grounds import Ground, LabelRule, open_grounds
from .season_source import SeasonSource, Surroundings, grown

_BLOCK = 256  # px


@dataclass(frozen=True)
class MonthColumn:
    """Of labels by month: which month a season is of."""

    month: str = ""  # YYYY-MM; "" = labels for all dates
    shared: int = 0  # so many of the first dates are also another season's


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
    column: MonthColumn = MonthColumn()
    around: Surroundings | None = None  # None = the grid is the whole series'

    @property
    def month(self) -> str:
        """YYYY-MM of the labels, where they are monthly."""
        return self.column.month

    @property
    def shared(self) -> int:
        """How many of the first dates are also another season's."""
        return self.column.shared

    @property
    def source(self) -> SeasonSource:
        """The season as a classification reads it."""
        around = self.around or Surroundings(self.grid, Window(0, 0, *self.shape), self.image)
        return SeasonSource(around, around.grid.window_of(self.grid), self.days, self.present)

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
    pixels; so many of each place where the scenes lie in several places far apart, parted together. `scenes`: of the
    series. Raises LabelsUnusable when no label falls on it."""
    given = source.labels
    name = f"{given.path} ({given.layer})" if given.layer else given.path
    with ExitStack() as exits:
        grounds = open_grounds(source, scenes, spec, rule, folder, reporter, exits)
        parted = part_together(rule.part, name, [(g.labels.parcels, g.series.grid) for g in grounds], reporter)
        columns: list[_Column] = []
        for ground, assignment in zip(grounds, parted):
            columns += _read_ground(ground, assignment, name, given.months, rule, reporter)
    seasons = tuple(column.season for column in columns if column.season.part.any())
    if not seasons:
        least = f"at least {spec.dates.min_dates} dates" if spec.dates.min_dates else "every date"
        raise LabelsUnusable(f"No labelled pixel of {given.path} is free of cloud and no data on {least}.")
    return seasons


def _read_ground(
    ground: Ground, parted: Assignment, name: str, months: Sequence[str], rule: LabelRule, reporter: Reporter
) -> list[_Column]:
    """Reads one place; its series is closed."""
    series = ground.series
    held = grown(series.widest, series.grid, rule.margin)
    shape = (len(series.days), len(series.bands), held.height, held.width)
    image = PartlyFilled(ground.folder / "image", shape, np.float32)
    place = _Place(name, series, Surroundings(series.widest, held, image.values), ground.labels.parcels, parted)
    columns = place.columns(months, rule.dates, ground.folder)
    with series.on(series.widest.sub(held)) as wide:
        _fill(columns, place, wide, _Near(ground.labels, rule.margin), image, reporter)
    return columns


@dataclass(frozen=True, eq=False)
class _Place:
    """A labelled series while it is read: all columns of classes are views of the same pixels."""

    name: str
    series: ModelSeries
    around: Surroundings  # the image on disk
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
            season = self._season(i, MonthColumn(month, shared), span, folder)
            columns.append(_Column(season, span, self.parcels.classes[:, i]))
        return columns

    def _season(self, number: int, column: MonthColumn, span: slice, folder: Path) -> LabelledCube:
        series, labelled = self.series, self.parcels.classes[:, number] != IGNORE
        own, title = self.parcels.some(labelled, number), f"{self.name} {column.month}".rstrip()
        here = self.around.inner(series.grid)
        shape = here.height, here.width
        around = replace(self.around, image=self.around.image[span])
        return LabelledCube(
            title,
            around.image[(slice(None), slice(None), *here.slices)],
            disk_array(folder / f"target{number}", shape, np.int16),
            disk_array(folder / f"part{number}", shape, np.uint8),
            np.asarray(series.days[span]),
            np.asarray(series.present[span]),
            _dates(series, span if column.month else None),
            series.grid,
            own,
            Split(self.parted.split.side, self.parted.split.parts[labelled], ~self.parted.known.twins(own, title)),
            column,
            around,
        )


def _dates(series: ModelSeries, span: slice | None) -> tuple[dt.date, ...]:
    """Of the scenes in use, or of those in some of the series' stretches of days."""
    days = sorted({layer.scene.date for layer in series.layers})
    return tuple(d for d in days if span is None or any(d in period for period in series.span[span]))


@dataclass(frozen=True)
class _Near:
    """The labels, on the grid of the extent, and how far around them the image is read."""

    labels: Labels
    margin: int

    def windows(self, grid: Grid, inner: Window) -> list[Window]:
        """Those of the image's windows that are read."""
        blocks = grid.blocks(_BLOCK)
        return [w for w in blocks if self.labels.near(w.shifted(-inner.row, -inner.col), self.margin)]


def _fill(
    columns: Sequence[_Column],
    place: _Place,
    wide: ModelSeries,
    near: _Near,
    image: PartlyFilled,
    reporter: Reporter,
) -> None:
    """`wide`: the series on the grid of the image, which reaches beyond that of the labels where there is an extent."""
    inner = place.around.inner(place.series.grid)
    blocks = near.windows(wide.grid, inner)
    image.check_room(sum(window.height * window.width for window in blocks))
    name = Path(columns[0].season.name).name
    for column in columns:
        column.season.target[:] = IGNORE
    for i, window in enumerate(blocks):
        reporter.progress(i / len(blocks), f"Reading {name}", i, len(blocks))
        here = window.shifted(-inner.row, -inner.col)
        cube = wide.read(window)
        image.write(*window.slices, cube)
        labelled = here.clipped(inner.height, inner.width)
        if not (labelled.height and labelled.width):
            continue
        part = labelled.shifted(-here.row, -here.col).slices
        usable = usable_dates(cube, wide.spec)[(slice(None), *part)]
        parcel = place.parted.clear(place.series.grid.sub(labelled), near.labels.read(labelled))
        for column in columns:
            column.fill(labelled, usable, wide.spec.dates.min_dates, parcel, place.parted.split.parts)
