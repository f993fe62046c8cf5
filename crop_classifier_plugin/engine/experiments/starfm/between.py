"""STARFM between two fine images, beside their interpolation in time: real Sentinel-2 NDVI of Flanders.

The coarse images are means of the fine ones over 80 or 160 m: a coarse sensor that sees exactly what the fine one sees,
on the same day, as no other sensor does. What STARFM gains here is the most that it can gain.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.jobs.fusion import FuseStarfmJob, image_pairs
from ....shared.jobs.sources import SceneSource
from ...access.rasters import open_raster
from ...execution.reporter import Silent
from ...fusion.starfm.job import fuse
from .real_images import write_band
from .study import evaluated

NAME = "flanders_AC91C"
FIRST, LAST = dt.date(2019, 4, 1), dt.date(2019, 10, 31)
CELLS, PIXEL = (8, 16), 10.0  # fine pixels a coarse one's side; metres
CLEAR, CLEAR_CODES = 0.99, (4, 5, 6, 7)  # least share of a date's pixels that SCL calls vegetation, soil, water, other
STEPS = (1, 2, 3)  # how many clear dates away the fine images before and after are


@dataclass(frozen=True)
class Between:
    """One hidden date: days from the image before to the one after, and the RMSE of each method."""

    cell: float  # m, side of a coarse pixel
    target: str
    days: int
    one_pair: float
    two_pairs: float
    nearest: float
    interpolated: float
    coarse: float


def between(data: Path, folder: Path) -> list[Between]:
    """Every clear date between two others, hidden."""
    days = list(_write(data / NAME, folder))
    return [
        _hidden(folder, cell, (days[i - step], days[i], days[i + step]))
        for cell in CELLS
        for step in STEPS
        for i in range(step, len(days) - step)
    ]


def _write(data: Path, folder: Path) -> Iterator[dt.date]:
    """NDVI of every clear date, fine and coarse; the dates."""
    for path in sorted((data / "S2_10m").glob("*.tif")):
        day = dt.datetime.strptime(path.stem[-8:], "%Y%m%d").date()
        scl = _bands(data / "S2_20m" / path.name.replace("10m", "20m"), ("SCL",))["SCL"]
        if not FIRST <= day <= LAST or np.isin(scl, CLEAR_CODES).mean() < CLEAR:
            continue
        bands = {name: values.astype(np.float64) for name, values in _bands(path, ("B04", "B08")).items()}
        ndvi = (bands["B08"] - bands["B04"]) / (bands["B08"] + bands["B04"])
        height, width = (side // max(CELLS) * max(CELLS) for side in ndvi.shape)
        ndvi = ndvi[:height, :width]
        write_band(_path(folder, "fine", day), ndvi, "NDVI", PIXEL)
        for cell in CELLS:
            means = ndvi.reshape(height // cell, cell, width // cell, cell).mean(axis=(1, 3))
            write_band(_path(folder, f"coarse{cell}", day), means, "NDVI", PIXEL * cell)
        yield day


def _bands(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    with open_raster(path) as file:
        return {name: file.read(file.descriptions.index(name) + 1) for name in names}


def _path(folder: Path, kind: str, day: dt.date) -> Path:
    return folder / f"{kind}_{day:%Y%m%d}.tif"


def _source(folder: Path, kind: str, day: dt.date) -> SceneSource:
    return SceneSource(str(_path(folder, kind, day)))


def _hidden(folder: Path, cell: int, days: tuple[dt.date, dt.date, dt.date]) -> Between:
    before, target, after = days
    fine = tuple(_source(folder, "fine", day) for day in (before, after))
    coarse = tuple(_source(folder, f"coarse{cell}", day) for day in days)
    rmse: list[list[float]] = []
    for pairs in (1, 2):
        fused = str(folder / f"fused_{pairs}.tif")
        job = FuseStarfmJob(*image_pairs(fine, coarse), fused, target=str(target), pairs=pairs)
        fuse(job, Silent())
        report = evaluated(folder, SceneSource(fused), _source(folder, "fine", target), fine, coarse[1])
        rmse.append([image["rmse"] for image in report["images"]])
    (one, nearest, interpolated, blurred), (two, *_) = rmse
    return Between(PIXEL * cell, str(target), (after - before).days, one, two, nearest, interpolated, blurred)
