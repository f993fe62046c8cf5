"""The index job: a series of bands -> the same dates as indices, one stack."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from .....shared.jobs.series import IndexJob
from ....execution.job_run import job_run
from ....execution.reporter import Reporter, SubProgress
from ....raster.provenance import marks
from ....raster.sidecars import write_ramp_style
from ....raster.writer import RasterWriter
from ...cube.backscatter import in_decibel, to_power
from ...cube.dated_style import GREEN, write_dated_look
from ...cube.dated_writer import (
    DatedStack,
    count_ramp,
    counter,
    counts,
    log_clouded,
)
from ...cube.open_series import open_series, windows
from ...cube.stack import Stack
from ...scenes.quantity import INDEX
from .formulas import (
    RADAR_INDICES,
    RangeTally,
    check_names,
    compute,
    formula,
    needed,
)


def compute_indices(job: IndexJob, reporter: Reporter) -> dict[str, object]:
    """Writes the indices of every date; returns their path and what they were made of."""
    names = tuple(dict.fromkeys(job.indices))
    check_names(names)
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the series")
        stack = run.enter(open_series(job.series, reporter, None, lambda bands: needed(names)))
        run.protect_inputs(stack.sources)
        facts = _write(names, stack, [run.output(path) for path in job.rasters()], reporter)
        write_dated_look(run.outputs, job.output, GREEN, stack.dates * len(names))
        if job.valid_dates:
            write_ramp_style(run.outputs, job.valid_dates, count_ramp(len(stack.dates)))
        run.record(job.output, facts)
    return {"output": job.output, "valid_dates": job.valid_dates, **facts}


def _write(names: tuple[str, ...], stack: Stack, paths: list[str], reporter: Reporter) -> dict[str, object]:
    formulas = {name: formula(name) for name in names}
    decibel = names[0] in RADAR_INDICES and in_decibel(stack, reporter)
    if decibel:
        reporter.log("Backscatter is in decibel: the index is made of linear power.")
    with ExitStack() as exits:
        made = DatedStack(
            paths[0], stack.grid, names, stack.dates, INDEX, {**formulas, **marks(stack.simulated, stack.level)}
        )
        exits.enter_context(made)
        counted = [f"valid dates {name}" for name in names]
        count = exits.enter_context(counter(paths[1], stack.grid, counted)) if paths[1:] else None
        tally = RangeTally()
        seen = _run(names, stack, decibel, (made, count, tally), SubProgress(reporter, 0.02, 0.95))
        tally.tell(reporter)
        log_clouded(stack.dates, seen, reporter)
        reporter.progress(0.95, "Writing overviews")
    facts = {"indices": formulas, "bands": list(stack.spec.bands), "dates": [str(d) for d in stack.dates]}
    return {**facts, "out_of_range": tally.shares()}


def _run(
    names: tuple[str, ...],
    stack: Stack,
    decibel: bool,
    into: tuple[DatedStack, RasterWriter | None, RangeTally],
    reporter: Reporter,
) -> NDArray[np.int64]:
    """Writes every window; how many values each date has. `into`: the indices, how many have a value, which do not."""
    made, count, tally = into
    seen = np.zeros(len(stack.dates), np.int64)
    scale = np.float32(stack.spec.scale)
    tiles = windows(stack.grid, len(stack.dates) * (len(stack.spec.bands) + 2))
    for done, window in enumerate(tiles, start=1):
        cube = stack.read(window)
        cube = to_power(cube) if decibel else cube / scale
        for number, name in enumerate(names):
            reporter.check()
            values = compute(name, cube, stack.spec.bands, tally)
            made.write_band(number, values, window)
            if count:
                count.write(counts(values), window, first=1 + number)
            seen += (~np.isnan(values)).sum(axis=(1, 2))
        reporter.progress(done / len(tiles), f"Computing {', '.join(names)}", done, len(tiles))
    return seen
