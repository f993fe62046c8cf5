"""Rasters summed up over parcels, each pixel weighed by the share of it that lies inside: exactextract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import geopandas
import numpy as np
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.raster import RasterSource
from numpy.typing import NDArray

from ....shared.errors import BadInput, BadRaster
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap
from ...labels.constants import NO_DATA
from ...raster.grid import Grid, Window, upright
from ...raster.writer import GDAL_ERRORS, as_rasterio

_PARCELS = 5_000  # at a time: neighbours, so that each part of a raster is read about once (choice)
_CELLS = 4_000_000  # in memory at a time (choice)
_NOTHING = -1

Floats = NDArray[np.float64]
Read = Callable[[Window], Any]


class _Source(RasterSource):  # type: ignore[misc] # the package has no types
    """A raster as exactextract asks for it, read through the project's own rules."""

    def __init__(self, grid: Grid, read: Read, name: str, nothing: int | None = None) -> None:
        super().__init__()
        self._grid, self._read, self._nothing = grid, read, nothing
        self.set_name(name)

    def res(self) -> tuple[float, float]:
        return self._grid.pixel

    def extent(self) -> tuple[float, float, float, float]:
        return self._grid.bounds

    def nodata_value(self) -> int | None:
        return self._nothing

    def srs_wkt(self) -> str:
        return str(self._grid.crs.to_wkt())

    def read_window(self, x0: int, y0: int, nx: int, ny: int) -> Any:
        return self._read(Window(y0, x0, ny, nx))


def class_coverage(crop_map: CropMap, shapes: NDArray[Any], reporter: Reporter) -> Floats:
    """(P, K) pixels of each class of the legend in each parcel, parts of pixels included."""

    def read(window: Window) -> NDArray[np.int32]:
        reporter.check()
        positions = crop_map.read(window)
        return np.where(positions == NO_DATA, _NOTHING, positions).astype(np.int32)

    source = _Source(crop_map.grid, read, "map", _NOTHING)
    coverage = np.zeros((len(shapes), len(crop_map.legend)))
    for rows, found in _extracted([source], ["unique", "frac", "count"], shapes, crop_map.grid, reporter):
        for row, classes, shares, count in zip(rows, found["unique"], found["frac"], found["count"]):
            coverage[row, np.asarray(classes, int)] = np.asarray(shares) * count
    return coverage


def band_means(path: str, grid: Grid, shapes: NDArray[Any], reporter: Reporter) -> Floats:
    """(P, B) mean of each band in each parcel, no data left out; NaN where there is nothing else.

    Raises BadInput for a raster of another CRS than the map's `grid`, BadRaster.
    """
    try:
        with rasterio.open(path) as dataset:
            transform = upright(path, dataset.transform, dataset.height, dataset.width)
            own = Grid(dataset.crs or grid.crs, transform, dataset.height, dataset.width)
            if own.crs != grid.crs:
                raise BadInput(f"{path} has another coordinate system than the map: give the raster of the same run.")
            sources = [_band(dataset, own, band, reporter) for band in dataset.indexes]
            names = ["mean"] if len(sources) == 1 else [f"band_{band}_mean" for band in dataset.indexes]
            means = np.full((len(shapes), len(sources)), np.nan)
            for rows, found in _extracted(sources, ["mean"], shapes, own, reporter):
                means[rows] = np.column_stack([np.asarray(found[name], float) for name in names])
            return means
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None


def _band(dataset: Any, grid: Grid, band: int, reporter: Reporter) -> _Source:
    scale, offset = dataset.scales[band - 1], dataset.offsets[band - 1]

    def read(window: Window) -> Any:
        reporter.check()
        values = dataset.read(band, window=as_rasterio(window), masked=True).astype(np.float64)
        return values.filled(np.nan) * scale + offset

    return _Source(grid, read, f"band_{band}")


def _extracted(
    sources: Sequence[_Source], operations: list[str], shapes: NDArray[Any], grid: Grid, reporter: Reporter
) -> Iterator[tuple[NDArray[np.int64], Any]]:
    """Rows of parcels that touch the grid, and a frame of what was found in them."""
    for done, rows in enumerate(parts := _neighbours(shapes, grid), start=1):
        frame = geopandas.GeoDataFrame(geometry=shapes[rows], crs=grid.crs.to_wkt())
        yield rows, _extract(list(sources), frame, operations)
        reporter.progress(done / len(parts), "Reading the parcels", done, len(parts))


def _extract(sources: list[_Source], frame: geopandas.GeoDataFrame, operations: list[str]) -> Any:
    return exact_extract(
        sources, frame, operations, strategy="raster-sequential", max_cells_in_memory=_CELLS, output="pandas"
    )


def _neighbours(shapes: NDArray[Any], grid: Grid) -> list[NDArray[np.int64]]:
    """The rows of the parcels that touch the grid, in parts of which each lies close together."""
    touching = np.flatnonzero(shapely.intersects(shapes, shapely.box(*grid.bounds)))
    if not touching.size:
        return []
    order = geopandas.GeoSeries(shapes[touching]).hilbert_distance(total_bounds=grid.bounds).to_numpy()
    ordered = touching[np.argsort(order, kind="stable")]
    return list(np.array_split(ordered, -(-len(ordered) // _PARCELS)))
