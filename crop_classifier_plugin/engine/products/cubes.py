"""Files that hold several rasters: netCDF, HDF and Zarr, by the variables whose bands are known by name."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from ...shared.errors import BadInput, BadRaster, DriverMissing
from ..access.rasters import open_raster
from ..raster.band_ref import split_name
from ..reporting.sentences import listed
from .band_names import speaks_of_band
from .bands import name_of
from .date_table import DateTable

_DRIVERS = {
    ".hdf": "HDF4", ".h5": "HDF5", ".he5": "HDF5", ".hdf5": "HDF5", ".nc": "netCDF", ".nc4": "netCDF", ".zarr": "Zarr"
}  # fmt: skip
_AXIS = re.compile(r"^DIM_.+_VALUE$")
_ZARR_FILES = (".zgroup", ".zarray", "zarr.json")
CUBES = tuple(_DRIVERS)


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr cube."""
    return path.suffix.lower() == ".zarr" or any((path / name).is_file() for name in _ZARR_FILES)


def rasters_in(path: str, table: DateTable) -> list[str]:
    """What GDAL calls the rasters in a cube that are named after a band, that name their bands themselves, or that the
    table of dates names a band of; any other file itself.

    Raises BadInput where there is no such raster, DriverMissing, BadRaster.
    """
    there = path.startswith("/vsi") or os.path.exists(path)
    if not there or not (Path(path).suffix.lower() in CUBES or os.path.isdir(path)):
        return [path]
    parts = _subdatasets(path)
    named = [p for p in parts if speaks_of_band(p) or table.names_bands([p])]
    named = named or [p for p in parts if _names_its_bands(p)]
    if parts and not named:
        variables = listed(split_name(part)[1] for part in parts)
        raise BadInput(
            f"None of the rasters in {path} has the name of a band ({variables}): name the band of each, or each of "
            "its bands, in a table with the columns layer, band and name."
        )
    return named or [path]


def texts_of(file: rasterio.DatasetReader) -> list[str]:
    """What each band of an open file is called: its description, else its variable, or its place on an axis of bands;
    "" = nothing."""
    tags = [file.tags(index) for index in file.indexes]
    texts = [told or each.get("NETCDF_VARNAME", "") for told, each in zip(file.descriptions, tags)]
    if any(texts):
        return texts
    return [next((each[key] for key in each if _AXIS.match(key) and not _number(each[key])), "") for each in tags]


def _number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdecimal()


def _names_its_bands(path: str) -> bool:
    try:
        with open_raster(path) as file:
            return any(name_of(text) for text in texts_of(file))
    except RasterioError:
        return False  # an axis of text is no raster


def _subdatasets(path: str) -> list[str]:
    """Of a file that is no raster as a whole."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # the file as a whole lies nowhere
            with open_raster(path) as file:
                told = {} if file.count else file.tags(ns="SUBDATASETS")
                found = sorted(name for key, name in told.items() if key.endswith("_NAME"))
                if not found and not file.count:
                    raise BadRaster(path, "it holds no raster")
                return found
    except RasterioError as error:
        driver = _DRIVERS.get(Path(path).suffix.lower(), "Zarr")
        with rasterio.Env() as env:
            if driver not in env.drivers():
                raise DriverMissing(path, driver) from None
        raise BadRaster(path, str(error)) from None
