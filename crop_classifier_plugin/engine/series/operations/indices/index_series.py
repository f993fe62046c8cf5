"""A series of one index: read from its own bands, or computed from the bands it is made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType

import numpy as np

from .....shared.jobs.sources import Series
from ....execution.reporter import Reporter
from ....raster.grid import Grid, Window
from ...cube.backscatter import in_decibel, to_power
from ...cube.open_series import open_series
from ...cube.stack import Stack
from ...scenes.quantity import Float
from ...scenes.read_series import SceneSeries
from ...scenes.scene import Scene
from .formulas import (
    RADAR_INDICES,
    RangeTally,
    check_names,
    compute,
    needed,
)


class IndexSeries:
    """T dates of one index on one grid. Close it, or use `with`."""

    def __init__(self, stack: Stack, name: str, reporter: Reporter) -> None:
        self.stack, self.name = stack, name
        made = stack.spec.bands != (name,)
        self._decibel = made and name in RADAR_INDICES and in_decibel(stack, reporter)
        self._made = made
        self._tally, self._reporter = RangeTally(), reporter

    @property
    def dates(self) -> tuple[dt.date, ...]:
        return self.stack.dates

    @property
    def grid(self) -> Grid:
        return self.stack.grid

    def read(self, window: Window) -> Float:
        """(T, H, W) float32; NaN marks no data."""
        cube = self.stack.read(window)
        if not self._made:
            return cube[:, 0]
        physical = to_power(cube) if self._decibel else cube / np.float32(self.stack.spec.scale)
        return compute(self.name, physical, self.stack.spec.bands, self._tally)

    def close(self) -> None:
        """Says how many of the values that were made are no data for lying outside what the formula gives."""
        self.stack.close()
        self._tally.tell(self._reporter)
        self._tally = RangeTally()

    def __enter__(self) -> IndexSeries:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_index(
    series: Series | SceneSeries, name: str, reporter: Reporter, span: tuple[dt.date, dt.date] | None = None
) -> IndexSeries:
    """The series of an index, as `open_series` opens it. Raises BadInput for an index that is not known."""
    check_names((name,))
    with ExitStack() as exits:
        stack = exits.enter_context(open_series(series, reporter, lambda scenes: _bands(name, scenes), span=span))
        opened = IndexSeries(stack, name, reporter)
        exits.pop_all()
    return opened


def _bands(name: str, scenes: Sequence[Scene]) -> tuple[str, ...]:
    """The index itself where as many scenes have it as have the bands it is made of; else those bands."""
    parts = tuple(max(names, key=lambda n: sum(n in s.bands for s in scenes)) for names in needed((name,)))
    own = sum(name in s.bands for s in scenes)
    makes = sum(set(parts) <= set(s.bands) for s in scenes)
    return (name,) if own and own >= makes else parts
