"""Small rasters and seasons, made from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")


def write_raster(path: Path, array: np.ndarray, **profile: Any) -> Path:
    """A GeoTIFF of (B,H,W); `names` are its band descriptions. 10 m pixels in EPSG:32631 unless said otherwise."""
    names = profile.pop("names", None)
    scale = profile.pop("scale", None)
    pixel = profile.pop("pixel", 10.0)
    defaults = {"crs": "EPSG:32631", "transform": Affine(pixel, 0, 500000, 0, -pixel, 5650000)}
    settings = {"driver": "GTiff", "count": array.shape[0], "height": array.shape[1], "width": array.shape[2]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", dtype=array.dtype, **(settings | defaults | profile)) as file:
        file.write(array)
        if scale:
            file.scales = (scale,) * array.shape[0]
        for index, name in enumerate(names or (), start=1):
            file.set_band_description(index, name)
    return path


def write_season(folder: Path, height: int = 50, width: int = 70, seed: int = 0, **profile: Any) -> list[Path]:
    """Three dated files with the six bands, uint16 reflectance x 10000, no data 0 in a corner of the second date."""
    rng = np.random.default_rng(seed)
    paths = []
    for number, day in enumerate(("20240425", "20240620", "20240815")):
        array = rng.integers(200, 6000, (6, height, width)).astype(np.uint16)
        if number == 1:
            array[:, :5, :7] = 0
        settings = {"names": BANDS, "nodata": 0} | profile
        paths.append(write_raster(folder / f"S2_{day}.tif", array, **settings))
    return paths
