"""Files that hold several rasters: netCDF, HDF and Zarr, by the variables whose bands are known by name."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from ...shared.errors import BadInput, BadRaster, DriverMissing
from ..raster.band_ref import split_name
from ..reporting.sentences import listed
from .band_names import speaks_of_band
from .date_table import DateTable

_DRIVERS = {
    ".hdf": "HDF4", ".h5": "HDF5", ".he5": "HDF5", ".hdf5": "HDF5", ".nc": "netCDF", ".nc4": "netCDF", ".zarr": "Zarr"
}  # fmt: skip
_ZARR_FILES = (".zgroup", ".zarray", "zarr.json")
CUBES = tuple(_DRIVERS)


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr cube."""
    return path.suffix.lower() == ".zarr" or any((path / name).is_file() for name in _ZARR_FILES)


def rasters_in(path: str, table: DateTable) -> list[str]:
    """What GDAL calls the rasters in a cube that are named after a band, or that the table of dates names one of; any
    other file itself.

    Raises BadInput where no variable is named so, DriverMissing, BadRaster.
    """
    if not os.path.exists(path) or not (Path(path).suffix.lower() in CUBES or os.path.isdir(path)):
        return [path]
    parts = _subdatasets(path)
    named = [p for p in parts if speaks_of_band(p) or table.names_bands([p])]
    if parts and not named:
        variables = listed(split_name(part)[1] for part in parts)
        raise BadInput(
            f"None of the rasters in {path} has the name of a band ({variables}): name the band of each in a "
            "table with the columns layer and name."
        )
    return named or [path]


def _subdatasets(path: str) -> list[str]:
    """Of a file that is no raster as a whole."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # the file as a whole lies nowhere
            with rasterio.open(path) as file:
                told = {} if file.count else file.tags(ns="SUBDATASETS")
                return sorted(name for key, name in told.items() if key.endswith("_NAME"))
    except RasterioError as error:
        driver = _DRIVERS.get(Path(path).suffix.lower(), "Zarr")
        with rasterio.Env() as env:
            if driver not in env.drivers():
                raise DriverMissing(path, driver) from None
        raise BadRaster(path, str(error)) from None
