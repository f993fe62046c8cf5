"""GeoTIFFs that other programs read as they are: tiled, compressed, with no-data, colours and overviews."""

from __future__ import annotations

import json
import shutil
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError, RasterioIOError

from ...shared.errors import DiskFull, OutputNotWritable
from ...shared.files.staging import place_of
from ...shared.legend import Legend
from ..access.rasters import open_raster
from ..execution.value_counts import level_counts
from .grid import Grid, Window
from .pixel_area import pixel_areas

BLOCK = 256
_LEAST = 1 << 16  # bytes: with fewer left, a disk on which a file cannot be begun is full (choice)
LEGEND_TAG = "CROP_CLASSIFIER_LEGEND"
GDAL_ERRORS = (RasterioError, CPLE_BaseError)  # rasterio lets some of GDAL's own errors through as they are


@dataclass(frozen=True)
class RasterSpec:
    """How a raster is written. `colours` maps a value to red, green, blue (one-band uint8 / uint16 only)."""

    dtype: str
    nodata: float
    descriptions: tuple[str, ...] = ("",)  # one a band; their number is the number of bands
    colours: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()  # ISO, one a band, for its metadata; () = none
    scale: float = 1.0
    resampling: Resampling = Resampling.nearest  # of the overviews

    @classmethod
    def classes(cls, legend: Legend, description: str) -> RasterSpec:
        """A class raster: its legend travels in the file's own tags."""
        return cls(
            dtype="uint8" if max(legend.codes) <= 255 else "uint16",
            nodata=0,
            descriptions=(description,),
            colours={c.code: c.rgb for c in legend},
            tags={LEGEND_TAG: json.dumps(legend.to_dict())},
            resampling=Resampling.mode,
        )


class RasterWriter:
    """`with RasterWriter(path, grid, spec) as w: w.write(array, window)`; every window once, in any order.

    On close it builds overviews and reads the file back: what lies on the disk must be what was written.
    """

    def __init__(self, path: str, grid: Grid, spec: RasterSpec) -> None:
        self.path, self.grid, self.spec = path, grid, spec
        self.counts: NDArray[np.int64] = np.zeros(0, np.int64)  # pixels by value, of rasters with colours
        self.hectares: NDArray[np.float64] = np.zeros(0)  # the same; NaN in a system without an ellipsoid
        self._sum = 0
        try:
            self._file = rasterio.open(path, "w", **_profile(grid, spec))
            self._describe()
        except (*GDAL_ERRORS, OSError) as error:
            raise self._refused(str(error)) from None

    def _refused(self, text: str) -> Exception:
        """The sentence for a file that cannot be begun: on a disk without room GDAL does not say why."""
        place = place_of(self.path)
        full = "No space left" in text or shutil.disk_usage(Path(self.path).parent).free < _LEAST
        return DiskFull(str(place)) if full else OutputNotWritable(str(place), text)

    def _describe(self) -> None:
        for index, text in enumerate(self.spec.descriptions, start=1):
            self._file.set_band_description(index, text)
        for index, day in enumerate(self.spec.dates, start=1):
            self._file.update_tags(index, DATE=day)
        self._file.update_tags(**self.spec.tags)
        if self.spec.scale != 1:
            self._file.scales = (self.spec.scale,) * len(self.spec.descriptions)
        if self.spec.colours:
            self._file.write_colormap(1, {v: (*rgb, 255) for v, rgb in self.spec.colours.items()})
            self._file.colorinterp = (ColorInterp.palette,)

    def write(self, array: NDArray[Any], window: Window, first: int = 1) -> None:
        """`array` is (B, H, W), or (H, W) for one band, of the spec's dtype; its bands go to `first` and following."""
        cube = array[None] if array.ndim == 2 else array
        self._sum += _checksum(cube)
        if self.spec.colours:
            self._count(cube, window)
        try:
            bands = list(range(first, first + cube.shape[0]))
            self._file.write(cube, indexes=bands, window=as_rasterio(window))
        except (*GDAL_ERRORS, OSError) as error:
            raise self._failed(error) from None

    def _count(self, cube: NDArray[Any], window: Window) -> None:
        counts = level_counts(cube, {*self.spec.colours, int(self.spec.nodata)})
        if counts.size > self.counts.size:
            more = (0, counts.size - self.counts.size)
            self.counts, self.hectares = np.pad(self.counts, more), np.pad(self.hectares, more)
        self.counts[: counts.size] += counts
        self.hectares[: counts.size] += counts * pixel_areas(self.grid).of(window)

    def close(self) -> None:
        try:
            self._file.close()
            self._build_overviews()
            self._verify()
        except (*GDAL_ERRORS, OSError) as error:
            raise self._failed(error) from None

    def _build_overviews(self) -> None:
        if self._factors:
            with rasterio.open(self.path, "r+") as file:
                file.build_overviews(self._factors, self.spec.resampling)

    @property
    def _factors(self) -> list[int]:
        """By how much each overview is smaller, until one block holds it."""
        longest = max(self.grid.height, self.grid.width)
        return [2**k for k in range(1, 12) if longest / 2**k >= BLOCK]

    def _verify(self) -> None:
        """GDAL reports a full disk on close only as a log line, so the file is read back once, overviews too."""
        with open_raster(self.path) as file:
            found = sum(_checksum(part) for part in _parts(file))
            levels = len(file.overviews(1))
        if found != self._sum or levels != len(self._factors):
            raise DiskFull(str(place_of(self.path)))
        for level in range(levels):
            with open_raster(self.path, overview_level=level) as file:
                deque(_parts(file), maxlen=0)  # reading is the test: a block that is not on the disk raises

    def _failed(self, error: Exception) -> Exception:
        text, place = str(error), str(place_of(self.path))
        full = (
            "No space left" in text
            or "write error" in text.lower()
            or isinstance(error, (RasterioIOError, CPLE_BaseError))
        )
        return DiskFull(place) if full else OutputNotWritable(place, text)

    def __enter__(self) -> RasterWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            with suppress(*GDAL_ERRORS, OSError):  # what is told is why the writing broke off
                self._file.close()


