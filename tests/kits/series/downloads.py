"""Scenes as users download them, and the series built of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.operations.build.job import build_series
from crop_classifier_plugin.shared.jobs.build_series import BuildSeriesJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

DAYS = ("20240410", "20240425", "20240720")


HEIGHT, WIDTH = 44, 60


def write_downloads(folder: Path, days: tuple[str, ...] = DAYS, seed: int = 1) -> Path:
    """Two bands at 10 m, one at 20 m, SCL at 20 m; no data in a corner of the second date."""
    rng = np.random.default_rng(seed)
    for number, day in enumerate(days):
        ten = rng.integers(1, 6000, (2, HEIGHT, WIDTH)).astype(np.uint16)
        twenty = rng.integers(1, 6000, (1, HEIGHT // 2, WIDTH // 2)).astype(np.uint16)
        ten[:, : 4 * (number == 1), :6] = 0
        scl = rng.choice([4, 5, 6, 3, 8, 9, 10], (1, HEIGHT // 2, WIDTH // 2)).astype(np.uint8)
        write_raster(folder / f"S2_10m_{day}.tif", ten, names=("B04", "B08"), nodata=0)
        write_raster(folder / f"S2_20m_{day}.tif", twenty, names=("B11",), nodata=0, pixel=20.0)
        write_raster(folder / f"S2_SCL_{day}.tif", scl, names=("SCL",), pixel=20.0)
    return folder


def series_of(*paths: Path, **more: object) -> Series:
    return Series(scenes=tuple(SceneSource(str(p)) for p in paths), **more)  # type: ignore[arg-type]


def built(place: Path, series: Series, **options: object) -> tuple[Path, Silent]:
    reporter = Silent()
    build_series(BuildSeriesJob(series=series, output=str(place), **options), reporter)  # type: ignore[arg-type]
    return place, reporter
