"""A crop map, read as positions in its legend; and how a class raster is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from ...shared.errors import BadInput, BadRaster, LabelsUnusable
from ...shared.legend import Legend
from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window, crs_of
from ..raster.provenance import SIMULATED_TAG
from ..raster.writer import GDAL_ERRORS, as_rasterio
from .class_names import described, legend_of
from .constants import NO_DATA

BLOCK = 512  # px: side of the squares that are in memory at a time
_MOST_CODES = 255  # more different values than this are measurements, not classes


@contextmanager
def opened(path: str, crs: str = "") -> Iterator[Any]:
    """The dataset at `path`, north-up and with a CRS of its own or the user's `crs`."""
    with blaming(path):
        dataset = rasterio.open(path)
    with dataset:
        crs_of(path, dataset.crs, crs)
        if dataset.transform.b or dataset.transform.d:
            raise BadRaster(path, "its grid is rotated")
        yield dataset


@contextmanager
def blaming(path: str) -> Iterator[None]:
    """GDAL's errors as a sentence about `path`."""
    try:
        yield
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None


def is_raster(path: str) -> bool:
    try:
        with rasterio.open(path):
            return True
    except GDAL_ERRORS:
        return False


class CropMap:
    """A class raster, read as positions in its legend. `crs`: the user's, in place of the file's own."""

    def __init__(self, path: str, dataset: Any, reporter: Reporter, crs: str = "") -> None:
        self.path, self._dataset = path, dataset
        self.simulated = SIMULATED_TAG in dataset.tags()
        self.grid = Grid(crs_of(path, dataset.crs, crs), dataset.transform, dataset.height, dataset.width)
        names, where = described(path, dataset)
        found = self._codes(reporter)
        self.unnamed = tuple(sorted(found - set(names)))
        self.legend_from = where or "the codes found in it"
        if not found:
            raise LabelsUnusable(f"The map {path} holds no class anywhere, only no data: choose another map.")
        self.legend: Legend = legend_of(found, names)
        self._index = np.full(65536, NO_DATA, dtype=np.int32)
        self._index[list(self.legend.codes)] = np.arange(len(self.legend))

    def read(self, window: Window) -> NDArray[np.int32]:
        """(H, W) int32: position in the legend, NO_DATA where the map has none."""
        positions: NDArray[np.int32] = self._index[self._values(window)]
        return positions

    def _values(self, window: Window) -> NDArray[Any]:
        """(H, W) codes; 0 = no data."""
        area = as_rasterio(window)
        with blaming(self.path):
            values = self._dataset.read(1, window=area)
            return np.where(self._dataset.read_masks(1, window=area) > 0, values, 0)

    def _codes(self, reporter: Reporter) -> set[int]:
        """Every code in the map. Refuses what cannot be a class map."""
        if np.dtype(self._dataset.dtypes[0]).kind not in "iu":
            raise BadInput(f"{self.path} holds {self._dataset.dtypes[0]} numbers, not class codes: choose a crop map.")
        found: set[int] = set()
        blocks = list(self.grid.blocks(BLOCK))
        for done, window in enumerate(blocks, start=1):
            found.update(np.unique(self._values(window)).tolist())
            reporter.progress(done / len(blocks), "Looking at the map", done, len(blocks))
            if len(found) > _MOST_CODES + 1 or not 0 <= min(found) <= max(found) <= 65534:
                raise BadInput(
                    f"{self.path} holds {min(found)} to {max(found)} in {len(found)} different values, which are no "
                    "class codes (at most 255 different ones, 1 to 65534): choose a crop map."
                )
        return found - {0}
