"""One band of one file, and where on the ground it lies; GDAL's names of rasters inside a file, taken apart."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath

from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform_bounds

from ...shared.errors import BadInput
from .geodesy import Bounds as Bounds
from .geodesy import ground_pixel, unrolled

# NETCDF:"file":variable, HDF4_EOS:EOS_GRID:"file":grid:field, HDF5:"file"://group/field, ZARR:"folder":/array
_QUOTED = re.compile(r'^[A-Za-z]\w+:(?:\w+:)?"([^"]+)":?(.*)$')
_BARE = re.compile(r"^(?:netcdf|hdf5|zarr):(.+?\.(?:nc4?|h5|he5|hdf5?|zarr)):(.+)$", re.IGNORECASE)


@dataclass(frozen=True)
class BandOrigin:
    """What a file and the names around it tell of a band; "" = nothing."""

    written: str = ""  # the words that name the band
    where: str = ""  # where they stand: the file's name, its band descriptions, a STAC item
    sensor: str = ""  # as Landsat 8
    level: str = ""  # one of products.spec.LEVELS
    unit: str = ""
    several: tuple[str, ...] = ()  # the bands that its name speaks of, where it speaks of several and none is taken


@dataclass(frozen=True)
class Encoding:
    """How the numbers of a band are meant."""

    scale: float = 1.0
    offset: float = 0.0
    more_nodata: tuple[tuple[float, float], ...] = ()  # numbers (from, to), both included, that QGIS shows as no data


@dataclass(frozen=True)
class BandRef:
    """One band of one file: where it lies and how its numbers are meant."""

    path: str
    index: int  # 1-based, as GDAL counts
    band: str  # canonical name; "" = unnamed
    crs: CRS
    transform: Affine
    height: int
    width: int
    dtype: str
    nodata: float | None  # NaN = none, and no default counts either
    encoding: Encoding = Encoding()
    origin: BandOrigin = BandOrigin()

    @property
    def scale(self) -> float:
        """Value = number x scale + offset."""
        return self.encoding.scale

    @property
    def offset(self) -> float:
        """Value = number x scale + offset."""
        return self.encoding.offset

    @property
    def unit(self) -> str:
        """Of the value, as the file says; "" = unknown."""
        return self.origin.unit

    @property
    def bounds(self) -> Bounds:
        """xmin, ymin, xmax, ymax in `crs`."""
        corners = [self.transform @ p for p in ((0, 0), (self.width, 0), (0, self.height), (self.width, self.height))]
        xs, ys = zip(*corners)
        return min(xs), min(ys), max(xs), max(ys)

    @cached_property
    def pixel(self) -> float:
        """Side of the middle pixel on the ground, in metres (geometric mean of width and height).

        Raises BadInput for a CRS that knows no such place.
        """
        side = math.nan
        with suppress(RasterioError, CPLE_BaseError):  # PROJ tells a place that is none so, or by numbers that are none
            side = ground_pixel(self.crs, self.transform, self.height, self.width)
        if not 0 < side < math.inf:
            name = self.crs.to_string() if self.crs.to_epsg() else "a local one"
            raise BadInput(f"{self.path} lies nowhere on Earth by its CRS ({name}): assign the right one.")
        return side

    @property
    def beyond_180(self) -> bool:
        """Whether its degrees are counted on beyond 180."""
        return bool(self.crs.is_geographic) and self.bounds[0] + self.bounds[2] > 360

    def turned(self, degrees: float) -> BandRef:
        """The same place with its longitudes counted otherwise."""
        return replace(self, transform=Affine.translation(degrees, 0) @ self.transform)

    def bounds_in(self, crs: CRS) -> Bounds:
        if crs == self.crs:
            return self.bounds
        west, south, east, north = transform_bounds(self.crs, crs, *self.bounds)
        box = west, south, east, north
        return unrolled(box) if crs.is_geographic else box


# --- rasters inside a file (netCDF, HDF, Zarr) ------------------------------------------------------------------------


def split_name(path: str) -> tuple[str, str]:
    """The file, and the raster inside it; "" for a file that is opened as a whole."""
    found = _QUOTED.match(path) or _BARE.match(path)
    return (found[1], found[2].strip("/")) if found else (path, "")


def file_of(path: str) -> str:
    """The file that a raster lies in."""
    return split_name(path)[0]


def short_name(path: str) -> str:
    """The name of the file without its folders, as `cube.nc`, or as `cube.nc:B04` for a raster inside it."""
    file, inside = split_name(path)
    return ":".join(filter(None, (PurePath(file).name, inside)))
