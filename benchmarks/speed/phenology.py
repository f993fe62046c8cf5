"""Phenology's time and peak memory, as a terminal calls it: `python -m benchmarks.speed.phenology`."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from benchmarks.lib.measure import Cost, recorded
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.results import Column, Heading, Results, Table, Text

SIDES, DATES, SEASONS = (1000, 2000), 36, 2
_ABOUT = (
    f"NDVI of {DATES} dates, one in ten days, a file a date (Int16); 40 % of the squares of 200 m are clouded; two "
    "crops a year on half of the fields, two seasons asked for."
)
_BEFORE = (
    "Smoothing and finding seasons alone, of a curve of 73 points: 12.3 processor seconds a million pixels before "
    "pixels were taken a few thousand at a time, 2.4 since; one season each, the same values to the bit. The whole job "
    "took 11.0 of 2,000 x 2,000 px then, one season told."
)


def main() -> None:
    parts = (Text(_ABOUT), memory(SIDES), Heading("The curves alone"), Text(_BEFORE))
    write("phenology", Results("Phenology: speed and memory", "benchmarks/speed/phenology.py", parts))


def memory(sides: Sequence[int]) -> Table:
    rows = []
    for side in sides:
        cost = whole_job(side)
        rows.append((f"{side:,} x {side:,} px", cost.seconds, cost.busy, cost.busy / (side / 1000) ** 2, cost.peak))
    columns = (
        Column("image"),
        Column("seconds", "{:.0f}"),
        Column("processor seconds", "{:.0f}"),
        Column("a million pixels", "{:.1f}"),
        Column("peak memory (MiB)", "{:.0f}"),
    )
    return Table("phenology", columns, tuple(rows))


def whole_job(side: int) -> Cost:
    """Of the seasons of an image of side x side px, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # a program's peak counts what its parent held
            pool.apply(write_series, (folder, side))
        asked = ("--series", "s", "--out", "p.tif", "--seasons", str(SEASONS))
        return recorded(Path(folder), "p.tif", "phenology", *asked)


def write_series(folder: str, side: int) -> None:
    """NDVI of a season, a file a date."""
    rng = np.random.default_rng(0)
    (Path(folder) / "s").mkdir()
    up = rng.uniform(60, 120, (side, side)).astype(np.float32)
    second = np.kron(rng.random((side // 20, side // 20)) < 0.5, np.ones((20, 20))).astype(np.float32)
    for number in range(DATES):
        day = dt.date(2023, 1, 5) + dt.timedelta(10 * number)
        since = float(day.timetuple().tm_yday)
        value = 0.15 + 0.6 * _bump(since, up, 60) + 0.5 * second * _bump(since, up + 110, 70)
        stored = np.round(1e4 * (value + rng.normal(0, 0.02, value.shape))).astype(np.int16)
        clouded = np.kron(rng.random((side // 20, side // 20)) < 0.4, np.ones((20, 20))).astype(bool)
        stored[clouded] = -9999
        profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": "int16", "nodata": -9999}
        place = {"crs": "EPSG:32631", "transform": rasterio.Affine(10, 0, 500_000, 0, -10, 5_650_000)}
        with rasterio.open(Path(folder) / "s" / f"NDVI_{day:%Y%m%d}.tif", "w", **profile, **place, tiled=True) as file:
            file.write(stored, 1)
            file.set_band_description(1, "NDVI")
            file.scales = (1e-4,)


def _bump(day: float, up: NDArray[np.float32], length: float) -> NDArray[np.float32]:
    """Half way up on the day `up`, half way down `length` days later."""
    risen = 1 / (1 + np.exp(-0.12 * (day - up))) + 1 / (1 + np.exp(0.1 * (day - up - length))) - 1
    return np.asarray(risen, np.float32)


if __name__ == "__main__":
    main()
