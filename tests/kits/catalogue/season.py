"""A season of Sentinel-2 in a catalogue: GeoTIFFs of a tile, and an item a date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.warp import transform_bounds

from kits.catalogue.server import Catalogue

SIDE, PIXEL, CRS = 1500, 10.0, "EPSG:32631"
WEST, NORTH = 500_000.0, 5_650_000.0
BANDS = {"red": ("B04", 10), "nir": ("B08", 10), "scl": ("SCL", 20)}
PLACE = (WEST + 3005.0, NORTH - 6005.0, WEST + 5205.0, NORTH - 4005.0)  # xmin, ymin, xmax, ymax


def days(count: int) -> list[dt.date]:
    return [dt.date(2023, 4, 1) + dt.timedelta(10 * k) for k in range(count)]


def values(band: str, number: int) -> np.ndarray:
    """(H, W) of a date: fields of 300 m that green up one after the other."""
    step = 2 if band == "SCL" else 1
    rows, cols = np.mgrid[0:SIDE:step, 0:SIDE:step] // 30
    green = np.clip(0.15 * number - 0.1 * ((rows + cols) % 5), 0, 1)
    level = {"B04": 2000 - 1500 * green, "B08": 2200 + 2500 * green, "SCL": np.full(green.shape, 4.0)}[band]
    made = np.rint(level).astype(np.uint8 if band == "SCL" else np.uint16)
    if band == "SCL" and number == 2:
        made[:] = 9
    return made


def write(files: Path, count: int = 5) -> list[dict[str, Any]]:
    """Writes the files; their items, with addresses to be filled in by `fill`."""
    files.mkdir(parents=True, exist_ok=True)
    return [_item(files, number, day) for number, day in enumerate(days(count))]


def _item(files: Path, number: int, day: dt.date) -> dict[str, Any]:
    name = f"S2A_31UES_{day:%Y%m%d}_0_L2A"
    assets: dict[str, Any] = {}
    for key, (band, size) in BANDS.items():
        path = files / f"{name}_{band}.tif"
        transform = rasterio.Affine(size, 0, WEST, 0, -size, NORTH)
        profile = {"driver": "GTiff", "tiled": True, "blockxsize": 256, "blockysize": 256, "nodata": 0, "count": 1}
        array = values(band, number)
        shape = {"height": array.shape[0], "width": array.shape[1], "dtype": array.dtype}
        with rasterio.open(path, "w", **profile, **shape, crs=CRS, transform=transform) as file:
            file.write(array, 1)
        scale = [{"nodata": 0}] if band == "SCL" else [{"nodata": 0, "scale": 0.0001, "offset": 0.0}]
        kind = "image/tiff; application=geotiff; profile=cloud-optimized"
        eo = {} if band == "SCL" else {"eo:bands": [{"name": key, "common_name": key}]}
        assets[key] = {"href": f"/files/{path.name}", "type": kind, "roles": ["data"], "raster:bands": scale, **eo}
    bounds = (WEST, NORTH - SIDE * PIXEL, WEST + SIDE * PIXEL, NORTH)
    box = [float(v) for v in transform_bounds(CRS, "EPSG:4326", *bounds)]
    ring = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]], [box[0], box[1]]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "sentinel-2-l2a",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": box,
        "properties": {
            "datetime": f"{day}T10:56:00Z",
            "eo:cloud_cover": 100.0 if number == 2 else 3.0 * number,
            "platform": "sentinel-2a",
            "proj:epsg": 32631,
            "proj:shape": [SIDE, SIDE],
        },
        "links": [],
        "assets": assets,
    }


def fill(catalogue: Catalogue) -> None:
    """Gives the items the addresses of the files."""
    for item in catalogue.items:
        for asset in item["assets"].values():
            asset["href"] = catalogue.address + asset["href"]
