"""A small place with optical and radar series, and the job that trains on both."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from crop_classifier_plugin.shared.jobs.train import TrainJob
from kits.rasters import write_raster
from kits.training.jobs import changed, labelled, sources

SIDE, WEST, NORTH = 64, 500000, 5650000


def write_place(folder: Path) -> Path:
    """Eight optical dates, one without a clear pixel in the north, and four of radar; two crops in parcels of 80 m."""
    rng = np.random.default_rng(1)
    crop = np.kron(np.add.outer(np.arange(8), np.arange(8)) % 2, np.ones((8, 8), int))
    for i in range(8):
        day = dt.date(2024, 3, 10) + dt.timedelta(15 * i)
        bands = (1000 + 400 * i * crop + rng.normal(0, 100, (2, SIDE, SIDE))).clip(1).astype(np.uint16)
        if i == 3:
            bands[:, : SIDE // 2] = 0
        write_raster(folder / "s2" / f"S2_{day:%Y%m%d}.tif", bands, names=("B04", "B8A"), nodata=0)
        if i % 2:
            power = (0.05 + 0.1 * crop + rng.uniform(0, 0.02, (2, SIDE, SIDE))).astype(np.float32)
            write_raster(folder / "s1" / f"S1_{day:%Y%m%d}.tif", 10 * np.log10(power), names=("VV", "VH"))
    boxes = [
        shapely.box(WEST + 80 * c, NORTH - 80 * (r + 1), WEST + 80 * (c + 1), NORTH - 80 * r)
        for r, c in np.ndindex(8, 8)
    ]
    names = [("maize", "wheat")[(r + c) % 2] for r, c in np.ndindex(8, 8)]
    gpd.GeoDataFrame({"crop": names}, geometry=boxes, crs="EPSG:32631").to_file(folder / "parcels.gpkg")
    return folder


def job_of(place: Path, model: Path, **changes: object) -> TrainJob:
    facts = {
        "bands": ("B04", "B8A"), "epochs": 1, "steps": 2, "patch": 16, "batch": 2,
        "optimizer": "adamw", "tile": 32, "overlap": 16, "network": "attention_3dcnn",
        "settings": (("preset", "small"), ("radar_widths", "4,16")),
    }  # fmt: skip
    first = labelled(sources(place / "s2"), place / "parcels.gpkg")
    return changed(TrainJob((first,), str(model)), **(facts | changes))
