"""A place with small inputs for every kind of job, made once; what jobs make of each other is made by these jobs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely

from crop_classifier_plugin.engine.execution.dispatch import run_job
from crop_classifier_plugin.engine.execution.reporter import Silent
from kits.fusion.crop_gain import write_place as write_crop_gain
from kits.fusion.tsstfn import YEARS, write_year
from kits.models import LEGEND, write_model
from kits.rasters import write_raster, write_season
from kits.seasons import filled
from kits.torture.cases import job_of
from kits.training.toy import write_toy

HEIGHT, WIDTH, FIELD = 160, 240, 20  # px of the season, and the side of a parcel
L1C = "S2A_MSIL1C_20190421T105031_N0207_R051_T31UFS_20190421T130000.tif"
FIRST = (
    *("classify", "clean_map", "train", "train_tsstfn", "fuse_tsstfn", "pretrain_cropsts"),
    *("review_list", "sample_design"),
)


def make_place(folder: Path) -> Path:
    """The inputs of kits.torture.cases, the results of some of them included."""
    folder.mkdir(parents=True)
    write_season(folder / "season", HEIGHT, WIDTH)
    write_model(folder / "network")
    _write_parcels(folder / "parcels.gpkg")
    filled(folder / "clouded")
    (folder / "toy").mkdir()
    write_toy(folder / "toy")
    write_crop_gain(folder / "gain")
    for seed, year in enumerate(YEARS):
        write_year(folder / "fusion", year, seed)
    _write_l1c(folder / "l1c" / L1C)
    for name in FIRST:
        run_job(job_of(name, folder, folder / "made" / name), Silent())
    _write_answers(folder / "made" / "review_list" / "review.gpkg", folder / "review.gpkg")
    _write_answers(folder / "made" / "sample_design" / "sample.gpkg", folder / "sample.gpkg")
    return folder


def _write_parcels(path: Path) -> None:
    rng = np.random.default_rng(1)
    cells = list(np.ndindex(HEIGHT // FIELD, WIDTH // FIELD))
    side = 10 * FIELD
    boxes = [
        shapely.box(5e5 + side * c, 5.65e6 - side * (r + 1), 5e5 + side * (c + 1), 5.65e6 - side * r) for r, c in cells
    ]
    crops = rng.choice(LEGEND.names, len(cells))
    frame = geopandas.GeoDataFrame({"nr": np.arange(len(cells)), "crop": crops}, geometry=boxes, crs="EPSG:32631")
    frame.to_file(path)


def _write_l1c(path: Path) -> None:
    from crop_classifier_plugin.engine.series.operations.cloud_masks.detector import BANDS

    numbers = np.random.default_rng(2).integers(500, 6000, (len(BANDS), 60, 80)).astype(np.uint16)
    write_raster(path, numbers, names=BANDS, nodata=0, pixel=60.0, scale=1e-4)


def _write_answers(listed: Path, answered: Path) -> None:
    """Every unit accepted, but each fourth, which is maize."""
    frame = geopandas.read_file(listed, layer="review")
    other = np.arange(len(frame)) % 4 == 0
    frame["status"] = np.where(other, "relabelled", "accepted")
    frame["review_name"] = np.where(other, "maize", None)
    shutil.copy(listed, answered)  # which holds the strata too
    frame.to_file(answered, layer="review")


def digest(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file of a place: what a run must not touch."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            told = os.stat(os.path.join(root, name))
            found[os.path.join(root, name)] = (told.st_size, told.st_mtime_ns)
    return found


def values(path: Path) -> np.ndarray:
    """(B,H,W) of a raster."""
    with rasterio.open(path) as file:
        return file.read()
