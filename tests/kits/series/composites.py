"""Clouded scenes, and the job that makes composites of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from crop_classifier_plugin.shared.jobs.series import CompositeJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

CLOUDED = (3, 8, 9, 10)


def scene(folder: Path, day: str, fine: np.ndarray, coarse: np.ndarray, scl: np.ndarray) -> None:
    """B02 B04 B08 at 10 m; B11 and SCL at 20 m."""
    write_raster(folder / f"S2_10m_{day}.tif", fine.astype(np.uint16), names=("B02", "B04", "B08"), nodata=0)
    both = np.concatenate([coarse, scl[None]]).astype(np.uint16)
    write_raster(folder / f"S2_20m_{day}.tif", both, names=("B11", "SCL"), nodata=0, pixel=20.0)


def job(source: Path, **changes: Any) -> CompositeJob:
    """Composites of the scenes in `source` go to the folder out beside it, unless said otherwise."""
    changes.setdefault("folder", str(source.parent / "out"))
    series = Series((SceneSource(str(source)),), **changes.pop("series", {}))
    return CompositeJob(series, **changes)
