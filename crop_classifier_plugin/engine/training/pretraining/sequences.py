"""Unlabelled sequences: tiles of one or several series on evenly spaced dates, read when they are asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import Statistics
from ....shared.errors import BadInput, LabelsUnusable
from ....shared.jobs.sources import ParcelSource, Series
from ...execution.reporter import Reporter
from ...raster.grid import Window
from ...series.cube.open_series import open_series
from ...series.cube.stack import Stack, clear_share, sample
from ...vector.parcel_shapes import PlotLayer, read_plots
from ...vector.polygons import rasterize_polygons

_CLEAR = 0.5  # of the sampled pixels: dates with less are passed over where enough others are there (choice)
_MIN_SHARE = 0.02  # share of a tile's values; emptier tiles teach nothing (choice)
_CACHE = 512 * 2**20  # bytes of tiles kept in memory (choice)
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sequence_:
    """One tile through time."""

    image: Floats  # (T,C,S,S) reflectance x scale; NaN marks no data
    doy: NDArray[np.int64]  # (T,) 0..365
    plots: NDArray[np.int32]  # (S,S) a number > 0 for each parcel, 0 outside


@dataclass(frozen=True, eq=False)
class Place:
    """A series with the dates that are read of it."""

    stack: Stack
    chosen: tuple[int, ...]
    plots: PlotLayer

    @property
    def dates(self) -> tuple[dt.date, ...]:
        return tuple(self.stack.dates[i] for i in self.chosen)

    def read(self, window: Window) -> Sequence_:
        days = np.array([day.timetuple().tm_yday - 1 for day in self.dates], np.int64)
        grid = self.stack.grid.sub(window)
        plots = rasterize_polygons(self.plots.touching(grid), grid, "int32")
        return Sequence_(self.stack.read(window, self.chosen), days, plots)


class Sequences:
    """Every tile of the places, in a fixed order; those read last stay in memory."""

    def __init__(self, places: Sequence[Place], tile: int) -> None:
        sides = [min(p.stack.grid.height, p.stack.grid.width) for p in places]
        self.tile = min(tile, *sides)
        self.places = tuple(places)
        self.windows = [(p, w) for p in places for w in _tiles(p, self.tile)]
        self._kept: dict[int, Sequence_ | None] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def sources(self) -> set[str]:
        """Every file that is read."""
        return set().union(*(place.stack.sources for place in self.places))

    def simulated(self) -> bool:
        """Whether a scene is marked as simulated."""
        return any(place.stack.simulated for place in self.places)

    def read(self, index: int) -> Sequence_ | None:
        """None for a tile without data."""
        if index in self._kept:
            return self._kept[index]
        place, window = self.windows[index]
        found: Sequence_ | None = place.read(window)
        if found is not None and np.isfinite(found.image).mean() < _MIN_SHARE:
            found = None
        size = found.image.nbytes if found else 0
        if self._bytes + size <= _CACHE:
            self._kept[index], self._bytes = found, self._bytes + size
        return found

    def draw(self, rng: np.random.Generator, reporter: Reporter) -> Sequence_:
        """A random tile with data. Raises BadInput where there is none."""
        for index in rng.permutation(len(self)):
            reporter.check()
            found = self.read(int(index))
            if found is not None:
                return found
        raise BadInput("The series have no data on the chosen dates (cloud everywhere?): give other scenes.")


def _tiles(place: Place, tile: int) -> Iterator[Window]:
    """Whole tiles side by side where the scenes lie; the last row and column end at the edge."""
    found: dict[Window, None] = {}
    grid = place.stack.grid
    for part in place.stack.places:
        for row in _starts(part.height, tile):
            for col in _starts(part.width, tile):
                top, left = min(part.row + row, grid.height - tile), min(part.col + col, grid.width - tile)
                found[Window(top, left, tile, tile)] = None
    yield from found


def _starts(length: int, tile: int) -> list[int]:
    return sorted({*range(0, length - tile + 1, tile), max(length - tile, 0)})


@contextmanager
def open_sequences(
    series: Sequence[Series],
    bands: Sequence[str],
    count: int,
    tile: int,
    parcels: ParcelSource | None,
    reporter: Reporter,
) -> Iterator[Sequences]:
    """Opens every series on `count` dates, or as many as the poorest of them has.

    Raises the sentences of open_series, and LabelsUnusable for parcels that lie on none of the series.
    """
    with ExitStack() as exits:
        stacks = [exits.enter_context(open_series(one, reporter, bands)) for one in series]
        fewest = min(len(stack.dates) for stack in stacks)
        if fewest < count:
            reporter.log(f"A series has only {fewest} dates: sequences have {fewest}, not {count}.", "warning")
        places = []
        for stack in stacks:
            chosen = even_dates(clear_dates(stack, min(count, fewest), reporter), min(count, fewest))
            places.append(Place(stack, chosen, read_plots(parcels, stack.grid)))
            days = ", ".join(d.isoformat() for d in places[-1].dates)
            reporter.log(f"Dates of the sequences: {days}.")
        if parcels and not any(len(place.plots) for place in places):
            raise LabelsUnusable(f"No parcel of {parcels.path} lies on the series: check its place and CRS.")
        yield Sequences(places, tile)


def clear_dates(stack: Stack, least: int, reporter: Reporter) -> list[int]:
    """The dates whose sampled pixels are half clear at least; all dates where fewer than `least` are."""
    clear = []
    for t in range(len(stack.dates)):
        reporter.check()
        if clear_share(stack, t, stack.places) >= _CLEAR:
            clear.append(t)
    return clear if len(clear) >= least else list(range(len(stack.dates)))


def even_dates(dates: Sequence[int], count: int) -> tuple[int, ...]:
    """`count` of the dates, evenly spaced in their rising order, first and last among them."""
    places = np.linspace(0, len(dates) - 1, count).round().astype(int)
    return tuple(sorted(dates)[i] for i in places)


def measured(places: Sequence[Place]) -> Statistics:
    """Mean and standard deviation a band, over samples of every chosen date."""
    values = np.concatenate([sample(p.stack, t) for p in places for t in p.chosen], axis=1).astype(np.float64)
    if not np.isfinite(values).any(axis=1).all():
        raise BadInput("The series have no data on the chosen dates (cloud everywhere?): give other scenes.")
    std = np.maximum(np.nanstd(values, axis=1), 1e-3)
    return Statistics(*(tuple(v.astype(np.float32).tolist()) for v in (np.nanmean(values, axis=1), std)))
