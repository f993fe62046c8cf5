"""What a composite run writes: one GeoTIFF a period, one stack of all, and the number of dates behind each pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .....shared.jobs.series import CompositeJob
from ....execution.outputs import Outputs
from ....raster.grid import Window
from ....raster.provenance import marks
from ....raster.sidecars import write_ramp_style
from ....raster.writer import RasterSpec, RasterWriter
from ...cube.dated_style import ramp_of, ranges, write_dated_look
from ...cube.dated_writer import count_ramp, counter
from ...cube.stack import Stack
from ...scenes.quantity import Float, quantity_of
from ...selection.periods import Period

_MANY = 10  # clear dates a period: the green end of the colour ramp


class CompositeFiles:
    """Takes the composites period by period, window by window. The stack's bands are all of the first period, then
    all of the second, and so on, as `B04 2019-05-16`."""

    def __init__(
        self,
        job: CompositeJob,
        outputs: Outputs,
        stack: Stack,
        bands: Sequence[str],
        spans: Sequence[Period],
    ) -> None:
        """`bands`: those of the stack, which the composites are made of, that are written."""
        self._marks = marks(stack.simulated, stack.level)  # tags of every file
        self._ramp = ramp_of(stack)  # of the first band
        self._job, self._outputs, self._grid, self._bands, self._periods = job, outputs, stack.grid, tuple(bands), spans
        self._quantity = quantity_of(bands)
        self.paths = [str(Path(job.folder) / file_name(p)) for p in spans] if job.folder else []
        for path in (*self.paths, *filter(None, (job.stack, job.valid_dates))):
            outputs.path(path)  # whether it can be written is known before any work
        self._number = 0
        self._single: RasterWriter | None = None
        self._wholes: list[RasterWriter] = []
        self._stack = self._open(job.stack, self._spec(self._stack_names(), {}, spans))
        self._count = self._counter() if job.valid_dates else None

    def _open(self, path: str, spec: RasterSpec) -> RasterWriter | None:
        if not path:
            return None
        writer = RasterWriter(self._outputs.path(path), self._grid, spec)
        self._wholes.append(writer)
        return writer

    def _counter(self) -> RasterWriter:
        names = [f"valid dates {p.middle}" for p in self._periods]
        self._wholes.append(counter(self._outputs.path(self._job.valid_dates), self._grid, names))
        return self._wholes[-1]

    def _stack_names(self) -> list[str]:
        return [f"{band} {period.middle}" for period in self._periods for band in self._bands]

    def _spec(self, names: Sequence[str], tags: dict[str, str], periods: Sequence[Period]) -> RasterSpec:
        """`periods` of which the bands are, period by period."""
        days = [str(period.middle) for period in periods for _ in self._bands]
        return self._quantity.raster_spec(names, {"METHOD": self._job.method, **self._marks, **tags}, days)

    @contextmanager
    def period(self, number: int) -> Iterator[None]:
        """While this period is written."""
        self._number = number
        if not self.paths:
            yield
            return
        span = self._periods[number]
        tags = {"PERIOD_FIRST": span.first.isoformat(), "PERIOD_LAST": span.last.isoformat()}
        spec = self._spec(self._bands, tags, [span])
        with RasterWriter(self._outputs.path(self.paths[number]), self._grid, spec) as self._single:
            yield

    def write(self, values: Float, count: NDArray[Any], window: Window) -> None:
        """`values` (C or more, H, W), of which the first are written; NaN = no data. `count` (H, W) dates."""
        stored = self._quantity.stored(values[: len(self._bands)])
        if self._single:
            self._single.write(stored, window)
        if self._stack:
            self._stack.write(stored, window, first=1 + self._number * len(self._bands))
        if self._count:
            self._count.write(count.astype(np.uint16), window, first=1 + self._number)

    def write_empty(self, window: Window) -> None:
        shape = (window.height, window.width)
        self.write(np.full((len(self._bands), *shape), np.nan, np.float32), np.zeros(shape, np.uint16), window)

    def finish(self) -> list[str]:
        """Closes what is open; the paths of the periods' own files."""
        while self._wholes:
            self._wholes.pop().close()
        self._write_looks()
        if self._job.valid_dates:
            write_ramp_style(self._outputs, self._job.valid_dates, count_ramp(_MANY))
        return self.paths

    def _write_looks(self) -> None:
        """Every composite is shown until there is the next one."""
        middles = [period.middle for period in self._periods]
        if self._job.stack:
            days = [day for day in middles for _ in self._bands]
            write_dated_look(self._outputs, self._job.stack, self._ramp, days)
        for path, (day, end) in zip(self.paths, ranges(middles)):
            write_dated_look(self._outputs, path, self._ramp, [day] * len(self._bands), end)

    def __enter__(self) -> CompositeFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._wholes:
            writer.__exit__(kind, error, trace)


def file_name(period: Period) -> str:
    """The middle day stands for the period, and is the only date in the name: any reader of dates finds it."""
    return f"composite_{period.middle:%Y%m%d}.tif"
