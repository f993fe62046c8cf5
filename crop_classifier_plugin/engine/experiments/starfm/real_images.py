"""A pair of real Landsat-8 and MODIS images: days 220 and 243 of 2016.

landsat_modis_2016 has 444 x 444 px of 30 m without georeference, so a made-up one is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from ....shared.jobs.sources import SceneSource
from ...access.rasters import open_raster

NAME = "landsat_modis_2016"
DAYS = {"220": "20160807", "243": "20160830"}
DIRECTIONS = (("220", "243"), ("243", "220"))  # base, target
BANDS = ("NDVI", "B03", "B04", "B08", "B11")
POSITIONS = {"B04": 0, "B11": 1, "B08": 2, "B03": 3}  # of the files, told by their spectral signature


def write_real(data: Path, folder: Path) -> None:
    """One raster a sensor, band and day, named as `image` finds them."""
    for day in DAYS:
        fine = _read(data / NAME / f"L_2016_{day}.tif") * 2e-5 - 0.1
        coarse = _read(data / NAME / f"M_2016_{day}-bilinear.tif") * 1e-4
        for sensor, cube in (("fine", fine), ("coarse", coarse)):
            bands = {band: cube[position] for band, position in POSITIONS.items()}
            bands["NDVI"] = (bands["B08"] - bands["B04"]) / (bands["B08"] + bands["B04"])
            for band, values in bands.items():
                write_band(Path(image(folder, sensor, band, day).path), values, band, 30)


def image(folder: Path, sensor: str, band: str, day: str) -> SceneSource:
    """The image of a sensor, fine or coarse, on a day of the year."""
    return SceneSource(str(folder / f"{sensor}_{band}_{DAYS[day]}.tif"))


def _read(path: Path) -> NDArray[Any]:
    with open_raster(path) as file:
        return np.asarray(file.read())


def write_band(path: Path, values: NDArray[Any], band: str, pixel: float) -> None:
    """One band (H,W) with pixels of so many metres."""
    profile = {"driver": "GTiff", "count": 1, "height": values.shape[0], "width": values.shape[1], "tiled": True}
    place = {"crs": "EPSG:32631", "transform": Affine(pixel, 0, 500000, 0, -pixel, 5650000), "nodata": np.nan}
    with rasterio.open(path, "w", dtype="float32", **profile, **place) as file:
        file.write(values.astype(np.float32), 1)
        file.set_band_description(1, band)
        file.units = ("" if band == "NDVI" else "reflectance",)
