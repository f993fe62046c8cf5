"""The composite job: a series -> one cloud-masked picture a period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .....shared.errors import BadInput
from .....shared.jobs.series import CompositeJob
from ....execution.job_run import job_run
from ....execution.reporter import Reporter
from ....products import dates
from ...cube.backscatter import in_decibel
from ...cube.dated_writer import log_clouded
from ...cube.open_series import open_series, windows
from ...cube.reducers import (
    REDUCERS,
    Reduce,
    highest,
    in_power,
    jointly,
    max_ndvi,
)
from ...cube.stack import Stack
from ...scenes.quantity import OPTICAL, RADAR, quantity_of
from ...selection.periods import Period, periods
from .writer import CompositeFiles

_RED, _NIR = ("B04",), ("B08", "B8A")


def composite(job: CompositeJob, reporter: Reporter) -> dict[str, object]:
    """Writes the composites and returns their paths and what they were made of."""
    span = dates.span(job.first, job.last)
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the series")
        also = _also if job.method == "max_ndvi" else _nothing
        stack = run.enter(open_series(job.series, reporter, job.bands, also, span))
        run.protect_inputs(stack.sources)
        plan = _plan(job, stack, span, reporter)
        files = run.enter(CompositeFiles(job, run.outputs, stack, _written(job, stack), plan.periods))
        clear = _make(stack, plan, _reducer(job, stack, reporter), files, run.step(0.02, 0.95))
        _log_clouded(stack, plan, clear, reporter)
        reporter.progress(0.95, "Writing overviews")
        written = files.finish()
        facts = _facts(stack, plan, written)
        run.record(job.stack or Path(job.folder) / "composites.tif", facts)
    return {"folder": job.folder, "stack": job.stack, "valid_dates": job.valid_dates, **facts}


@dataclass(frozen=True)
class CompositePlan:
    """The periods, and which dates of the stack fall into each."""

    periods: tuple[Period, ...]
    members: tuple[tuple[int, ...], ...]


def _plan(job: CompositeJob, stack: Stack, span: tuple[dt.date, dt.date] | None, reporter: Reporter) -> CompositePlan:
    first = span[0] if span and job.first else stack.dates[0]
    last = span[1] if span and job.last else stack.dates[-1]
    plan = []
    for period in periods(job.period, job.days, first, last):
        members = tuple(t for t, day in enumerate(stack.dates) if day in period)
        if members or job.empty == "nodata":
            plan.append((period, members))
        if not members:
            fate = "its composite is filled with no data" if job.empty == "nodata" else "it is left out"
            reporter.log(f"{period} has no scene: {fate}.", "warning")
    return CompositePlan(*zip(*plan))


# --- how dates become one --------------------------------------------------------------------------------------------


def _nothing(bands: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return ()


def _also(bands: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """What the highest NDVI is found by: the NDVI itself, or red and near infrared."""
    if "NDVI" in bands:
        return ()
    if quantity_of(bands) is not OPTICAL:
        raise BadInput(f"The highest NDVI cannot be found from {', '.join(bands)}: choose another method.")
    return _RED, tuple(b for b in _NIR if b in bands) or _NIR


def _written(job: CompositeJob, stack: Stack) -> tuple[str, ...]:
    """The bands that were asked for, which come first in the stack."""
    return stack.spec.bands[: len(dict.fromkeys(job.bands))] if job.bands else stack.spec.bands


def _reducer(job: CompositeJob, stack: Stack, reporter: Reporter) -> Reduce:
    bands = stack.spec.bands
    if job.method == "max_ndvi":
        if "NDVI" in bands:
            return highest(bands.index("NDVI"))
        return max_ndvi(bands.index(_RED[0]), next(bands.index(b) for b in _NIR if b in bands))
    reduce = REDUCERS[job.method]
    if job.method == "mean" and quantity_of(bands) is RADAR and in_decibel(stack, reporter):
        reporter.log("Backscatter is in decibel: its mean is taken in linear power.")
        return in_power(reduce)
    return reduce


# --- the run ---------------------------------------------------------------------------------------------------------


def _make(
    stack: Stack, plan: CompositePlan, reduce: Reduce, files: CompositeFiles, reporter: Reporter
) -> NDArray[np.int64]:
    """Writes every period; (T,) number of clear pixels of each date."""
    clear = np.zeros(len(stack.dates), np.int64)
    bands = len(stack.spec.bands)
    tiles = [windows(stack.grid, bands * max(len(members), 1)) for members in plan.members]
    total, done = sum(map(len, tiles)), 0
    for number, members in enumerate(plan.members):
        with stack.part(members) as part, files.period(number):
            for window in tiles[number]:
                if members:
                    cube, seen = jointly(part.read(window))
                    clear[list(members)] += seen.sum(axis=(1, 2))
                    files.write(reduce(cube), seen.sum(axis=0), window)
                else:
                    files.write_empty(window)
                done += 1
                reporter.progress(done / total, f"Compositing {plan.periods[number]}", done, total)
    return clear


def _log_clouded(stack: Stack, plan: CompositePlan, clear: NDArray[np.int64], reporter: Reporter) -> None:
    """Names the dates, and the periods, that gave nothing. Raises when none gave anything."""
    log_clouded(stack.dates, clear, reporter)
    for period, members in zip(plan.periods, plan.members):
        if members and not clear[list(members)].any():
            reporter.log(f"{period}: all {len(members)} dates are clouded; its composite is no data.", "warning")


def _facts(stack: Stack, plan: CompositePlan, files: list[str]) -> dict[str, object]:
    return {
        "files": files,
        "bands": list(stack.spec.bands),
        "periods": [
            {"first": p.first.isoformat(), "last": p.last.isoformat(), "dates": [str(stack.dates[t]) for t in members]}
            for p, members in zip(plan.periods, plan.members)
        ],
        "masks": {str(d): layer.mask.name for d, layer in zip(stack.dates, stack.layers)},
    }
