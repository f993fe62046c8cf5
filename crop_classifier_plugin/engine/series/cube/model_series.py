"""What a network reads of one or two series, date by date, on one grid. Classification and training share it.

A date of the network stands for a stretch of days (a window of the season, or a calendar month). It is the clearest
scene in it, or each pixel's median or mean of all its scenes, clouds left out. Radar is averaged in linear power.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec
from ...raster.grid import Grid, Window
from ..scenes.quantity import Float
from ..selection.coverage import overlap, places_of, windows_of
from ..selection.season_windows import Span
from .reducers import Reduce
from .stack import Layer, Stack

_BYTES = 96 * 2**20  # of the scenes of one date in memory at a time, as float32 (choice)


@dataclass(frozen=True, eq=False)
class SensorSeries:
    """One of the series of a model. One that is absent has an empty stack, and all of it is no data."""

    stack: Stack
    members: tuple[tuple[int, ...], ...]  # for each date of the model, the dates of the stack behind it
    reduce: Reduce

    @property
    def bands(self) -> tuple[str, ...]:
        return self.stack.spec.bands

    @property
    def present(self) -> NDArray[np.bool_]:
        """(T,): whether a date has a scene."""
        return np.array([bool(m) for m in self.members])

    def read(self, window: Window) -> Float:
        """(T, C, H, W) float32; NaN marks no data, cloud, shadow and dates without a scene."""
        shape = (len(self.members), len(self.bands), window.height, window.width)
        cube = np.full(shape, np.nan, np.float32)
        for t, scenes in enumerate(self.members):
            if scenes:
                rows = max(1, _BYTES // (4 * len(scenes) * shape[1] * window.width))
                for top in range(0, window.height, rows):
                    part = Window(window.row + top, window.col, min(rows, window.height - top), window.width)
                    cube[t, :, top : top + rows] = self.reduce(self.stack.read(part, scenes))
        return cube

    def on(self, grid: Grid) -> SensorSeries:
        return replace(self, stack=self.stack.on(grid))


class ModelSeries:
    """T dates of the series a model takes, on the grid of the first. Use it in one thread, and close it (or `with`)."""

    def __init__(
        self,
        spec: InputSpec,
        sensors: Sequence[SensorSeries],
        grid: Grid,
        widest: Grid,
        span: Span,
        dates: Sequence[dt.date],
    ) -> None:
        """`widest`: the grid without the extent; `dates`: what each date goes by."""
        self.spec, self.sensors, self.grid, self.widest = spec, tuple(sensors), grid, widest
        self.span, self.dates = tuple(span), tuple(dates)
        self.sources: set[str] = set()
        self.notes: tuple[str, ...] = ()

    @property
    def bands(self) -> tuple[str, ...]:
        """As `read` gives them: those of the first series, then the radar series'."""
        return tuple(band for sensor in self.sensors for band in sensor.bands)

    @property
    def days(self) -> NDArray[np.int64]:
        """(T,) day of year, 0..365."""
        return np.array([day.timetuple().tm_yday - 1 for day in self.dates], np.int64)

    @property
    def present(self) -> NDArray[np.bool_]:
        """(T,): whether a date has a scene of any series. Of one series, its sensor says it."""
        found: NDArray[np.bool_] = np.any([sensor.present for sensor in self.sensors], axis=0)
        return found

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The scenes in use, with their masks."""
        return tuple(layer for sensor in self.sensors for layer in sensor.stack.layers)

    def read(self, window: Window) -> Float:
        """(T, C, H, W) float32, the bands in the order of `bands`: reflectance x spec.scale, radar in spec.radar.unit.

        NaN marks no data, cloud, shadow, and dates without a scene. A date's validity is each series' own: one may be
        NaN where the other is not.
        """
        return np.concatenate([sensor.read(window) for sensor in self.sensors], axis=1)

    def windows(self, grid: Grid) -> list[list[Window]]:
        """Of each date, where its scenes of any series lie on the grid."""
        return [
            [
                window
                for sensor in self.sensors
                for scene in sensor.members[t]
                for window in windows_of(sensor.stack.layers[scene].scene, sensor.bands, grid)
            ]
            for t in range(len(self.dates))
        ]

    @cached_property
    def places(self) -> list[Window]:
        """Where its scenes lie: one window, or several far apart."""
        return places_of(window for date in self.windows(self.grid) for window in date)

    def meets(self, window: Window) -> bool:
        """Whether a window has anything of a place."""
        return any(overlap(window, place) for place in self.places)

    def where_it_lies(self) -> ModelSeries:
        """The same series on what of its grid lies on its scenes (an extent may stick out); this one is closed."""
        wished = self.widest.window_of(self.grid)
        part = wished.clipped(self.widest.height, self.widest.width)
        return self if part == wished else self.on(self.widest.sub(part))

    def on(self, grid: Grid) -> ModelSeries:
        """The same series on another grid; this one is closed."""
        other = ModelSeries(self.spec, [s.on(grid) for s in self.sensors], grid, self.widest, self.span, self.dates)
        other.sources, other.notes = self.sources, self.notes
        return other

    @property
    def simulated(self) -> bool:
        """Whether a scene in use is marked as simulated."""
        return any(sensor.stack.simulated for sensor in self.sensors)

    def close(self) -> None:
        for sensor in self.sensors:
            sensor.stack.close()

    def __enter__(self) -> ModelSeries:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
