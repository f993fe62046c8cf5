"""The phenology job: a series -> start, peak, end and height of each pixel's season."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling

from .....shared.errors import BadInput
from .....shared.jobs.series import PhenologyJob
from ....execution.job_run import job_run
from ....execution.reporter import Reporter, SubProgress
from ....products import dates
from ....raster.provenance import marks
from ....raster.sidecars import Ramp, write_ramp_style
from ....raster.writer import RasterSpec, RasterWriter
from ...cube.dated_writer import count_ramp, counter, counts
from ...cube.open_series import windows
from ...scenes.quantity import Float
from ..gap_filling.interpolation import days_of
from ..indices.index_series import IndexSeries, open_index
from .season_curve import (
    END,
    NAMES,
    PEAK,
    START,
    find_season,
    points_of,
    smooth_curve,
)

_LONGEST = 549  # days, 18 months: what winter crops need with both minima; two years hold two seasons (choice)
_WORK = 16  # times the memory of a curve that finding its season needs: Whittaker in 8 bytes (measured)
_DAYS = (START, PEAK, END)
_COLOURS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))


def phenology(job: PhenologyJob, reporter: Reporter) -> dict[str, object]:
    """Writes the raster of seasons; returns its path and what was found."""
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the series")
        series = run.enter(open_index(job.series, job.index, reporter, dates.span(job.first, job.last)))
        run.protect_inputs(series.stack.sources)
        _check(job, series)
        tally = _write(job, series, [run.output(path) for path in job.rasters()], reporter)
        write_ramp_style(run.outputs, job.output, tally.ramp())
        if job.valid_dates:
            write_ramp_style(run.outputs, job.valid_dates, count_ramp(len(series.dates)))
        facts = tally.log(job, series, reporter)
        run.record(job.output, facts)
    return {"output": job.output, "valid_dates": job.valid_dates, **facts}


def _check(job: PhenologyJob, series: IndexSeries) -> None:
    first, last = series.dates[0], series.dates[-1]
    if (last - first).days > _LONGEST:
        raise BadInput(
            f"The series reaches from {first} to {last}, over more than one season: "
            "say between which days the season lies (first and last day)."
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


class SeasonTally:
    """How many pixels have a season, and on which days it starts, peaks and ends."""

    def __init__(self, first_day: int, last_day: int) -> None:
        """The first and the last day that can occur."""
        self.first_day, self._histogram = first_day, np.zeros((len(_DAYS), last_day - first_day + 2), np.int64)
        self.pixels = self.few = self.flat = self.half = 0

    def add(self, found: Float, enough: NDArray[np.bool_]) -> None:
        """`found` (7, H, W); `enough` (H, W): the pixel has the clear dates it needs."""
        seen = ~np.isnan(found[PEAK])
        self.pixels += seen.size
        self.few += int((~enough).sum())
        self.flat += int((enough & ~seen).sum())
        self.half += int((seen & (np.isnan(found[START]) | np.isnan(found[END]))).sum())
        for row, band in zip(self._histogram, _DAYS):
            days = found[band][~np.isnan(found[band])]
            row += np.bincount(np.rint(days).astype(int) - self.first_day, minlength=row.size)

    def _quantile(self, number: int, share: float) -> int:
        total = np.cumsum(self._histogram[number])
        return self.first_day + int(np.searchsorted(total, share * total[-1])) if total[-1] else self.first_day

    def ramp(self) -> Ramp:
        """The colours of the start of season: from the second to the 98th percent of its days."""
        low, high = self._quantile(START, 0.02), self._quantile(START, 0.98)
        return Ramp(low, max(high, low + 1), _COLOURS)

    def log(self, job: PhenologyJob, series: IndexSeries, reporter: Reporter) -> dict[str, object]:
        """Says what was found. Raises BadInput when no pixel has the dates it needs."""
        if self.few == self.pixels:
            days = ", ".join(map(str, series.dates))
            raise BadInput(
                f"No pixel has {job.min_dates} clear dates among {days}: add clearer scenes, check the mask, or ask "
                "for fewer."
            )
        year = season_year(job, series)
        shares = {
            "without enough clear dates": self.few / self.pixels,
            f"without a peak {job.min_amplitude:g} above a low": self.flat / self.pixels,
            "with a start or an end outside the series": self.half / self.pixels,
        }
        reporter.log("Pixels " + ", ".join(f"{what}: {share:.1%}" for what, share in shares.items()) + ".")
        middle = {NAMES[band]: self._quantile(n, 0.5) for n, band in enumerate(_DAYS) if self._histogram[n].any()}
        medians = ", ".join(f"{name} {dt.date(year, 1, 1) + dt.timedelta(day - 1)}" for name, day in middle.items())
        reporter.log(f"Medians: {medians or 'no season was found'}. Day 1 is {year}-01-01.")
        return {
            "bands": list(NAMES),
            "index": job.index,
            "dates": [str(d) for d in series.dates],
            "season_year": year,
            "medians": middle,
            "shares": {what: round(share, 6) for what, share in shares.items()},
        }


def _write(job: PhenologyJob, series: IndexSeries, paths: list[str], reporter: Reporter) -> SeasonTally:
    year = season_year(job, series)
    first_day = (series.dates[0] - dt.date(year, 1, 1)).days + 1
    tally = SeasonTally(first_day, first_day + (series.dates[-1] - series.dates[0]).days)
    tags = {"INDEX": job.index, "SEASON_YEAR": str(year), "DAY_1": f"{year}-01-01", **marks(series.stack.simulated)}
    spec = RasterSpec("float32", np.nan, NAMES, tags=tags, resampling=Resampling.nearest)
    with ExitStack() as exits:
        made = exits.enter_context(RasterWriter(paths[0], series.grid, spec))
        names = [f"valid dates {job.index}"]
        count = exits.enter_context(counter(paths[1], series.grid, names)) if job.valid_dates else None
        _run(job, series, made, count, tally, SubProgress(reporter, 0.02, 0.95))
        reporter.progress(0.95, "Writing overviews")
    return tally


def _run(
    job: PhenologyJob,
    series: IndexSeries,
    made: RasterWriter,
    count: RasterWriter | None,
    tally: SeasonTally,
    reporter: Reporter,
) -> None:
    days = days_of(series.dates)
    points = points_of(days)
    tiles = windows(series.grid, _WORK * len(points))
    for done, window in enumerate(tiles, start=1):
        values = series.read(window)
        reporter.check()
        clear = counts(values)
        enough = clear >= job.min_dates
        curve = smooth_curve(np.where(enough, values, np.float32(np.nan)), days, job.smoothness)
        reporter.check()
        found = find_season(curve, points, job.start_share, job.end_share, job.min_amplitude)
        found[list(_DAYS)] += np.float32(tally.first_day)
        tally.add(found, enough)
        made.write(found, window)
        if count:
            count.write(clear, window)
        reporter.progress(done / len(tiles), "Finding seasons", done, len(tiles))
