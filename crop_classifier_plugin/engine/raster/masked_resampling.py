"""Resampling that keeps clouds out: a file is masked on its own grid first, so that no clouded pixel is blended in.

Where it is used, and where not, is said in series/cube/stack.py (`masked_resampling`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from .grid import Grid, Window

Float = NDArray[np.float32]


def resampling_of(cubic: bool) -> Resampling:
    """How measured values are brought to another grid. Beside a gap GDAL's cubic gives way to bilinear."""
    return Resampling.cubic if cubic else Resampling.bilinear


def source_window(target: Grid, source: Grid) -> Window | None:
    """The part of `source` that resampling onto `target` looks at, cubic too; None where they do not meet."""
    x0, y0, x1, y1 = _bounds_in(target, source.crs)
    px = source.pixel[0]
    left, right = (x0 - source.transform.c) / px, (x1 - source.transform.c) / px
    top, bottom = sorted((y - source.transform.f) / source.transform.e for y in (y0, y1))  # south-up too
    margin = 2 + math.ceil(2 * max((right - left) / target.width, (bottom - top) / target.height))
    row, col = max(math.floor(top) - margin, 0), max(math.floor(left) - margin, 0)
    end_row, end_col = min(math.ceil(bottom) + margin, source.height), min(math.ceil(right) + margin, source.width)
    return Window(row, col, end_row - row, end_col - col) if row < end_row and col < end_col else None


def _bounds_in(grid: Grid, crs: CRS) -> tuple[float, float, float, float]:
    if grid.crs == crs:
        return grid.bounds
    west, south, east, north = transform_bounds(grid.crs, crs, *grid.bounds, densify_pts=51)
    return west, south, east, north


def resample(values: Float, source: Grid, target: Grid, cubic: bool = False) -> Float:
    """(C, h, w) on `source` -> (C, H, W) on `target`, bilinear (or cubic) among the neighbours that are not NaN."""
    bands, height, width = values.shape
    shape = {"count": bands, "height": height, "width": width, "dtype": "float32", "nodata": np.nan}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", crs=source.crs, transform=source.transform, **shape) as file:
            file.write(values)
        with (
            memory.open() as file,
            # reproject() cannot be told a tolerance: across systems its pixels would depend on the window they are in
            WarpedVRT(
                file,
                crs=target.crs,
                transform=target.transform,
                height=target.height,
                width=target.width,
                resampling=resampling_of(cubic),
                nodata=np.nan,
                tolerance=1e-9,  # px, as in raster.reader
            ) as warped,
        ):
            out: Float = warped.read()
    return out
