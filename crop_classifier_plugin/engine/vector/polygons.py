"""Polygons burnt onto a raster grid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize

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
