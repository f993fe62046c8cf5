"""A toy season that a network learns in seconds, and the job that trains on it."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine

from crop_classifier_plugin.shared.jobs.sources import SceneSource
from crop_classifier_plugin.shared.jobs.train import TrainJob
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.training.jobs import changed, labelled

LEGEND = Legend((CropClass(1, "wheat", "#aa7700", ("10",)), CropClass(2, "maize", "#ffd400", ("20",))))


def write_toy(folder: Path) -> Path:
    """Three dates of 96 x 96 px in 8 x 8 parcels: wheat is green in spring, maize in late summer; one cloudy corner."""
    rng = np.random.default_rng(5)
    kinds = rng.integers(0, 2, (12, 12))
    crop = np.kron(kinds, np.ones((8, 8), int))
    transform = Affine(10, 0, 5e5, 0, -10, 5.6e6)
    for t, day in enumerate(("20240424", "20240623", "20240822")):
        nir = np.where(crop == (0 if t == 0 else 1), 4000, 1500) if t != 1 else np.full(crop.shape, 2500)
        bands = np.stack([np.full(crop.shape, 600), nir]) + rng.normal(0, 150, (2, 96, 96))
        bands[:, :10, :10] = 0
        profile = {"driver": "GTiff", "dtype": "uint16", "count": 2, "height": 96, "width": 96, "nodata": 0}
        with rasterio.open(folder / f"S2_{day}.tif", "w", crs="EPSG:32631", transform=transform, **profile) as target:
            target.write(bands.clip(0, 10000).astype(np.uint16))
            target.descriptions = ("B04", "B8A")
    boxes = [
        shapely.box(5e5 + 80 * c, 5.6e6 - 80 * (r + 1), 5e5 + 80 * (c + 1), 5.6e6 - 80 * r)
        for r, c in np.ndindex(12, 12)
    ]
    codes = [("10", "20")[kinds[r, c]] for r, c in np.ndindex(12, 12)]
    gpd.GeoDataFrame({"code": codes}, geometry=boxes, crs="EPSG:32631").to_file(folder / "parcels.gpkg")
    (folder / "legend.json").write_text(json.dumps(LEGEND.to_dict()))
    return folder


def job_of(toy: Path, model: Path, **other) -> TrainJob:
    values = {
        "legend": str(toy / "legend.json"),
        "settings": (("widths", "8,8"), ("cfma_blocks", "1"), ("cfma_width", "8"), ("heads", "2"), ("key_dim", "2")),
        "windows": ((95, 135), (150, 195), (210, 260)),
        "bands": ("B04", "B8A"),
        "epochs": 8,
        "steps": 8,
        "patch": 32,
        "batch": 4,
        "optimizer": "adamw",
        "tile": 32,
        "overlap": 16,
        "region": "nowhere",
    }
    scenes = tuple(SceneSource(str(p)) for p in sorted(toy.glob("S2_*.tif")))
    return changed(TrainJob((labelled(scenes, toy / "parcels.gpkg", "code"),), str(model)), **(values | other))