def largest(grid: Grid, spec: RasterSpec) -> int:
    """Bytes of a raster with its overviews, if nothing of it can be compressed."""
    return grid.height * grid.width * len(spec.descriptions) * np.dtype(spec.dtype).itemsize * 4 // 3


def as_rasterio(window: Window) -> rasterio.windows.Window:
    return rasterio.windows.Window(window.col, window.row, window.width, window.height)


def _parts(file: rasterio.DatasetReader) -> Iterator[NDArray[Any]]:
    """All of a raster, piece by piece, one band at a time: a series has hundreds of them."""
    for window in Grid(file.crs, file.transform, file.height, file.width).blocks(4 * BLOCK):
        for band in range(1, file.count + 1):
            yield file.read(band, window=as_rasterio(window))


def checksum_of(path: str) -> int:
    """The sum of the bytes of all values of a raster: equal for a copy in another layout."""
    with open_raster(path) as file:
        return sum(_checksum(part) for part in _parts(file))


def _checksum(array: NDArray[Any]) -> int:
    flat = np.ascontiguousarray(array).ravel().view(np.uint8)
    rows = flat[: flat.size // 256 * 256].reshape(256, -1)  # whose sums of 256 bytes are 16 bits: quicker than 64
    rest = flat[rows.size :].sum(dtype=np.uint64)
    return int(rows.sum(axis=0, dtype=np.uint16).sum(dtype=np.uint64)) + int(rest)


def _profile(grid: Grid, spec: RasterSpec) -> dict[str, Any]:
    bands = len(spec.descriptions)
    return {
        "driver": "GTiff",
        "height": grid.height,
        "width": grid.width,
        "count": bands,
        "dtype": spec.dtype,
        "crs": grid.crs,
        "transform": grid.transform,
        "nodata": spec.nodata,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "deflate",
        "predictor": 2 if np.dtype(spec.dtype).kind in "iu" and not spec.colours else 1,
        "interleave": "band",
        "bigtiff": "IF_SAFER",
        "sparse_ok": False,
    }
