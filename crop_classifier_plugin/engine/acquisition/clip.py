"""The part of a GeoTIFF on a server that lies over the place: only its tiles travel."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from ...shared.errors import DiskFull, NetworkFailed
from ...shared.jobs.sources import Extent
from ..access.rasters import open_raster
from ..execution.outputs import translate
from ..raster.grid import Grid, Window, grid_of
from ..series.cube.common_grid import extent_bounds
from .assets import Wanted
from .network import Network, shown
from .ranged_file import RangedFile, RemoteBytes

_SIDE = 1024  # px of the squares that are in memory at a time
_SOURCE = "SEARCH_SCENES_SOURCE"  # tag: what the file was cut out of
_ENV = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}  # no file beside it is looked for


@contextmanager
def remote_raster(file: Wanted, url: str, network: Network) -> Iterator[rasterio.DatasetReader]:
    """A GeoTIFF on a server, open. Raises NetworkFailed where it is none, or breaks off while it is read."""
    remote, name = RemoteBytes(network, url), file.name

    def opener(path: str, mode: str = "r") -> RangedFile:
        if path.endswith((".aux.xml", ".aux", ".AUX", ".xml", ".XML", ".ovr", ".msk")):
            raise FileNotFoundError(path)
        return RangedFile(remote)

    try:
        with rasterio.Env(**_ENV), rasterio.open(name, opener=opener, driver="GTiff") as dataset:
            yield dataset
    except RasterioError as error:
        if remote.failure is not None:
            raise remote.failure from None
        raise NetworkFailed(shown(url), f"it is no GeoTIFF that can be read: {error}", "leave the scene out") from None
    if remote.failure is not None:
        raise remote.failure


def window_over(dataset: rasterio.DatasetReader, extent: Extent, assigned_crs: str) -> tuple[Grid, Window] | None:
    """The raster's pixels that touch the place; None where it does not reach it."""
    grid = grid_of(dataset.name, dataset, assigned_crs if dataset.crs is None else "")
    part = grid.snap(extent_bounds(extent, grid.crs, grid.bounds))
    window = grid.window_of(part)
    top, left = max(window.row, 0), max(window.col, 0)
    bottom, right = min(window.row + window.height, grid.height), min(window.col + window.width, grid.width)
    if top >= bottom or left >= right:
        return None
    inside = Window(top, left, bottom - top, right - left)
    return grid.sub(inside), inside


def bytes_of(dataset: rasterio.DatasetReader, window: Window) -> int:
    """What the window takes uncompressed: the most that it takes on disk."""
    pixel = sum(np.dtype(kind).itemsize for kind in dataset.dtypes)
    return int(window.height * window.width * pixel)


def source_tag(file: Wanted, extent: Extent) -> str:
    """What a file on disk must say so that it need not be fetched again."""
    box = ",".join(f"{value:.10g}" for value in (extent.xmin, extent.ymin, extent.xmax, extent.ymax))
    return f"{shown(file.href)} {box} {extent.crs}"


def is_clipped(path: Path, tag: str) -> bool:
    """Whether a whole file of that source and place lies there."""
    try:
        with open_raster(path) as there:
            return bool(there.tags().get(_SOURCE) == tag)
    except RasterioError:
        return False


def clip(dataset: rasterio.DatasetReader, grid: Grid, window: Window, part: Path, tag: str) -> None:
    """Writes the window of the raster to `part`. Raises what reading raises, and OutputNotWritable, DiskFull."""
    with _written(part), rasterio.open(part, "w", **_profile(dataset, grid)) as made:
        for block in grid.blocks(_SIDE):
            there = RasterWindow(window.col + block.col, window.row + block.row, block.width, block.height)
            here = RasterWindow(block.col, block.row, block.width, block.height)
            values = dataset.read(window=there)
            made.write(values, window=here)
        made.scales, made.offsets, made.units = dataset.scales, dataset.offsets, dataset.units
        for number, text in enumerate(dataset.descriptions, start=1):
            if text:
                made.set_band_description(number, text)
        made.update_tags(**{_SOURCE: tag})


@contextmanager
def _written(part: Path) -> Iterator[None]:
    """A disk that is full is told as such, not as a server that fails."""
    try:
        yield
    except OSError as error:
        raise translate(error, str(part)) from None
    except RasterioError as error:
        if shutil.disk_usage(part.parent).free < _SIDE * _SIDE:
            raise DiskFull(str(part)) from None
        raise error


def _profile(dataset: rasterio.DatasetReader, grid: Grid) -> dict[str, Any]:
    kept = {"count": dataset.count, "dtype": dataset.dtypes[0], "nodata": dataset.nodata, "crs": grid.crs}
    size = {"width": grid.width, "height": grid.height, "transform": grid.transform}
    tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate", "BIGTIFF": "IF_SAFER"}
    return {"driver": "GTiff", **kept, **size, **tiles}
