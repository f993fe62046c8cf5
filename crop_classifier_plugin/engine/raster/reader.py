"""Reading one band of one file onto a grid, window by window."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT

from ..errors import BadRaster
from .grid import Grid, Window
from .writer import as_rasterio

if TYPE_CHECKING:
    from ..series.scenes import BandRef


class BandReader:
    """A band on a grid. On the same lattice pixels are read as they are; else GDAL warps them on the fly:
    bilinear for measured values (`smooth`), nearest for codes and masks."""

    def __init__(self, ref: BandRef, grid: Grid, smooth: bool, nodata: float | None) -> None:
        self._ref, self._grid, self._nodata = ref, grid, nodata
        try:
            self._file = rasterio.open(ref.path)
            self._direct = grid.same_lattice(ref.crs, ref.transform)
            self._masked = MaskFlags.per_dataset in self._file.mask_flag_enums[ref.index - 1]
            self._source = self._file if self._direct else self._warped(smooth)
        except RasterioError as error:
            raise BadRaster(ref.path, str(error)) from None

    def _warped(self, smooth: bool) -> WarpedVRT:
        grid = self._grid
        return WarpedVRT(
            self._file,
            src_crs=self._ref.crs,
            crs=grid.crs,
            transform=grid.transform,
            height=grid.height,
            width=grid.width,
            resampling=Resampling.bilinear if smooth else Resampling.nearest,
            src_nodata=self._nodata,
            nodata=np.nan,
            dtype="float32",
            tolerance=1e-9,  # px; a coarser approximation would make a pixel depend on the window it is read in
        )

    def read(self, window: Window) -> NDArray[np.float32]:
        """(H, W) float32, raw values; NaN marks no data and everything outside the file."""
        try:
            return self._read_direct(window) if self._direct else self._read_warped(window)
        except RasterioError as error:
            raise BadRaster(self._ref.path, str(error.__cause__ or error)) from None

    def _read_warped(self, window: Window) -> NDArray[np.float32]:
        values: NDArray[np.float32] = self._source.read(self._ref.index, window=as_rasterio(window))
        return values

    def _read_direct(self, window: Window) -> NDArray[np.float32]:
        rows, cols = self._inside(window)
        out = np.full((window.height, window.width), np.nan, np.float32)
        if rows[0] >= rows[1] or cols[0] >= cols[1]:
            return out
        part = rasterio.windows.Window(cols[0], rows[0], cols[1] - cols[0], rows[1] - rows[0])
        raw = self._source.read(self._ref.index, window=part)
        values = raw.astype(np.float32)
        if self._nodata is not None and not np.isnan(self._nodata):
            values[raw == self._nodata] = np.nan
        if self._masked:
            values[self._source.read_masks(self._ref.index, window=part) == 0] = np.nan
        top, left = rows[0] - self._shift[0] - window.row, cols[0] - self._shift[1] - window.col
        out[top : top + values.shape[0], left : left + values.shape[1]] = values
        return out

    @property
    def _shift(self) -> tuple[int, int]:
        """Rows and columns by which the grid's origin lies inside the file."""
        px, py = self._grid.pixel
        row = round((self._ref.transform.f - self._grid.transform.f) / py)
        col = round((self._grid.transform.c - self._ref.transform.c) / px)
        return row, col

    def _inside(self, window: Window) -> tuple[tuple[int, int], tuple[int, int]]:
        """The file's own rows and columns that the window covers."""
        row, col = window.row + self._shift[0], window.col + self._shift[1]
        return (
            (max(row, 0), min(row + window.height, self._ref.height)),
            (max(col, 0), min(col + window.width, self._ref.width)),
        )

    def close(self) -> None:
        if self._source is not self._file:
            self._source.close()
        self._file.close()

    def __enter__(self) -> BandReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
