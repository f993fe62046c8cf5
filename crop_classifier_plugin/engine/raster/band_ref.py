"""One band of one file, and where on the ground it lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform_bounds

from .geodesy import Bounds as Bounds
from .geodesy import ground_pixel


@dataclass(frozen=True)
class BandOrigin:
    """What a file and the names around it tell of a band; "" = nothing."""

    written: str = ""  # the text that names the band: its description, the file's name
    sensor: str = ""  # as Landsat 8
    level: str = ""  # one of products.spec.LEVELS
    unit: str = ""
    several: tuple[str, ...] = ()  # the bands that its name speaks of, where it speaks of several and none is taken


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
    nodata: float | None
    scale: float
    offset: float
    origin: BandOrigin = BandOrigin()

    @property
    def unit(self) -> str:
        return self.origin.unit

    @property
    def bounds(self) -> Bounds:
        """xmin, ymin, xmax, ymax in `crs`."""
        corners = [self.transform @ p for p in ((0, 0), (self.width, 0), (0, self.height), (self.width, self.height))]
        xs, ys = zip(*corners)
        return min(xs), min(ys), max(xs), max(ys)

    @cached_property
    def pixel(self) -> float:
        """Side of the middle pixel on the ground, in metres (geometric mean of width and height)."""
        return ground_pixel(self.crs, self.transform, self.height, self.width)

    def bounds_in(self, crs: CRS) -> Bounds:
        if crs == self.crs:
            return self.bounds
        west, south, east, north = transform_bounds(self.crs, crs, *self.bounds)
        return west, south, east, north
