"""Reading bands of one file onto a grid, window by window."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT

from ...shared.errors import BadRaster
from ..access.rasters import open_own_vrt, open_raster
from .band_ref import BandRef
from .grid import Grid, Window
from .masked_resampling import resample, resampling_of, source_window
from .writer import as_rasterio

GDAL_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}


# Numbers of the file (H, W), the same as float32 with NaN for no data, the band -> hides in the second what the numbers
# cannot be, and tells whether there was any.
Hide = Callable[[NDArray[Any], NDArray[np.float32], BandRef], bool]


class FileReader:
    """Some bands of one file on a grid. On the same lattice pixels are read as they are; else GDAL warps them on the
    fly: bilinear (or `cubic`) for measured values (`smooth`), nearest for codes and masks."""

    def __init__(
        self,
        refs: Sequence[BandRef],
        grid: Grid,
        smooth: bool,
        nodata: float | None,
        cubic: bool = False,
        hide: Hide | None = None,
    ) -> None:
        """`refs` share their file and no-data value; `nodata` is what no data means where the file does not say.

        `hide`: what else is no data, whatever the grid: nothing of it is blended into a pixel beside it.
        """
        self._refs, self._grid, self._cubic, self._hide = tuple(refs), grid, cubic, hide
        first = refs[0]
        self._nodata = first.nodata if first.nodata is not None else nodata
        if "int" in first.dtype and self._nodata is not None and math.isnan(self._nodata):
            self._nodata = None
        self._direct = grid.same_lattice(first.crs, first.transform)
        self._exits = ExitStack()
        try:
            self._file = self._opened(open_raster(first.path))
            self._masked = MaskFlags.per_dataset in self._file.mask_flag_enums[first.index - 1]
            self._warped = None if self._direct else self._warp(resampling_of(cubic) if smooth else Resampling.nearest)
        except RasterioError as error:
            self._exits.close()
            raise BadRaster(first.path, str(error)) from None

    def _warp(self, resampling: Resampling) -> WarpedVRT:
        """Only the wanted bands go in: a warped VRT of the file would warp, and cache, every band it has."""
        grid = self._grid
        own = _subset(self._refs, self._nodata, self._masked)
        self._source = self._opened(open_own_vrt(own, self._refs[0].path))
        return self._opened(
            WarpedVRT(
                self._source,
                crs=grid.crs,
                transform=grid.transform,
                height=grid.height,
                width=grid.width,
                resampling=resampling,
                nodata=np.nan,
                dtype="float32",
                tolerance=1e-9,  # px; a coarser approximation would make a pixel depend on the window it is read in
            )
        )

    def _opened(self, dataset: Any) -> Any:
        """Closes the dataset with the reader. Not by its own context: that is bound to the thread that opened it."""
        self._exits.callback(dataset.close)
        return dataset

    def read(self, window: Window) -> NDArray[np.float32]:
        """(bands, H, W) float32, raw values; NaN marks no data and everything outside the file."""
        try:
            values = self._copy(window) if self._warped is None else self._resampled(window, self._warped)
        except RasterioError as error:
            raise BadRaster(self._refs[0].path, str(error.__cause__ or error)) from None
        values[~np.isfinite(values)] = np.nan  # an infinite value would spread through a network's whole tile
        return values

    def _copy(self, window: Window) -> NDArray[np.float32]:
        first = self._refs[0]
        px, py = self._grid.pixel
        row = window.row + round((first.transform.f - self._grid.transform.f) / py)
        col = window.col + round((self._grid.transform.c - first.transform.c) / px)
        out = np.full((len(self._refs), window.height, window.width), np.nan, np.float32)
        row0, row1 = max(row, 0), min(row + window.height, first.height)
        col0, col1 = max(col, 0), min(col + window.width, first.width)
        if row0 < row1 and col0 < col1:
            part = Window(row0, col0, row1 - row0, col1 - col0)
            out[:, row0 - row : row1 - row, col0 - col : col1 - col] = self._raw(part)
        return out

    def _raw(self, part: Window) -> NDArray[np.float32]:
        """(bands, H, W) of the file's own pixels, NaN for no data."""
        indexes = [r.index for r in self._refs]
        raw = self._file.read(indexes, window=as_rasterio(part))
        values: NDArray[np.float32] = raw.astype(np.float32)
        if self._nodata is not None and not math.isnan(self._nodata):
            values[raw == self._nodata] = np.nan
        if self._masked:
            values[self._file.read_masks(indexes, window=as_rasterio(part)) == 0] = np.nan
        self._hidden(raw, values)
        return values

    def _hidden(self, raw: NDArray[Any], values: NDArray[np.float32]) -> bool:
        """Whether a number was hidden in `values`, both (bands, H, W)."""
        found = [self._hide(*band) for band in zip(raw, values, self._refs)] if self._hide else []
        return any(found)

    def _resampled(self, window: Window, warped: WarpedVRT) -> NDArray[np.float32]:
        """By GDAL's warping; where that would blend no data in, band by band of the file's own pixels without it.

        GDAL takes a band's no data for a value where another band has one, and knows nothing of what is hidden.
        """
        first = self._refs[0]
        own, target = Grid(first.crs, first.transform, first.height, first.width), self._grid.sub(window)
        part = source_window(target, own) if self._hide else None
        if part:
            raw = self._source.read(window=as_rasterio(part))
            values: NDArray[np.float32] = raw.astype(np.float32)
            if self._source.nodata is not None:
                values[raw == self._source.nodata] = np.nan
            gaps = np.isnan(values)
            if self._hidden(raw, values) or (gaps.any(axis=0) & ~gaps.all(axis=0)).any():
                bands = [resample(band[None], own.sub(part), target, self._cubic) for band in values]
                return np.concatenate(bands)
        read: NDArray[np.float32] = warped.read(window=as_rasterio(window))
        return read

    def close(self) -> None:
        self._exits.close()

    def __enter__(self) -> FileReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def most_open() -> int:
    """How many files a series may keep open, each with up to four handles; two series may be read in turn.

    A process may have 256 handles (macOS) and more. A season of products has about a hundred files: with fewer open,
    each tile opens them anew.
    """
    try:
        import resource
    except ImportError:  # Windows
        return 48
    handles = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 120 if handles < 0 else min(max(24, (handles - 64) // 8), 120)  # below 0: as many as it likes


def _subset(refs: Sequence[BandRef], nodata: float | None, masked: bool) -> str:
    """A GDAL VRT, as text, of these bands of their file; masked pixels become no data."""
    first = refs[0]
    root = ET.Element("VRTDataset", rasterXSize=str(first.width), rasterYSize=str(first.height))
    ET.SubElement(root, "SRS").text = first.crs.to_wkt()
    ET.SubElement(root, "GeoTransform").text = ", ".join(repr(float(v)) for v in first.transform.to_gdal())
    hidden = nodata if nodata is not None else (math.nan if masked else None)
    for number, ref in enumerate(refs, start=1):
        kind = "Float32" if masked else GDAL_TYPES.get(ref.dtype, "Float32")
        band = ET.SubElement(root, "VRTRasterBand", dataType=kind, band=str(number))
        if hidden is not None:
            ET.SubElement(band, "NoDataValue").text = repr(float(hidden))
        source = ET.SubElement(band, "ComplexSource")
        path = ref.path if ref.path.startswith("/vsi") or ":" in ref.path else os.path.abspath(ref.path)
        ET.SubElement(source, "SourceFilename", relativeToVRT="0").text = path
        ET.SubElement(source, "SourceBand").text = str(ref.index)
        if masked:
            ET.SubElement(source, "UseMaskBand").text = "true"
        elif nodata is not None:
            ET.SubElement(source, "NODATA").text = repr(float(nodata))
    return ET.tostring(root, encoding="unicode")
