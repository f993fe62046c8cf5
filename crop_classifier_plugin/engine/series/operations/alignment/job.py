"""The align_series job: two years -> the same days in both, with the table of where each value comes from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from rasterio.warp import transform_bounds

from .....shared.errors import NoOverlap
from .....shared.jobs.series import AlignSeriesJob
from ....execution.job_run import job_run
from ....execution.outputs import Outputs
from ....execution.reporter import Reporter
from ....products import dates
from ....raster.provenance import marks
from ....reporting.csv_table import csv_text
from ....reporting.sentences import listed
from ...cube.dated_style import ramp_of, write_dated_look
from ...cube.dated_writer import DatedStack, log_clouded
from ...cube.open_series import open_series, windows
from ...cube.stack import Stack
from ...scenes.quantity import quantity_of
from ..gap_filling.interpolation import (
    WORK,
    Float,
    linear,
    nearest,
)
from . import strategies
from .strategies import (
    PAPER,
    DatePair,
    Strategy,
    ValueSource,
)

_COLUMNS = ("role", "training_date", "training_rule", "training_sources")
_MORE = ("prediction_date", "prediction_rule", "prediction_sources", "note")


def align_series(job: AlignSeriesJob, reporter: Reporter) -> dict[str, object]:
    """Writes both aligned series and the table of dates; returns their paths and the table's rows."""
    limits = _days(job)
    with job_run(job, reporter) as run:
        temporary = [run.output(path) for path in job.rasters()]
        reporter.progress(0, "Reading the series")
        prediction = run.enter(open_series(job.prediction, reporter, job.bands))
        training = run.enter(open_series(job.training, reporter, prediction.spec.bands))
        training = run.enter(_onto(training, prediction))
        run.protect_inputs(prediction.sources | training.sources)
        rows = plan(job, training.dates, prediction.dates, limits)
        _log_rows(rows, reporter)
        values = [row.training for row in rows]
        _write(training, values, training.dates, temporary[0], run.step(0.02, 0.5))
        if job.prediction_output:
            values = [row.prediction for row in rows if row.prediction]
            base = [d for d in prediction.dates if not limits["prediction_before"] or d < limits["prediction_before"]]
            _write(prediction, values, base, temporary[1], run.step(0.5, 0.98))
        _write_looks(job, rows, prediction, run.outputs)
        table = [_table_row(row) for row in rows]
        run.outputs.write_text(job.table, _csv(table))
        facts: dict[str, object] = {"bands": list(prediction.spec.bands), "dates": table}
        run.record(job.training_output, facts)
    written = {"training_output": job.training_output, "prediction_output": job.prediction_output}
    return {**written, "table": job.table, **facts}


def plan(
    job: AlignSeriesJob,
    training: Sequence[dt.date],
    prediction: Sequence[dt.date],
    limits: dict[str, dt.date | None],
) -> tuple[DatePair, ...]:
    """The rows of the table: the base dates, then the target where one is asked for."""
    strategy = PAPER.get(job.strategy) or Strategy(job.days, job.rule)
    before = limits["training_before"]
    rows = strategies.align(training, prediction, strategy, job.count, before, limits["prediction_before"])
    requested, named = limits["target"], limits["training_target"]
    if requested is None and named is None:
        return rows
    years = strategies.years_between(training, prediction)
    aim = strategies.target(training, requested, strategy, years, before, named)
    return (*rows, DatePair(aim, None))


def _write_looks(job: AlignSeriesJob, rows: Sequence[DatePair], stack: Stack, outputs: Outputs) -> None:
    ramp, bands = ramp_of(stack), len(stack.spec.bands)
    days = [row.training.day for row in rows]
    write_dated_look(outputs, job.training_output, ramp, days * bands)
    if job.prediction_output:
        days = [row.prediction.day for row in rows if row.prediction]
        write_dated_look(outputs, job.prediction_output, ramp, days * bands)


def _days(job: AlignSeriesJob) -> dict[str, dt.date | None]:
    """The days that the job names; None where it names none."""
    names = ("training_before", "prediction_before", "target", "training_target")
    return {name: dates.parse(text, name) if (text := getattr(job.limits, name)) else None for name in names}


