"""Resampling that keeps clouds out: a file is masked on its own grid first, so that no clouded pixel is blended in.

Where it is used, and where not, is said in series/cube/stack.py (`masked_resampling`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from .grid import Grid, Window

Float = NDArray[np.float32]
_ROUNDING = 1e-10  # px, as GDAL's warper has it: a middle on a border between pixels is the next one's


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
    gaps = np.isnan(values)
    alike = len(values) == 1 or bool((gaps == gaps[:1]).all())
    if alike and not cubic and _is_finer(target, source):
        return _bilinear(values, gaps[0], source, target)
    return warp(values, source, target, cubic)


def _is_finer(target: Grid, source: Grid) -> bool:
    """Whether each pixel of the target lies among four of the source's, which count by how near they are."""
    fits = (own <= other * (1 + 1e-9) for own, other in zip(target.pixel, source.pixel))
    return target.crs == source.crs and all(fits)


@dataclass(frozen=True, eq=False)
class _Axis:
    """The source's rows (or columns) for n of the target's."""

    first: NDArray[np.int64]  # (n,) of the two that lie around the middle of each
    second: NDArray[np.int64]
    weights: tuple[NDArray[np.float64], NDArray[np.float64]]  # (n,) of these; 0 beyond the source's edge
    holding: NDArray[np.int64]  # (n,) the one that the middle lies in; -1 = none

    @classmethod
    def between(cls, corner: float, step: float, count: int, source: tuple[float, float, int]) -> _Axis:
        """`corner`, `step` and `count` of the target, and the same of the source."""
        start, size, length = source
        place = (corner + step * (np.arange(count) + 0.5) - start) / size
        first = np.floor(place - 0.5).astype(np.int64)
        far = place - 0.5 - first
        there = [(index >= 0) & (index < length) for index in (first, first + 1)]
        holding = np.floor(place + _ROUNDING).astype(np.int64)
        return cls(
            np.clip(first, 0, length - 1),
            np.clip(first + 1, 0, length - 1),
            ((1 - far) * there[0], far * there[1]),
            np.where((holding >= 0) & (holding < length), holding, -1),
        )


def _bilinear(values: Float, gaps: NDArray[np.bool_], source: Grid, target: Grid) -> Float:
    """What `warp` gives, pixel by pixel: nothing where the source's pixel in which the middle lies has nothing."""
    own, theirs = source.transform, target.transform
    cols = _Axis.between(theirs.c, theirs.a, target.width, (own.c, own.a, source.width))
    rows = _Axis.between(theirs.f, theirs.e, target.height, (own.f, own.e, source.height))
    known = ~gaps
    sums = _between(np.where(known, values, 0).astype(np.float64), rows, cols)
    total = _between(known[None].astype(np.float64), rows, cols)[0]
    there = known[rows.holding][:, cols.holding] & (rows.holding >= 0)[:, None] & (cols.holding >= 0)
    out: Float = np.where(there, sums / np.where(there, total, 1.0), np.nan).astype(np.float32)
    return out


def _between(values: NDArray[np.float64], rows: _Axis, cols: _Axis) -> NDArray[np.float64]:
    """(C, h, w) -> (C, H, W) sums of the four around each, by their weights."""
    west, east = values.take(cols.first, axis=2), values.take(cols.second, axis=2)
    across = west * cols.weights[0] + east * cols.weights[1]
    north, south = across.take(rows.first, axis=1), across.take(rows.second, axis=1)
    found: NDArray[np.float64] = north * rows.weights[0][:, None] + south * rows.weights[1][:, None]
    return found


def warp(values: Float, source: Grid, target: Grid, cubic: bool = False) -> Float:
    """The same by GDAL, whatever the grids."""
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
