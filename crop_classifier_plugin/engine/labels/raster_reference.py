"""A class raster as labels on another raster's grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import CRSError
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from ...shared.class_choice import ClassChoice
from ...shared.errors import LabelsUnusable, NoOverlap
from ...shared.legend import plain
from ..execution.value_counts import is_small, value_counts
from ..raster.grid import Grid, Window, grid_of
from ..raster.provenance import SIMULATED_TAG
from ..raster.writer import GDAL_ERRORS, as_rasterio
from .class_choice import check_known, without_rare
from .class_map import blaming
from .class_names import Named
from .class_values import ClassValues
from .constants import NO_DATA
from .matching import Label

_BLOCK = 1024  # px: side of the squares that are in memory at a time
_UNSEEN = -9
_MOST_VALUES = 4096  # more different values than this are measurements, not classes


class RasterReference:
    """A class raster on the grid of the map: as it stands on the same lattice, else its nearest pixel.

    `crs`: the user's, in place of the file's own.
    """

    has_parcels = False
    are_points = False

    def __init__(self, path: str, dataset: Any, grid: Grid, map_path: str, crs: str = "") -> None:
        self.labels: list[Label] = []
        self._path, self._dataset, self._grid = path, dataset, grid
        self._own = grid_of(path, dataset, crs)
        self._values = ClassValues(path, dataset)
        self._seen: dict[float, int] = {}
        self._table = np.full(1 << 16, _UNSEEN, np.int32)  # the same of small whole numbers
        self.simulated = SIMULATED_TAG in dataset.tags()
        _must_overlap(self._own, grid, path, map_path)
        self._direct = grid.same_lattice(self._own.crs, self._own.transform)
        note = "The reference was brought onto the map's grid by its nearest pixel."
        self._warped_note = () if self._direct else (note,)
        self._choice = ClassChoice()
        self._choice_notes: tuple[str, ...] = ()

    @property
    def warped(self) -> bool:
        """Whether it lies on another lattice than the map."""
        return not self._direct

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to it; may grow while reading."""
        return (*filter(None, self._choice_notes), *self._warped_note, *self._values.note)

    def choose(self, choice: ClassChoice, is_class: Callable[[str], bool]) -> None:
        """From now on leaves out and merges classes. Reads the whole raster once, to know its classes and which are
        rare. `is_class`: whether a name is a class of what the labels are held against."""
        pixels: Counter[int] = Counter()
        for window in self._grid.blocks(_BLOCK):
            ids, counts = np.unique(self.read(window), return_counts=True)
            pixels.update(dict(zip(ids.tolist(), counts.tolist())))
        said = {label.name or label.text: float(pixels[place]) for place, label in enumerate(self.labels)}
        words = [word for label in self.labels for word in _words(label)]
        check_known(choice, words, is_class)
        self._choice, rare = without_rare(choice, said)
        self._choice_notes = (f"Classes of the labels, as asked: {self._choice.told()}.", rare)
        self.labels.clear()
        self._seen.clear()
        self._table[:] = _UNSEEN

    def read(self, window: Window) -> NDArray[np.int32]:
        with blaming(self._path):
            if self._direct and self._values.by_value:
                return self._by_value(window)
            values, known = self._same_lattice(window) if self._direct else self._warped(window)
        if is_small(values.dtype):
            return self._looked_up(values, known)
        ids = np.full(values.shape, NO_DATA, dtype=np.int32)
        distinct, inverse = np.unique(values[known], return_inverse=True)
        ids[known] = np.array([self._id(value) for value in distinct.tolist()], dtype=np.int32)[inverse]
        return ids

    def _looked_up(self, values: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[np.int32]:
        distinct, _ = value_counts(values if known.all() else values[known])
        table = np.full(int(values.max(initial=0)) + 1, NO_DATA, np.int32)
        table[distinct] = [self._id(value) for value in distinct.tolist()]
        return np.where(known, table.take(values), np.int32(NO_DATA))

    def _by_value(self, window: Window) -> NDArray[np.int32]:
        """As the masked look-up gives it, without the mask."""
        ids = np.full((window.height, window.width), NO_DATA, np.int32)
        there, inside = self._shared(window)
        if there.height and there.width:
            values = self._values.read_values(as_rasterio(there))
            found = self._table.take(values)
            if (found == _UNSEEN).any():
                self._meet(values)
                found = self._table.take(values)
            ids[inside] = found
        return ids

    def _meet(self, values: NDArray[Any]) -> None:
        """Gives all values that are there their places in the table."""
        distinct, _ = value_counts(values)
        for value, known in zip(distinct.tolist(), self._values.are_known(distinct).tolist()):
            self._table[value] = self._id(value) if known else NO_DATA

    def read_parcels(self, window: Window) -> NDArray[np.int64]:
        return np.full((window.height, window.width), NO_DATA, np.int64)

    def _id(self, value: float) -> int:
        if value not in self._seen:
            if len(self._seen) == _MOST_VALUES:
                raise LabelsUnusable(
                    f"{self._path} holds more than {_MOST_VALUES} different values: choose a reference of classes."
                )
            if not float(value).is_integer():
                raise LabelsUnusable(
                    f"{self._path} holds {value:g}, which is no class code: choose a raster of classes."
                )
            self._seen[value] = self._place(int(value))
        return self._seen[value]

    def _place(self, value: int) -> int:
        """Of the value's label, new or there already as a part of its class; NO_DATA where it is left out."""
        named = self._values.names.get(value, Named(""))
        label = Label(str(value), named.name, named.aliases)
        said = _words(label)
        name = self._choice.renamed(*said)
        if name is None:
            return NO_DATA
        if name != said[0] or self._choice.merge:  # one label for all that the class is made of
            same = (i for i, other in enumerate(self.labels) if plain(other.name or other.text) == plain(name))
            if (place := next(same, None)) is not None:
                return place
            label = label if name == said[0] else Label(name)
        self.labels.append(label)
        return len(self.labels) - 1

    def _same_lattice(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Values and whether they are known, (H, W) each; unknown beyond the raster's edge."""
        values = np.zeros((window.height, window.width), dtype=self._dataset.dtypes[0])
        known = np.zeros(values.shape, dtype=bool)
        there, inside = self._shared(window)
        if there.height and there.width:
            values[inside], known[inside] = self._values.read(as_rasterio(there))
        return values, known

    def _shared(self, window: Window) -> tuple[Window, tuple[slice, slice]]:
        """Which of the raster's pixels lie in a window of the map, and where in it."""
        there, ours = self._dataset.transform, self._grid.sub(window).transform
        row, col = round((ours.f - there.f) / there.e), round((ours.c - there.c) / there.a)
        moved = Window(row, col, window.height, window.width)
        part = moved.clipped(self._dataset.height, self._dataset.width)
        return part, part.shifted(-row, -col).slices

    def _warped(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """As _same_lattice, through GDAL's warper with exact coordinates."""
        part = self._grid.sub(window)
        options: dict[str, Any] = {"nodata": self._dataset.nodata}
        if self._dataset.nodata is None:
            options = {"add_alpha": True}
        with WarpedVRT(
            self._dataset,
            src_crs=self._own.crs,
            crs=part.crs,
            transform=part.transform,
            height=part.height,
            width=part.width,
            resampling=Resampling.nearest,
            tolerance=1e-9,  # px; GDAL would otherwise be up to an eighth of a pixel off
            **options,
        ) as vrt:
            values = vrt.read(1)
            return values, self._values.known(values, vrt.dataset_mask())


def _words(label: Label) -> tuple[str, ...]:
    """What the label is called by, its own name first."""
    return tuple(filter(None, (label.name, *label.aliases, label.text)))


def _must_overlap(own: Grid, grid: Grid, path: str, map_path: str) -> None:
    xmin, ymin, xmax, ymax = grid.bounds
    try:
        left, bottom, right, top = transform_bounds(own.crs, grid.crs, *own.bounds)
    except (CRSError, *GDAL_ERRORS):  # no coordinates of the reference exist in the map's system
        raise NoOverlap(map_path, path) from None
    if not (left < xmax and right > xmin and bottom < ymax and top > ymin):
        raise NoOverlap(map_path, path)
