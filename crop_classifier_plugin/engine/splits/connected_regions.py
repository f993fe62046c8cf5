"""Connected regions of one class: the parcels of a class raster, which has no outlines of its own.

Pixels that share a side belong together (4-connectivity, as GDAL and QGIS polygonise): two fields that touch with their
corners alone are two. A raster of any size is numbered block by block; what is kept is one number a pixel, on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window

NOWHERE = -1  # in place of a region's number
_BLOCK = 512  # px
PIECE = 128  # px, side of the squares that a very large region is cut by (choice); a block holds whole ones
_APART = 8  # px along a piece's edges that belong to none: neighbouring pieces are twice that apart (choice)
_LARGE = PIECE * PIECE  # px: a smaller region is a field, and stays whole (choice)
_LARGE_SHARE = 0.1  # of all labelled pixels; or most of its class: what has more could not be on both sides (choice)
_MOST = 200_000  # regions; of a speckled raster the smallest are left out (choice)
_WIDEST = 1 << 20  # more squares than a raster has in a row
Ints = NDArray[np.int64]
ReadClasses = Callable[[Window], Ints]  # (H,W) a window's classes, negative where nothing is known


@dataclass(frozen=True, eq=False)
class Regions:
    """N regions of one class each, whole but for very large ones, which are cut."""

    numbers: NDArray[np.int32]  # (H,W) number of each pixel's region, or NOWHERE
    classes: Ints  # (N,)
    pixels: Ints  # (N,)
    notes: tuple[str, ...] = ()  # what was cut or left out, for the user

    def outlines(self, grid: Grid, reporter: Reporter) -> NDArray[Any]:
        """(N,) polygons in map units; pieces of a cut region may have several parts."""
        parts: list[list[Any]] = [[] for _ in self.classes]
        found = rasterio.features.shapes(self.numbers, self.numbers != NOWHERE, 4, grid.transform)
        for outline, number in found:
            reporter.check()
            parts[int(number)].append(shapely.geometry.shape(outline))
        shapes = np.empty(len(parts), object)
        shapes[:] = [each[0] if len(each) == 1 else shapely.MultiPolygon(each) for each in parts]
        return shapes


def connected_regions(read: ReadClasses, grid: Grid, numbers: NDArray[np.int32], reporter: Reporter) -> Regions:
    """Numbers the regions into `numbers` (H,W), which may lie on disk."""
    fragments = _Fragments(numbers)
    blocks = list(grid.blocks(_BLOCK))
    for done, window in enumerate(blocks):
        reporter.progress(done / len(blocks) / 2, "Finding connected regions", done, len(blocks))
        fragments.add(window, read(window))
    joined = fragments.joined()
    cut, small = joined.very_large(), joined.too_many()
    numbering = _Numbering(joined, cut | small, cut)
    for done, window in enumerate(blocks):
        reporter.progress(0.5 + done / len(blocks) / 2, "Finding connected regions", done, len(blocks))
        numbers[window.slices] = numbering.renumbered(numbers[window.slices], window)
    classes, pixels = numbering.found()
    return Regions(numbers, classes, pixels, _notes(joined, cut, small))


@dataclass(frozen=True, eq=False)
class _Joined:
    """Regions, and which of them each fragment belongs to."""

    region: NDArray[np.int32]  # (fragments,)
    classes: Ints  # (N,)
    pixels: Ints  # (N,)

    def very_large(self) -> NDArray[np.bool_]:
        """(N,) regions that would leave their class, or the whole raster, on one side."""
        of_class = np.bincount(self.classes, self.pixels)[self.classes]
        dominant = (self.pixels > _LARGE_SHARE * self.pixels.sum()) | (self.pixels > of_class / 2)
        return np.asarray(dominant & (self.pixels > _LARGE))

    def too_many(self) -> NDArray[np.bool_]:
        """(N,) the smallest regions, where there are more than can be handled."""
        if len(self.pixels) <= _MOST:
            return np.zeros(len(self.pixels), bool)
        return np.asarray(self.pixels <= np.partition(self.pixels, -_MOST - 1)[-_MOST - 1])


@dataclass(eq=False)
class _Fragments:
    """What regions have of each block, numbered from the first block on; and which of them touch across blocks."""

    numbers: NDArray[np.int32]
    count: int = 0
    classes: list[Ints] = field(default_factory=list)
    pixels: list[Ints] = field(default_factory=list)
    touching: list[Ints] = field(default_factory=list)

    def add(self, window: Window, classes: Ints) -> None:
        """`classes` (h,w) of the next block, row by row."""
        found = np.full(classes.shape, NOWHERE, np.int32)
        for each in np.unique(classes[classes >= 0]).tolist():
            here, number = label(classes == each)
            inside = here > 0
            found[inside] = here[inside] + (self.count - 1)
            self.classes.append(np.full(number, each, np.int64))
            self.pixels.append(np.bincount(here[inside], minlength=number + 1)[1:])
            self.count += number
        self.numbers[window.slices] = found
        rows, cols = window.slices
        if window.row:
            self._touch(self.numbers[window.row - 1, cols], found[0])
        if window.col:
            self._touch(self.numbers[rows, window.col - 1], found[:, 0])

    def _touch(self, before: NDArray[np.int32], here: NDArray[np.int32]) -> None:
        both = (before != NOWHERE) & (here != NOWHERE)
        self.touching.append(np.unique(np.stack([before[both], here[both]]), axis=1))

    def joined(self) -> _Joined:
        classes = np.concatenate(self.classes or [np.zeros(0, np.int64)])
        pixels = np.concatenate(self.pixels or [np.zeros(0, np.int64)])
        none = np.zeros((2, 0), np.int64)
        first, second = np.concatenate([none, *self.touching], axis=1).astype(np.int64)
        same = classes[first] == classes[second]
        links = coo_array((np.ones(same.sum(), bool), (first[same], second[same])), (self.count, self.count))
        number, region = connected_components(links, directed=False) if self.count else (0, np.zeros(0, np.int32))
        of_region = np.zeros(number, np.int64)
        of_region[region] = classes
        return _Joined(region, of_region, np.bincount(region, pixels, number).astype(np.int64))


class _Numbering:
    """From fragments to the final numbers: whole regions first, then the pieces of those that are cut."""

    def __init__(self, joined: _Joined, left_out: NDArray[np.bool_], cut: NDArray[np.bool_]) -> None:
        self._region, self._cut = joined.region, cut
        self._number = np.where(left_out, NOWHERE, np.cumsum(~left_out) - 1)
        self._joined = joined
        self._classes, self._pixels = joined.classes[~left_out].tolist(), joined.pixels[~left_out].tolist()

    def renumbered(self, fragments: NDArray[np.int32], window: Window) -> Ints:
        """(h,w) of a block of fragments."""
        known = fragments != NOWHERE
        found = np.full(fragments.shape, NOWHERE, np.int64)
        regions = self._region[fragments[known]]
        found[known] = self._number[regions]
        inner = known.copy()
        inner[known] = self._cut[regions]
        rows, cols = (np.arange(first, first + n) for first, n in zip((window.row, window.col), fragments.shape))
        inner &= _inside(rows)[:, None] & _inside(cols)
        if inner.any():
            cells = (rows // PIECE)[:, None] * _WIDEST + cols // PIECE
            found[inner] = self._pieces(self._region[fragments[inner]], cells[inner])
        return found

    def _pieces(self, regions: NDArray[np.int32], cells: Ints) -> Ints:
        pairs, each, pixels = np.unique(
            np.stack([regions.astype(np.int64), cells]), axis=1, return_inverse=True, return_counts=True
        )
        first = len(self._classes)
        self._classes += self._joined.classes[pairs[0]].tolist()
        self._pixels += pixels.tolist()
        return np.asarray(first + each.reshape(-1))

    def found(self) -> tuple[Ints, Ints]:
        """Class and pixels (N,) of each number."""
        return np.array(self._classes, np.int64), np.array(self._pixels, np.int64)


def _inside(places: Ints) -> NDArray[np.bool_]:
    """Whether rows or columns are not along a piece's edges."""
    return np.asarray((places % PIECE >= _APART) & (places % PIECE < PIECE - _APART))


def _notes(joined: _Joined, cut: NDArray[np.bool_], small: NDArray[np.bool_]) -> tuple[str, ...]:
    notes = []
    if cut.any():
        notes.append(
            f"{int(cut.sum())} connected regions are so large that their class would be on one side alone (the largest "
            f"has {int(joined.pixels.max()):,} pixels): they are parted by squares of {PIECE} px, with {2 * _APART} px "
            "between these that belong to no side."
        )
    if small.any():
        least = int(joined.pixels[small].max())
        notes.append(
            f"The class raster is speckled, it has {len(small):,} connected regions: the {int(small.sum()):,} of at "
            f"most {least:,} pixels are left out ({int(joined.pixels[small].sum()):,} pixels)."
        )
    return tuple(notes)
