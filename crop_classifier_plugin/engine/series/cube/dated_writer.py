"""One GeoTIFF of a whole series: all dates of the first band, then all dates of the second, and so on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling

from ....shared.errors import BadInput
from ...execution.reporter import Reporter
from ...raster.grid import Grid, Window
from ...raster.sidecars import Ramp
from ...raster.writer import RasterSpec, RasterWriter
from ...reporting.sentences import listed
from ..scenes.quantity import Float, Quantity

_NO_COUNT = 65_535


class DatedStack(RasterWriter):
    """Its bands are named as `B04 2019-05-16`, so that it is read as a series again."""

    def __init__(
        self,
        path: str,
        grid: Grid,
        bands: Sequence[str],
        dates: Sequence[dt.date],
        quantity: Quantity,
        tags: Mapping[str, str],
    ) -> None:
        names = [f"{band} {day}" for band in bands for day in dates]
        days = [day.isoformat() for _ in bands for day in dates]
        super().__init__(path, grid, quantity.raster_spec(names, dict(tags), days))
        self._quantity, self._dates = quantity, len(dates)

    def write_band(self, number: int, values: Float, window: Window) -> None:
        """(T, H, W) of band `number` (from 0), NaN = no data."""
        self.write(self._quantity.stored(values), window, first=1 + number * self._dates)


def counter(path: str, grid: Grid, names: Sequence[str]) -> RasterWriter:
    """A raster of numbers of dates, one band a name."""
    return RasterWriter(path, grid, RasterSpec("uint16", _NO_COUNT, tuple(names), resampling=Resampling.average))


def count_ramp(most: int) -> Ramp:
    return Ramp(0, most, ((215, 48, 39), (254, 224, 139), (26, 152, 80)))


def counts(values: Float) -> NDArray[np.uint16]:
    """(H, W): how many of the dates (T, H, W) have a value."""
    found: NDArray[np.uint16] = np.logical_not(np.isnan(values)).sum(axis=0, dtype=np.uint16)
    return found


def check_clear(days: Sequence[dt.date], clear: NDArray[np.int64]) -> None:
    """Raises BadInput where no date has a value; `clear`: (T,) number of pixels with one."""
    if not clear.any():
        raise BadInput(
            f"Every pixel is clouded or empty on all dates ({listed(days)}): add clearer scenes, or check the mask."
        )


def log_clouded(days: Sequence[dt.date], clear: NDArray[np.int64], reporter: Reporter) -> None:
    """Names the dates without a clear pixel; `clear`: (T,) pixels with a value. Raises BadInput when none has any."""
    check_clear(days, clear)
    blind = listed(day for day, count in zip(days, clear) if not count)
    if blind:
        reporter.log(f"Without a clear pixel: {blind}.", "warning")
