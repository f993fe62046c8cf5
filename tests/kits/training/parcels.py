"""Parcels of three crops, and the job that trains on them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from crop_classifier_plugin.shared.jobs.train import TrainJob
from kits.rasters import BANDS, write_raster
from kits.training.jobs import changed, labelled, sources

SIDE = 64
WEST, NORTH = 500000, 5650000


CROPS = ("Beet", "maize", "Wheat")


def parcels() -> gpd.GeoDataFrame:
    """8 x 8 parcels of 80 m, three crops by turns."""
    boxes = [
        shapely.box(WEST + 80 * c, NORTH - 80 * (r + 1), WEST + 80 * (c + 1), NORTH - 80 * r)
        for r, c in np.ndindex(8, 8)
    ]
    names = [CROPS[(r + c) % 3] for r, c in np.ndindex(8, 8)]
    return gpd.GeoDataFrame({"crop": names}, geometry=boxes, crs="EPSG:32631")


def job_of(place: Path, model: Path, **changes: object) -> TrainJob:
    facts = {
        "settings": (("widths", "4,8"), ("cfma_blocks", "1"), ("cfma_width", "8"), ("heads", "2"), ("key_dim", "2")),
        "epochs": 3, "steps": 4, "patch": 16, "batch": 4, "optimizer": "adamw", "tile": 32, "overlap": 16,
    }  # fmt: skip
    first = labelled(sources(place / "season"), place / "parcels.gpkg")
    return changed(TrainJob((first,), str(model)), **(facts | changes))


def write_place(folder: Path) -> Path:
    """Two dates on which each crop has a brightness of its own, and the parcels."""
    rng = np.random.default_rng(1)
    crop = np.kron(np.add.outer(np.arange(8), np.arange(8)) % 3, np.ones((8, 8), int))
    for day in ("20240424", "20240623"):
        bands = (1000 + 1200 * crop + rng.normal(0, 100, (6, SIDE, SIDE))).astype(np.uint16)
        write_raster(folder / "season" / f"S2_{day}.tif", bands, names=BANDS, nodata=0)
    parcels().to_file(folder / "parcels.gpkg")
    return folder
