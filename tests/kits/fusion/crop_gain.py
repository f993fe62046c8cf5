"""Fields of three crops whose images a crop gain is counted on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

from crop_classifier_plugin.shared.jobs.fusion import CropGainJob, Prediction
from crop_classifier_plugin.shared.jobs.sources import LabelSource, SceneSource, Series
from kits.rasters import write_raster
from kits.training.jobs import with_parts

FIELD = 12  # px, side of a field: 8 x 6 fields of three crops


HEIGHT, WIDTH = 6 * FIELD, 8 * FIELD


EARLY, LATE = ("20240410", "20240501", "20240520"), ("20240715", "20240830")


def crops() -> np.ndarray:
    """(6, 8) of 0, 1, 2."""
    return np.random.default_rng(5).permutation(np.arange(48) % 3).reshape(6, 8)


def ndvi(day: str, rng: np.random.Generator) -> np.ndarray:
    """Early, crops 1 and 2 look alike; in July 0 and 1 do; in August all three differ a little."""
    level = {"4": (0.3, 0.5, 0.5), "5": (0.4, 0.7, 0.7), "7": (0.3, 0.3, 0.8), "8": (0.2, 0.35, 0.5)}[day[5]]
    field = np.array(level)[crops()] + rng.normal(0, 0.03, (6, 8))
    return (np.kron(field, np.ones((FIELD, FIELD))) + rng.normal(0, 0.06, (HEIGHT, WIDTH))).astype(np.float32)


def write_place(folder: Path) -> Path:
    """Three early dates, a real and a useless image of two later ones, parcels and class raster."""
    rng = np.random.default_rng(0)
    for day in EARLY:
        write_raster(folder / "early" / f"NDVI_{day}.tif", ndvi(day, rng)[None], names=["NDVI"], nodata=np.nan)
    for day in LATE:
        write_raster(folder / f"NDVI_real_{day}.tif", ndvi(day, rng)[None], names=["NDVI"], nodata=np.nan)
        noise = rng.normal(0.4, 0.1, (1, HEIGHT, WIDTH)).astype(np.float32)
        write_raster(folder / f"NDVI_noise_{day}.tif", noise, names=["NDVI"], nodata=np.nan)
    truth = np.kron(crops(), np.ones((FIELD, FIELD), int))[None].astype(np.uint8) + 1
    write_raster(folder / "truth.tif", truth, nodata=0)
    boxes = [
        shapely.box(500000 + 120 * c, 5650000 - 120 * (r + 1), 500000 + 120 * (c + 1), 5650000 - 120 * r)
        for r, c in np.ndindex(6, 8)
    ]
    names = np.array(["maize", "potato", "wheat"])[crops().ravel()]
    geopandas.GeoDataFrame({"crop": names}, geometry=boxes, crs="EPSG:32631").to_file(folder / "fields.gpkg")
    return folder


def images(place: Path, *names: str) -> tuple[Prediction, ...]:
    return tuple(Prediction(SceneSource(str(place / f"NDVI_{name}_{day}.tif"))) for name in names for day in LATE)


def job(place: Path, out: Path, **changes: Any) -> CropGainJob:
    given = CropGainJob(
        Series((SceneSource(str(place / "early")),)),
        images(place, "real"),
        LabelSource(str(place / "fields.gpkg"), class_field="crop"),
        **{f"report_{kind}": str(out / f"g.{kind}") for kind in ("html", "json", "csv")},
    )
    if "split" in changes:
        changes["method"] = changes.pop("split")
    return with_parts(given, **({"seeds": 2, "trees": 8, "leaf": 5} | changes))
