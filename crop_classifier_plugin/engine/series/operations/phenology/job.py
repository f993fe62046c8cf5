"""The phenology job: a series -> start, peak, end and height of each pixel's seasons."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from rasterio.enums import Resampling

from .....shared.errors import BadInput
from .....shared.jobs.series import PhenologyJob
from ....execution.job_run import job_run
from ....execution.outputs import Outputs
from ....execution.reporter import Reporter, SubProgress
from ....products import dates
from ....raster.provenance import marks
from ....raster.sidecars import paletted_style, write_ramp_style, write_style
from ....raster.writer import RasterSpec, RasterWriter
from ...cube.dated_writer import count_ramp, counter, counts
from ...cube.open_series import windows
from ...scenes.read_series import SceneSeries, read_series
from ..gap_filling.interpolation import days_of
from ..indices.index_series import IndexSeries, open_index
from .season_curve import NAMES, seasons_of
from .season_tally import DAYS, SeasonTally, band_names

_LONGEST = 549  # days, 18 months: what winter crops need with both minima (choice)
_MARGIN = 184  # days before and after a year that its seasons may reach into: 24 months as MCD12Q2 has them
_WORK = 8  # times the memory of a window's index that reading it and its seasons need

Span = tuple[dt.date, dt.date]


@dataclass(frozen=True)
class _Search:
    """Between which days the curve is laid, the year that days are counted in, and where peaks may lie."""

    span: Span | None
    year: int = 0  # 0 = that of the middle of the days searched
    peaks: Span = (dt.date.min, dt.date.max)


def phenology(job: PhenologyJob, reporter: Reporter) -> dict[str, object]:
    """Writes the raster of seasons; returns its path and what was found."""
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the series")
        scenes = read_series(job.series, reporter)
        search = _search(job, scenes)
        series = run.enter(open_index(scenes, job.index, reporter, search.span))
        run.protect_inputs(series.stack.sources)
        _check(job, series, search)
        year = season_year(job, series)
        tally = _write(job, series, search, [run.output(path) for path in job.rasters()], reporter)
        _write_styles(job, series, tally, run.outputs)
        facts = tally.log(job, series, year, reporter)
        run.record(job.output, facts)
    return {"output": job.output, "valid_dates": job.valid_dates, **facts}


def _search(job: PhenologyJob, scenes: SceneSeries) -> _Search:
    """A long series needs a year, whose seasons are then those that peak in it."""
    given = dates.span(job.first, job.last)
    days = [s.date for s in scenes.scenes if not given or given[0] <= s.date <= given[1]]
    if not (job.year and days and (max(days) - min(days)).days > _LONGEST):
        return _Search(given, job.year)
    first, last = dt.date(job.year, 1, 1), dt.date(job.year, 12, 31)
    margin = dt.timedelta(_MARGIN)
    return _Search((max(first - margin, min(days)), min(last + margin, max(days))), job.year, (first, last))


def _check(job: PhenologyJob, series: IndexSeries, search: _Search) -> None:
    first, last = series.dates[0], series.dates[-1]
    if (last - first).days > _LONGEST and search.peaks == _Search.peaks:
        raise BadInput(
            f"The series reaches from {first} to {last}, over more than one season: "
            "say between which days the season lies (first and last day), or of which year the seasons are (year)."
        )
    if len(series.dates) < job.min_dates:
        raise BadInput(
            f"The series has {len(series.dates)} dates, a season needs {job.min_dates} clear ones: "
            "add scenes, or ask for fewer."
        )


def season_year(job: PhenologyJob, series: IndexSeries) -> int:
    """The year that days of the year are counted in: the one asked for, or that of the middle of the days searched."""
    span = dates.span(job.first, job.last)
    first = span[0] if span and job.first else series.dates[0]
    last = span[1] if span and job.last else series.dates[-1]
    return job.year or (first + (last - first) / 2).year


def _write_styles(job: PhenologyJob, series: IndexSeries, tally: SeasonTally, outputs: Outputs) -> None:
    if job.rule.seasons == 1:
        write_ramp_style(outputs, job.output, tally.ramp())
    else:
        write_style(outputs, job.output, paletted_style(tally.rows()))
    if job.valid_dates:
        write_ramp_style(outputs, job.valid_dates, count_ramp(len(series.dates)))


def _write(
    job: PhenologyJob, series: IndexSeries, search: _Search, paths: list[str], reporter: Reporter
) -> SeasonTally:
    year = season_year(job, series)
    first_day = (series.dates[0] - dt.date(year, 1, 1)).days + 1
    tally = SeasonTally((first_day, first_day + (series.dates[-1] - series.dates[0]).days), job.rule.seasons)
    tags = {
        "INDEX": job.index,
        "SEASON_YEAR": str(year),
        "DAY_1": f"{year}-01-01",
        **marks(series.stack.simulated, series.stack.level),
    }
    spec = RasterSpec("float32", np.nan, band_names(job.rule.seasons), tags=tags, resampling=Resampling.nearest)
    with ExitStack() as exits:
        made = exits.enter_context(RasterWriter(paths[0], series.grid, spec))
        names = [f"valid dates {job.index}"]
        count = exits.enter_context(counter(paths[1], series.grid, names)) if job.valid_dates else None
        _run(job, series, search, (made, count), tally, SubProgress(reporter, 0.02, 0.95))
        reporter.progress(0.95, "Writing overviews")
    return tally


def _run(
    job: PhenologyJob,
    series: IndexSeries,
    search: _Search,
    out: tuple[RasterWriter, RasterWriter | None],
    tally: SeasonTally,
    reporter: Reporter,
) -> None:
    days, rule = days_of(series.dates), job.rule
    first, last = ((day - series.dates[0]).days for day in search.peaks)
    tiles = windows(series.grid, _WORK * len(days) + len(NAMES) * rule.seasons)
    for done, window in enumerate(tiles, start=1):
        values = series.read(window)
        reporter.check()
        clear = counts(values)
        enough = clear >= job.min_dates
        values[:, ~enough] = np.nan
        found, number = seasons_of(values, days, rule, (first, last))
        found[:, list(DAYS)] += np.float32(tally.first_day)
        tally.add(found, number, enough)
        bands = found.reshape(-1, *number.shape)
        if rule.seasons > 1:
            told = np.where(enough, number, np.nan).astype(np.float32)
            bands = np.concatenate([told[None], bands])
        out[0].write(bands, window)
        if out[1]:
            out[1].write(clear, window)
        reporter.progress(done / len(tiles), "Finding seasons", done, len(tiles))
