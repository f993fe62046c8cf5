"""What a simulation job asks for, checked before any work: grid and dates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from ...shared.errors import BadInput
from ...shared.jobs.simulate import SimulateJob
from ..access.crs import crs_of_text
from ..raster.grid import Grid

PIXEL = 10.0  # m
MODIS_PIXELS = 25  # 10 m pixels along a MODIS pixel
RADAR_DAYS, MODIS_DAYS = 12, 16
SEASON = ((3, 1), (10, 31))  # first and last month and day that are simulated unless the job names dates


@dataclass(frozen=True)
class Plan:
    """A valid job: the 10 m grid and the dates of each sensor, in order."""

    job: SimulateJob
    grid: Grid
    optical: tuple[date, ...]
    radar: tuple[date, ...]
    modis: tuple[date, ...]

    def coarser(self, factor: int) -> Grid:
        """The grid of pixels `factor` times as large from the same corner, covering all of it."""
        height, width = -(-self.grid.height // factor), -(-self.grid.width // factor)
        side = PIXEL * factor
        left, top = self.job.corner
        return Grid(self.grid.crs, Affine(side, 0, left, 0, -side, top), height, width)


def plan_of(job: SimulateJob) -> Plan:
    """Raises BadInput with a sentence when the job cannot be meant."""
    if not job.folder.strip():
        raise BadInput("No folder was given for the simulated season: choose one.")
    _check_numbers(job)
    left, top = job.corner
    grid = Grid(_metric_crs(job.crs), Affine(PIXEL, 0, left, 0, -PIXEL, top), job.height, job.width)
    first, last = (date(job.year, month, day) for month, day in SEASON)
    optical = _given_dates(job) or _every(first, last, job.revisit_days)
    radar = _every(first, last, RADAR_DAYS) if job.sentinel1 else ()
    starts = _every(date(job.year, 1, 1), last, MODIS_DAYS) if job.modis else ()
    plan = Plan(job, grid, optical, radar, tuple(d for d in starts if d >= first))
    return plan


def _check_numbers(job: SimulateJob) -> None:
    for side, value in (("width", job.width), ("height", job.height)):
        if value < 2 or value % 2:
            raise BadInput(
                f"The {side} of {value} pixels cannot be simulated: give an even number of 2 or more, so that 20 m "
                "pixels fit."
            )
    if not 0 <= job.cloud_share <= 0.95:
        raise BadInput(f"The cloud share {job.cloud_share} is outside 0..0.95: give a share such as 0.33.")
    if not 1900 <= job.year <= 2100:
        raise BadInput(f"The year {job.year} is outside 1900..2100: give the season's year.")
    if job.revisit_days < 1:
        raise BadInput(f"A revisit of {job.revisit_days} days is impossible: give 1 day or more.")
    if not (all(map(math.isfinite, job.corner))):
        raise BadInput(f"The corner {job.corner[0]}, {job.corner[1]} is no place: give finite coordinates.")


def _metric_crs(text: str) -> CRS:
    try:
        crs = crs_of_text(text)
    except CRSError as error:
        raise BadInput(
            f"The coordinate reference system {text!r} is unknown ({error}): give one such as EPSG:32631."
        ) from None
    if not crs.is_projected or abs(crs.linear_units_factor[1] - 1) > 1e-9:
        raise BadInput(
            f"The coordinate reference system {text} does not count in metres, as the 10 m pixels need: give a "
            "projected one such as EPSG:32631."
        )
    return crs


def _given_dates(job: SimulateJob) -> tuple[date, ...]:
    dates = [_read_date(text, job.year) for text in job.dates]
    twice = sorted({str(d) for d in dates if dates.count(d) > 1})
    if twice:
        raise BadInput(f"The date {twice[0]} is given more than once: name each date once.")
    return tuple(sorted(dates))


def _read_date(text: str, year: int) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(f"The date {text!r} cannot be read: write it as YYYY-MM-DD.") from None
    if day.year != year:
        raise BadInput(f"The date {text} is not in the simulated year {year}: change the date or the year.")
    return day


def _every(first: date, last: date, days: int) -> tuple[date, ...]:
    count = (last - first).days // days + 1
    return tuple(first + timedelta(days=days * k) for k in range(count))


def refuse_other_season(folder: Path, wanted: set[str]) -> None:
    """Scenes of another season beside the new ones would be read as one series."""
    found = [p for pattern in ("S2_1*.tif", "S2_2*.tif", "S1_*.tif", "MOD13Q1_*.tif") for p in folder.glob(pattern)]
    strange = sorted(p.name for p in found if p.name not in wanted)
    if strange:
        raise BadInput(
            f"The folder {folder} already holds scenes of another season ({strange[0]}): choose an empty folder."
        )
