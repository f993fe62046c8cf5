"""The fill_gaps job: a series with clouds -> the same dates without gaps, one stack."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from .....shared.errors import BadInput
from .....shared.jobs.series import FillGapsJob
from ....execution.job_run import job_run
from ....execution.reporter import Reporter, SubProgress
from ....raster.provenance import marks
from ....raster.sidecars import write_ramp_style
from ....raster.writer import RasterWriter
from ....reporting.sentences import listed
from ...cube.dated_style import ramp_of, write_dated_look
from ...cube.dated_writer import (
    DatedStack,
    check_clear,
    count_ramp,
    counter,
    counts,
)
from ...cube.open_series import open_series, windows
from ...cube.stack import Stack
from ...scenes.quantity import quantity_of
from .interpolation import (
    WORK,
    Days,
    Float,
    Neighbours,
    days_of,
    linear,
)
from .smoothers import savitzky_golay, whittaker

Counts = NDArray[np.int64]
Smoother = Callable[[Float, Days], Float]


def fill_gaps(job: FillGapsJob, reporter: Reporter) -> dict[str, object]:
    """Writes the filled series; returns its path and what was filled."""
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the series")
        stack = run.enter(open_series(job.series, reporter, job.bands))
        run.protect_inputs(stack.sources)
        facts = _write(job, stack, [run.output(path) for path in job.rasters()], reporter)
        write_dated_look(run.outputs, job.output, ramp_of(stack), stack.dates * len(stack.spec.bands))
        if job.valid_dates:
            write_ramp_style(run.outputs, job.valid_dates, count_ramp(len(stack.dates)))
        run.record(job.output, facts)
    return {"output": job.output, "valid_dates": job.valid_dates, **facts}


def _write(job: FillGapsJob, stack: Stack, paths: list[str], reporter: Reporter) -> dict[str, object]:
    bands, days = stack.spec.bands, stack.dates
    if len(days) < 2:
        raise BadInput(f"Gaps are filled between dates, the series has only {days[0]}: add more scenes.")
    with ExitStack() as exits:
        tags = {"METHOD": job.method, **marks(stack.simulated, stack.level)}
        filled = DatedStack(paths[0], stack.grid, bands, days, quantity_of(bands), tags)
        exits.enter_context(filled)
        names = [f"valid dates {band}" for band in bands]
        count = exits.enter_context(counter(paths[1], stack.grid, names)) if job.valid_dates else None
        clear, made = _run(job, stack, filled, count, SubProgress(reporter, 0.02, 0.95))
        check_clear(days, clear)
        reporter.progress(0.95, "Writing overviews")
    return _facts(stack, clear, made, reporter)


def _run(
    job: FillGapsJob, stack: Stack, filled: DatedStack, count: RasterWriter | None, reporter: Reporter
) -> tuple[Counts, Counts]:
    """Writes band by band, which bounds memory however many bands there are; (T,) clear and filled values."""
    fill, days = filler(job), days_of(stack.dates)
    bands, tiles = stack.spec.bands, windows(stack.grid, WORK * len(stack.dates))
    clear, made = np.zeros(len(days), np.int64), np.zeros(len(days), np.int64)
    total, done = len(bands) * len(tiles), 0
    for number, band in enumerate(bands):
        with stack.part(range(len(days)), [band]) as part:
            for window in tiles:
                values = part.read(window)[:, 0]
                reporter.check()
                mended = fill(values, days)
                filled.write_band(number, mended, window)
                if count:
                    count.write(counts(values), window, first=1 + number)
                seen = ~np.isnan(values)
                clear += seen.sum(axis=(1, 2))
                made += (~seen & ~np.isnan(mended)).sum(axis=(1, 2))
                done += 1
                reporter.progress(done / total, f"Filling {band}", done, total)
    return clear, made


def filler(job: FillGapsJob) -> Smoother:
    """(T, ...) with gaps, days (T,) -> (T, ...) mended, as the job wishes."""
    smoother: Smoother = {
        "linear": lambda values, days: linear(values, days, days),
        "savgol": lambda values, days: savitzky_golay(values, days, job.window, job.order),
        "whittaker": lambda values, days: whittaker(values, days, job.smoothness),
    }[job.method]

    def fill(values: Float, days: Days) -> Float:
        near = Neighbours(values, days, days)
        held = linear(values, days, days)  # outside the known dates a curve would be extrapolated: hold its end
        made = np.where(near.inside, smoother(values, days), held)
        made = np.where(np.isnan(made), held, made)
        if not job.hold:
            made = np.where(near.inside, made, np.nan)
        if job.max_gap:
            made = np.where(near.gap <= job.max_gap, made, np.nan)
        return np.where(np.isnan(values) | job.smooth_all, made, values).astype(np.float32)

    return fill


def _facts(stack: Stack, clear: Counts, made: Counts, reporter: Reporter) -> dict[str, object]:
    """Says how much was filled, and which dates are all made up."""
    size = stack.grid.height * stack.grid.width * len(stack.spec.bands)
    invented = [str(day) for day, seen in zip(stack.dates, clear) if not seen]
    if invented:
        reporter.log(f"Without a clear pixel, wholly filled from other dates: {listed(invented)}.", "warning")
    share, empty = made.sum() / (size * len(clear)), 1 - (clear + made).sum() / (size * len(clear))
    reporter.log(f"{share:.1%} of the values were filled; {empty:.1%} stay without data.")
    return {
        "bands": list(stack.spec.bands),
        "dates": [str(d) for d in stack.dates],
        "filled_share": round(float(share), 6),
        "empty_share": round(float(empty), 6),
    }
