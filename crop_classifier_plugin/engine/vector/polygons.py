"""Polygons on a raster grid: burnt onto it, and beside 180 degrees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.features import rasterize

from ..raster.geodesy import Bounds, crosses_180
from ..raster.grid import Grid


def rasterize_polygons(shapes: Iterable[tuple[Any, int]], grid: Grid, dtype: str = "uint16") -> NDArray[Any]:
    """(H, W) array of the values of the polygons that hold each pixel's centre; 0 elsewhere, later polygons on top."""
    pairs = list(shapes)
    if not pairs:
        return np.zeros((grid.height, grid.width), dtype=dtype)
    burnt: NDArray[Any] = rasterize(
        pairs, out_shape=(grid.height, grid.width), transform=grid.transform, fill=0, all_touched=False, dtype=dtype
    )
    return burnt


def counted_on(shapes: NDArray[Any], crs: CRS, bounds: Bounds) -> NDArray[Any]:
    """Shapes in `crs`; where the bounds of a raster count degrees on beyond 180, those west of it are moved there."""
    if not crosses_180(crs, bounds):
        return shapes
    moved: NDArray[Any] = shapes.copy()
    west = shapely.bounds(shapes)[:, 2] < bounds[0]
    moved[west] = shapely.transform(shapes[west], lambda points: points + np.array([360, 0]))
    return moved
