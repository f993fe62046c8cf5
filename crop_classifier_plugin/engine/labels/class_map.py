"""A crop map, read as positions in its legend; and how a class raster is opened."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...shared.class_choice import ClassChoice
from ...shared.errors import BadInput, BadRaster, LabelsUnusable
from ...shared.legend import Legend, plain
from ..access.rasters import open_raster
from ..execution.reporter import Reporter
from ..execution.value_counts import is_small, value_counts
from ..raster.grid import Window, grid_of
from ..raster.pixel_area import pixel_areas
from ..raster.provenance import APPLICABILITY_TAG, SIMULATED_TAG
from ..raster.writer import GDAL_ERRORS, as_rasterio
from ..vector.csv_points import is_table
from .class_choice import chosen_legend
from .class_names import MOST_CODE, legend_of
from .class_values import ClassValues
from .constants import NO_DATA

BLOCK = 512  # px: side of the squares that are in memory at a time
_MOST_CODES = 256  # more different values than this are measurements, not classes


@contextmanager
def opened(path: str, crs: str = "") -> Iterator[Any]:
    """The dataset at `path`, north-up and with a CRS of its own or the user's `crs`."""
    with blaming(path):
        dataset = open_raster(path)
    with dataset:
        grid_of(path, dataset, crs)
        yield dataset


@contextmanager
def blaming(path: str) -> Iterator[None]:
    """GDAL's errors as a sentence about `path`."""
    try:
        yield
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None


def is_raster(path: str) -> bool:
    if is_table(path):  # GDAL takes a table of x, y and a number for a raster
        return False
    try:
        with open_raster(path):
            return True
    except GDAL_ERRORS:
        return False


class CropMap:
    """A class raster, read as positions in its legend. `crs`: the user's, in place of the file's own."""

    legend: Legend

    def __init__(self, path: str, dataset: Any, reporter: Reporter, crs: str = "") -> None:
        self.path, self._dataset = path, dataset
        self.simulated = SIMULATED_TAG in dataset.tags()
        self.grid = grid_of(path, dataset, crs)
        self._values = ClassValues(path, dataset)
        names = self._values.names
        self._counts: dict[float, tuple[int, float]] = {}  # pixels and hectares of each value
        self._expected = frozenset(code for code in (*names, *self._values.silent) if 0 <= code <= MOST_CODE)
        found = self._codes(reporter)
        doubt = dataset.tags().get(APPLICABILITY_TAG)
        self.notes = (*self._values.note, *([doubt] if doubt else []))
        self.unnamed = tuple(sorted(found - set(names)))
        self.has_names = bool(self._values.names_from)
        self.legend_from = self._values.names_from or "the codes found in it"
        if not found:
            nothing = "only no data and 0" if self._values.zeros else "only no data"
            raise LabelsUnusable(f"The map {path} holds no class anywhere, {nothing}: choose another map.")
        self.legend = legend_of(found, names)
        self._index = np.full(MOST_CODE + 2, NO_DATA, dtype=np.int32)  # 65535 is no code
        self._index[list(self.legend.codes)] = np.arange(len(self.legend))

    def read(self, window: Window) -> NDArray[np.int32]:
        """(H, W) int32: position in the legend, NO_DATA where the map has none."""
        if self._values.by_value:  # other values than classes have no place
            return self._index.take(self._read_values(window))
        values, known = self._read(window)
        if is_small(values.dtype):
            return np.where(known, self._index.take(values), np.int32(NO_DATA))
        positions = np.full(values.shape, NO_DATA, np.int32)
        positions[known] = self._index[values[known].astype(np.int64)]
        return positions

    def read_indexed(self, window: Window) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """(H, W) whole numbers, and the table in which each has its position in the legend, NO_DATA where it has none:
        quicker than `read` where not every pixel's position is asked for."""
        if self._values.by_value:
            return self._read_values(window), self._index[: np.iinfo(self._values.dtype).max + 1]
        return self.read(window), np.append(np.arange(len(self.legend)), NO_DATA).astype(np.int32)  # -1: the last

    def _read(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        with blaming(self.path):
            return self._values.read(as_rasterio(window))

    def _read_values(self, window: Window) -> NDArray[Any]:
        with blaming(self.path):
            return self._values.read_values(as_rasterio(window))

    def merge(self, choice: ClassChoice) -> None:
        """Makes one class of those that count as one. What the choice says of other names is left aside, and what it
        leaves out stays: a map is wrong where it names such a class."""
        whole = self.legend
        into = [plain(target) for name, target in choice.merge if whole.find(name)] + list(map(plain, whole.names))
        known = tuple((name, target) for name, target in choice.merge if whole.find(target) or plain(target) in into)
        self.legend = chosen_legend(whole, ClassChoice(merge=known), [name for name, _ in known])
        places = {code: self.legend.find(crop.name) for code, crop in zip(whole.codes, whole)}
        for code, crop in places.items():
            self._index[code] = NO_DATA if crop is None else self.legend.classes.index(crop)

    def _codes(self, reporter: Reporter) -> set[int]:
        """Every code in the map, which may be whole numbers in a file of decimals. Refuses what is no class map."""
        if self._values.dtype.kind not in "iuf":
            raise BadInput(f"{self.path} holds {self._values.dtype} numbers, not class codes: choose a crop map.")
        blocks = list(self.grid.blocks(BLOCK))
        for done, window in enumerate(blocks, start=1):
            self._count(window)
            reporter.progress(done / len(blocks), "Looking at the map", done, len(blocks))
            self._check(set(self._counts))
        return {int(value) for value in self._counts}

    def _count(self, window: Window) -> None:
        if self._values.by_value:
            found, counts = value_counts(self._read_values(window), self._expected)
            known = self._values.are_known(found)
            found, counts = found[known], counts[known]
        else:
            values, there = self._read(window)
            found, counts = value_counts(values if there.all() else values[there])
        pixel = pixel_areas(self.grid).of(window)
        for value, count in zip(found.tolist(), counts.tolist()):
            pixels, hectares = self._counts.get(value, (0, 0.0))
            self._counts[value] = pixels + count, hectares + count * pixel

    @property
    def pixels(self) -> NDArray[np.int64]:
        """(K,) of each class of the legend in the whole map."""
        return self._by_class(0).astype(np.int64)

    @property
    def hectares(self) -> NDArray[np.float64]:
        """(K,) the same in hectares, by pixel counting; NaN in a system without an ellipsoid."""
        return self._by_class(1)

    def _by_class(self, part: int) -> NDArray[np.float64]:
        sums = np.zeros(len(self.legend))
        for value, counted in self._counts.items():
            place = self._index[int(value)]
            if place != NO_DATA:
                sums[place] += counted[part]
        return sums

    def _check(self, found: Collection[float]) -> None:
        broken = next((value for value in sorted(found) if not float(value).is_integer()), None)
        if broken is not None:
            raise BadInput(
                f"{self.path} holds {self._values.dtype} numbers, not class codes ({broken:g}): choose a crop map."
            )
        if found and (len(found) > _MOST_CODES or min(found) < 0 or max(found) > MOST_CODE):
            raise BadInput(
                f"{self.path} holds {min(found):g} to {max(found):g} in {len(found)} different values, which are no "
                f"class codes (at most {_MOST_CODES} different ones, 0 to {MOST_CODE}): choose a crop map."
            )
