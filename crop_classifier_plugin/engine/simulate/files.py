"""The rasters of a season: their form on disk, always marked as simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.io import DatasetWriter

from ..legend import Legend
from ..raster.grid import Grid, Window
from .optics import Block

TILE = 256
PROGRAM = "Crop Classifier season simulator 1"


@dataclass(frozen=True)
class FileSpec:
    """One raster file. `factor` is its pixel in 10 m pixels; `scales` turn stored numbers into physical ones."""

    name: str
    factor: int
    dtype: str
    nodata: float
    bands: tuple[str, ...]
    scales: tuple[float, ...] = ()
    day: date | None = None
    legend: Legend | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Product:
    """Files that one computation fills: `render(block)` gives a (B, H, W) array for each of them."""

    files: tuple[FileSpec, ...]
    render: Callable[[Block], tuple[NDArray[Any], ...]]


def marks(seed: int) -> dict[str, str]:
    """Tags that every file of a season bears."""
    return {"SIMULATED": "yes", "SIMULATION_SEED": str(seed), "SIMULATION_PROGRAM": PROGRAM}


def create(path: str, spec: FileSpec, grid: Grid, seed: int) -> DatasetWriter:
    """A new tiled GeoTIFF with its names, scales and marks; closed by the caller."""
    predictor = 3 if spec.dtype == "float32" else 1 if spec.dtype == "uint8" else 2
    target = rasterio.open(
        path,
        "w",
        driver="GTiff",
        crs=grid.crs,
        transform=grid.transform,
        height=grid.height,
        width=grid.width,
        count=len(spec.bands),
        dtype=spec.dtype,
        nodata=spec.nodata,
        tiled=True,
        blockxsize=TILE,
        blockysize=TILE,
        compress="deflate",
        zlevel=4,
        predictor=predictor,
        bigtiff="if_safer",
        **({"photometric": "palette"} if spec.legend else {}),
    )
    _describe(target, spec, seed)
    return target


def _describe(target: DatasetWriter, spec: FileSpec, seed: int) -> None:
    target.descriptions = spec.bands
    if spec.scales:
        target.scales = spec.scales
        target.offsets = tuple(0.0 for _ in spec.scales)
    target.update_tags(**marks(seed), **spec.tags)
    if spec.day:
        target.update_tags(TIFFTAG_DATETIME=spec.day.strftime("%Y:%m:%d 10:30:00"))
    if spec.legend:
        target.write_colormap(1, {0: (0, 0, 0, 0), **{c.code: (*c.rgb, 255) for c in spec.legend}})
        target.colorinterp = [ColorInterp.palette]


def write(target: DatasetWriter, values: NDArray[Any], window: Window, factor: int) -> None:
    """Writes a block whose window counts 10 m pixels."""
    rows, cols = window.row // factor, window.col // factor
    height, width = values.shape[-2:]
    target.write(values, window=rasterio.windows.Window(cols, rows, width, height))


def add_overviews(path: str) -> None:
    """Half, quarter, ... of a class raster, until it fits a tile."""
    with rasterio.open(path, "r+") as target:
        steps = [2**k for k in range(1, 12) if max(target.shape) / 2 ** (k - 1) > TILE]
        if steps:
            target.build_overviews(steps, rasterio.enums.Resampling.nearest)
