"""Rasters summed up over parcels, each pixel weighed by the share of it that lies inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import BadInput, BadRaster
from ...access.rasters import open_raster
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap
from ...raster.grid import Grid, Window, upright
from ...raster.writer import GDAL_ERRORS, as_rasterio
from .crossings import Crossings, cut_at_pixels
from .edges import NARROW, Edges, edges_on

_ROWS = 256  # px, read at a time (choice)
_CELLS = 2_000_000  # words in memory at a time, of each kind (choice)
_DIGITS = 6  # of pixels: what is less than a millionth of one is rounding (choice)
_WORD = 64  # bits

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]


def class_coverage(crop_map: CropMap, shapes: NDArray[Any], reporter: Reporter) -> Floats:
    """(P, K) pixels of each class of the legend in each parcel, parts of pixels included. `shapes` have to be valid."""
    edges, parcel = edges_on(shapes, crop_map.grid)
    classes = len(crop_map.legend)
    found = np.zeros((len(parcel), classes))
    for window, part in _tiles(edges, crop_map.grid, classes, reporter):
        values, positions = crop_map.read_indexed(window)
        bits = int(part.bits[0])
        sums = [_counted_along(values, words.take(positions)) for words in _packed(classes, bits)]
        for chunk in part.chunks(window):
            crossings = cut_at_pixels(chunk, window)
            for number, words in enumerate(sums):
                first = number * (_WORD // bits)
                _add_runs(found[:, first : first + _WORD // bits], crossings, words, bits)
            _add_cells(found, crossings, positions.take(values.ravel().take(crossings.cell)))
    return _of_all(np.round(found, _DIGITS), parcel, len(shapes), 0.0)


def band_means(path: str, grid: Grid, shapes: NDArray[Any], reporter: Reporter) -> Floats:
    """(P, B) mean of each band in each parcel, no data left out; NaN where there is nothing else.

    Raises BadInput for a raster of another CRS than the map's `grid`, BadRaster.
    """
    try:
        with open_raster(path) as dataset:
            transform = upright(path, dataset.transform, dataset.height, dataset.width)
            own = Grid(dataset.crs or grid.crs, transform, dataset.height, dataset.width)
            if own.crs != grid.crs:
                raise BadInput(f"{path} has another coordinate system than the map: give the raster of the same run.")
            return _means(dataset, own, shapes, reporter)
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None


def _means(dataset: Any, grid: Grid, shapes: NDArray[Any], reporter: Reporter) -> Floats:
    edges, parcel = edges_on(shapes, grid)
    sums, pixels = np.zeros((2, len(parcel), dataset.count))
    for window, part in _tiles(edges, grid, 2 * _WORD // NARROW, reporter):
        cut = [cut_at_pixels(chunk, window) for chunk in part.chunks(window)]
        owners = slice(int(part.owner.min()), int(part.owner.max()) + 1)
        seen, inside = np.zeros(0, bool), np.zeros(0)  # known pixels of the last band, what the parcels have of them
        for band in range(dataset.count):
            values = dataset.read(band + 1, window=as_rasterio(window), masked=True)
            known = ~np.ma.getmaskarray(values) & np.isfinite(values.data)
            if not np.array_equal(known, seen):
                seen, inside = known, _sums(cut, known, owners)
            pixels[owners, band] += inside
            sums[owners, band] += _sums(cut, values.data if known.all() else np.where(known, values.data, 0), owners)
            reporter.check()
    there = pixels > 10.0**-_DIGITS
    means = np.where(there, sums, np.nan) / np.where(there, pixels, 1.0)
    return _of_all(means * np.array(dataset.scales) + np.array(dataset.offsets), parcel, len(shapes), np.nan)


def _of_all(found: Floats, parcel: NDArray[np.int64], count: int, nothing: float) -> Floats:
    """What was found in some of the parcels, in the order of all of them."""
    whole = np.full((count, found.shape[1]), nothing)
    whole[parcel] = found
    return whole


def _tiles(edges: Edges, grid: Grid, counts: int, reporter: Reporter) -> Iterator[tuple[Window, Edges]]:
    """The edges by parts of the grid that are read at once, and hold all columns of the parcels of these.

    `counts`: how many are held for each pixel, in words.
    """
    reporter.check()
    last = int(np.ceil(edges.bottom.max(initial=0)))
    for top in range(0, last, _ROWS):
        for part in _within(edges, top, min(top + _ROWS, last)).parts():
            if not len(part):
                continue
            left, right = part.columns(grid.width)
            rows = max(1, _CELLS * _WORD // ((right - left) * counts * int(part.bits[0])))
            for row in range(top, min(top + _ROWS, last), rows):
                reporter.check()
                window = Window(row, left, min(rows, top + _ROWS - row, last - row), right - left)
                inside = _within(part, row, row + window.height)
                if len(inside):
                    yield window, inside
        reporter.progress(min(top + _ROWS, last) / last, "Reading the parcels", min(top + _ROWS, last), last)


def _within(edges: Edges, top: int, bottom: int) -> Edges:
    return edges[np.flatnonzero((edges.bottom > top) & (edges.top < bottom))]


# --- classes: several counts in one number ---------------------------------------------------------------------------


def _packed(classes: int, bits: int) -> Iterator[Words]:
    """(K + 1,) what a pixel of each class, and last one without any, adds to a word that holds the counts of as many
    classes as have room, `bits` each. A count that overflows spoils no difference: what lies between two pixels fits.
    """
    room = _WORD // bits
    for first in range(0, classes, room):
        words = np.zeros(classes + 1, np.uint64)
        here = np.arange(first, min(first + room, classes))
        words[here] = np.uint64(1) << ((here - first) * bits).astype(np.uint64)
        yield words


def _counted_along(values: NDArray[Any], words: Words) -> Words:
    """(H * (W + 1),) the sum of the words of the values west of each border between pixels."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1), np.uint64)
    np.cumsum(words.take(values), axis=1, out=sums[:, 1:])
    return sums.ravel()


def _add_runs(found: Floats, crossings: Crossings, sums: Words, bits: int) -> None:
    counts = (sums.take(crossings.before) - sums.take(crossings.start)).view(f"u{bits // 8}")
    counts = counts.reshape(len(crossings.owner), -1)[:, : found.shape[1]]
    begins = np.flatnonzero(np.diff(crossings.owner, prepend=-1))
    found[crossings.owner[begins]] += np.add.reduceat(counts * crossings.height[:, None], begins, axis=0)


def _add_cells(found: Floats, crossings: Crossings, place: NDArray[np.int32]) -> None:
    """`place`: (C,) the position of each cell's class."""
    classes = found.shape[1]
    known = place >= 0
    key = crossings.cell_owner * classes + place
    key, share = (key, crossings.share) if known.all() else (key[known], crossings.share[known])
    if key.size:
        first = int(key.min()) // classes
        sums = np.bincount(key - first * classes, share, (int(key.max()) // classes + 1 - first) * classes)
        found[first : first + len(sums) // classes] += sums.reshape(-1, classes)


# --- measured values -------------------------------------------------------------------------------------------------


def _sums(cut: list[Crossings], values: NDArray[Any], owners: slice) -> Floats:
    """(N,) of each of the owners, the sum of what its edges in a window enclose."""
    west = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=west[:, 1:])
    west, flat, count = west.ravel(), values.ravel(), owners.stop - owners.start
    found = np.zeros(count)
    for each in cut:
        runs = each.height * (west.take(each.before) - west.take(each.start))
        found += np.bincount(each.owner - owners.start, runs, count)
        found += np.bincount(each.cell_owner - owners.start, each.share * flat.take(each.cell), count)
    return found