def _onto(training: Stack, prediction: Stack) -> Stack:
    """The training series on the prediction series' grid. Raises NoOverlap."""
    x0, y0, x1, y1 = prediction.grid.bounds
    a0, b0, a1, b1 = transform_bounds(training.grid.crs, prediction.grid.crs, *training.grid.bounds)
    if a0 >= x1 or a1 <= x0 or b0 >= y1 or b1 <= y0:
        raise NoOverlap("The training series", "the prediction series")
    return training.on(prediction.grid)


# --- values ----------------------------------------------------------------------------------------------------------


def _write(
    stack: Stack, values: Sequence[ValueSource], base_days: Sequence[dt.date], path: str, reporter: Reporter
) -> None:
    """One series with the days of `values`, band by band; images of the dates `base_days` may be used.

    Names those of them that are all clouded; raises BadInput when all are.
    """
    used = [t for t, day in enumerate(stack.dates) if day in base_days]
    bands, tiles = stack.spec.bands, windows(stack.grid, WORK * len(used))
    tags = {"ALIGNED": "true"}
    clear = np.zeros(len(used), np.int64)
    done, total = 0, len(bands) * len(tiles)
    file = DatedStack(
        path,
        stack.grid,
        bands,
        [v.day for v in values],
        quantity_of(bands),
        {**tags, **marks(stack.simulated, stack.level)},
    )
    with file:
        for number, band in enumerate(bands):
            with stack.part(used, [band]) as part:
                for window in tiles:
                    seen = part.read(window)[:, 0]
                    clear += (~np.isnan(seen)).sum(axis=(1, 2))
                    file.write_band(number, aligned(seen, part.dates, values), window)
                    done += 1
                    reporter.progress(done / total, f"Aligning {band}", done, total)
        log_clouded([stack.dates[t] for t in used], clear, reporter)


def aligned(observed: Float, days: Sequence[dt.date], values: Sequence[ValueSource]) -> Float:
    """(T, ...) on `days` -> (K, ...) on the days of `values`.

    An observed day keeps its gaps; a made day is found in each pixel from its own clear dates, so that a clouded
    neighbour is passed over.
    """
    own = np.array([d.toordinal() for d in days], np.float64)
    targets = np.array([v.day.toordinal() for v in values], np.float64)
    straight, near = linear(observed, own, targets), nearest(observed, own, targets)
    made = [
        observed[list(days).index(v.day)] if v.rule == "observed" else (straight if v.rule == "linear" else near)[k]
        for k, v in enumerate(values)
    ]
    return np.stack(made)


# --- the table -------------------------------------------------------------------------------------------------------


def _log_rows(rows: Sequence[DatePair], reporter: Reporter) -> None:
    outside = [str(v.day) for row in rows for v in (row.training, row.prediction) if v and v.outside]
    if outside:
        reporter.log(f"Outside the dates of their series, taken from the nearest: {listed(outside)}.", "warning")
    for row in rows:
        reporter.log(": ".join(str(part) for part in list(_table_row(row).values())[:4]))


def _table_row(row: DatePair) -> dict[str, str]:
    empty = ("", "", "")
    both = (row.training, row.prediction)
    cells = [_cells(v) if v else empty for v in both]
    note = "outside the dates of its series" if any(v and v.outside for v in both) else ""
    role = "base" if row.prediction else "target"
    return dict(zip((*_COLUMNS, *_MORE), (role, *cells[0], *cells[1], note)))


def _cells(value: ValueSource) -> tuple[str, str, str]:
    """Day, rule, and sources as `2020-05-28 x 0.125 + 2020-07-07 x 0.875`."""
    parts = [f"{day} x {weight:.4g}" if len(value.sources) > 1 else str(day) for day, weight in value.sources]
    return value.day.isoformat(), value.rule, " + ".join(parts)


def _csv(rows: Sequence[dict[str, str]]) -> str:
    return csv_text((*_COLUMNS, *_MORE), rows)
