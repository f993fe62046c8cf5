"""Places of odd sizes under clouds, labelled for all dates or by month, and the job in which a network meets them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine

from crop_classifier_plugin.shared.jobs.sources import Extent, LabelledSeries, LabelSource, Series
from crop_classifier_plugin.shared.jobs.train import TrainJob
from crop_classifier_plugin.shared.networks import NETWORKS, trainable
from kits.networks.inputs import SMALLEST
from kits.rasters import write_raster
from kits.training.jobs import changed, sources

WEST, NORTH = 500_000, 5_650_000
SIZES = {"learnt": (91, 77), "checked": (45, 83), "tested": (61, 39)}  # px, rows and columns
EXTENTS = {"learnt": (13, 9, 85, 70), "checked": (0, 31, 45, 83), "tested": None}  # px: top, left, bottom, right
MONTHS = (("2024-05", "May"), ("2024-06", "June"))
MONTHLY = {"unet_convlstm": MONTHS[:1], "vunet_convlstm": MONTHS}  # the first learns one month
FAST = {"random_forest": {"trees": "5", "depth": "6"}}


def write_odd_places(folder: Path) -> Path:
    """A folder a place; all lie far apart, so that no parcel of one is another's."""
    for number, (name, size) in enumerate(SIZES.items()):
        _write(folder / name, size, (WEST + 5000 * number, NORTH), number)
    return folder


def _write(folder: Path, size: tuple[int, int], corner: tuple[int, int], seed: int) -> None:
    """Eight optical dates and four of radar (20 m), each with a cloud of its own; crops in parcels of 9 x 7 px."""
    rng = np.random.default_rng(seed)
    crop = np.kron(rng.integers(0, 2, (11, 13)), np.ones((9, 7), int))[: size[0], : size[1]]
    place = {"transform": _transform(corner, 10)}
    for i in range(8):
        day = f"{dt.date(2024, 3, 10) + dt.timedelta(15 * i):%Y%m%d}"
        bands = (1000 + 400 * i * crop + rng.normal(0, 300, (2, *size))).clip(1).astype(np.uint16)
        bands[:, _cloud(size, rng)] = 0
        write_raster(folder / "s2" / f"S2_{day}.tif", bands, names=("B04", "B8A"), nodata=0, **place)
        if i % 2:
            coarse = crop[::2, ::2]
            decibel = rng.normal([[[-10]], [[-17]]], 2, (2, *coarse.shape)) + 3 * coarse
            decibel[:, _cloud(coarse.shape, rng)] = np.nan
            facts = {"names": ("VV", "VH"), "nodata": np.nan, "transform": _transform(corner, 20)}
            write_raster(folder / "s1" / f"S1_{day}.tif", decibel.astype(np.float32), **facts)
    _write_parcels(folder, crop, corner)


def _transform(corner: tuple[int, int], pixel: int) -> Any:

    return Affine(pixel, 0, corner[0], 0, -pixel, corner[1])


def _cloud(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(H,W): a disc of an eighth of the image or so."""
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    row, col = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
    found: np.ndarray = (rows - row) ** 2 + (cols - col) ** 2 < shape[0] * shape[1] / 25
    return found


def _write_parcels(folder: Path, crop: np.ndarray, corner: tuple[int, int]) -> None:
    """Every second block is a parcel; what is wheat in May is soil in June."""
    boxes, names = [], []
    for row, col in np.ndindex(crop.shape[0] // 9, crop.shape[1] // 7):
        if (row + col) % 2:
            continue
        x, y = corner[0] + 70 * col, corner[1] - 90 * row
        boxes.append(shapely.box(x, y - 90, x + 70, y))
        names.append(("maize", "wheat")[crop[9 * row, 7 * col]])
    june = ["soil" if name == "wheat" else name for name in names]
    frame = gpd.GeoDataFrame({"crop": names, "May": names, "June": june}, geometry=boxes, crs="EPSG:32631")
    frame.to_file(folder / "parcels.gpkg")


def job_of_all(places: Path, model: Path, network: str, **changes: Any) -> TrainJob:
    """Learns from a part of one place, chooses the epoch on a part of another, and is tested on a third."""
    two = network == "attention_3dcnn"
    learnt, checked, tested = (_labelled(places, name, MONTHLY.get(network, ()), two) for name in SIZES)
    size = () if network in FAST else (("preset", "small"),)
    settings = (*size, *(SMALLEST | FAST).get(network, {}).items())
    facts = {"network": network, "settings": settings, "bands": ("B04", "B8A"), "tile": 32, "overlap": 16}
    facts |= {"patch": 32, "epochs": 1, "steps": 1, "batch": 2, "seed": 2, "min_parcels": 1, "region": "nowhere"}
    if network in MONTHLY:
        facts |= {"windows": ((1, 30),) * 3, "min_dates": 1}
    job = TrainJob((learnt,), str(model), test_series=(tested,), validation_series=(checked,))
    return changed(job, **(facts | changes))


def _labelled(places: Path, name: str, months: tuple[tuple[str, str], ...], two: bool) -> LabelledSeries:
    folder, extent = places / name, extent_of(name)
    labels = LabelSource(str(folder / "parcels.gpkg"), class_field="" if months else "crop", month_fields=months)
    radar = Series(sources(folder / "s1"), extent=extent) if two else None
    return LabelledSeries(Series(sources(folder / "s2"), mask="none", extent=extent), labels, radar)


def extent_of(name: str) -> Extent | None:
    """The rectangle of a place that is read; None = all of it."""
    box = EXTENTS[name]
    if box is None:
        return None
    west = WEST + 5000 * list(SIZES).index(name)
    top, left, bottom, right = box
    return Extent(west + 10 * left, NORTH - 10 * bottom, west + 10 * right, NORTH - 10 * top, "EPSG:32631")


def every_network() -> list[str]:
    """What learns from labels, forests last."""
    return sorted(trainable(), key=lambda name: not NETWORKS[name].network)
