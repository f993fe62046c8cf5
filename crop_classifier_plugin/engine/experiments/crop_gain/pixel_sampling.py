"""Which pixels a crop gain learns from and is tested on; the same ones for every line of the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from ....shared.errors import BadInput, LabelsUnusable
from ....shared.jobs.fusion import GainSplit
from ...execution.reporter import Reporter
from ...execution.scratch import disk_array
from ...labels.labelled_pixels import Ints, LabelledPixels
from ...raster.grid import Grid, Window
from ...splits.held_out_units import held_out_blocks, held_out_parcels
from .features import GainImages

BLOCK = 256  # px, side of the squares that are in memory at a time
_TRAIN, _TEST = 1, 2


@dataclass(frozen=True, eq=False)
class Census:
    """The labelled pixels that have a value on every early date and in every predicted image."""

    grid: Grid
    classes: tuple[str, ...]
    target: NDArray[np.int16]  # (H, W) class, -1 = not used; a memory-mapped file
    unit: NDArray[np.int32]  # (H, W)
    counts: Ints  # (units, classes) pixels
    labelled: int  # pixels with a class, whatever their values


@dataclass(frozen=True, eq=False)
class Draw:
    """Pixels (row x width + column, rising) of one seed."""

    train: Ints
    test: Ints


def take_census(images: GainImages, labels: LabelledPixels, folder: Path, reporter: Reporter) -> Census:
    """Reads everything once. Raises LabelsUnusable where fewer than two classes are left."""
    grid = images.grid
    size = (grid.height, grid.width)
    target = disk_array(folder / "target", size, np.int16)
    unit = disk_array(folder / "unit", size, np.int32)
    known, found = np.zeros(len(images.names), np.int64), np.zeros((0, 0), np.int64)
    labelled, blocks = 0, list(grid.blocks(BLOCK))
    for done, window in enumerate(blocks, start=1):
        cls, of = labels.read(window)
        reporter.check()
        labelled += int((cls >= 0).sum())
        if (cls >= 0).any():
            has = ~np.isnan(images.read(window))
            known += has[:, cls >= 0].sum(axis=1)
            cls = np.where(has.all(axis=0), cls, -1)
        target[window.slices], unit[window.slices] = cls, of
        found = _added(found, of[cls >= 0], cls[cls >= 0])
        reporter.progress(done / len(blocks), "Reading images and labels", done, len(blocks))
    classes = labels.classes
    _check(images, labelled, known, found, reporter)
    return Census(grid, classes, target, unit, np.pad(found, ((0, 0), (0, len(classes) - found.shape[1]))), labelled)


def _added(counts: Ints, units: Ints, classes: Ints) -> Ints:
    """`counts` with these pixels, grown where they are beyond it."""
    if not units.size:
        return counts
    rows, cols = max(counts.shape[0], int(units.max()) + 1), max(counts.shape[1], int(classes.max()) + 1)
    grown = np.zeros((rows, cols), np.int64)
    grown[: counts.shape[0], : counts.shape[1]] = counts
    grown += np.bincount(units * cols + classes, minlength=rows * cols).reshape(rows, cols)
    return grown


def _check(images: GainImages, labelled: int, known: Ints, counts: Ints, reporter: Reporter) -> None:
    if not labelled:
        raise LabelsUnusable("No pixel of the early season has a label: check the labels' place and class field.")
    left = int(counts.sum())
    worst = ", ".join(f"{images.names[i]} ({known[i] / labelled:.0%})" for i in np.argsort(known)[:3])
    if not left:
        raise LabelsUnusable(
            f"No labelled pixel has a value on every date; least have {worst}: fill the gaps of the series first, or "
            "leave these dates out."
        )
    if (counts.sum(axis=0) > 0).sum() < 2:
        raise LabelsUnusable("The labelled pixels with a value on every date are of one class: two are needed.")
    if left < 0.5 * labelled:
        reporter.log(
            f"Only {left / labelled:.0%} of the labelled pixels have a value on every date, the others are left out; "
            f"least have {worst}. Filling the gaps of the series first keeps more.",
            "warning",
        )


# --- which pixels ----------------------------------------------------------------------------------------------------


def draw(census: Census, split: GainSplit, seed: int, reporter: Reporter) -> Draw:
    """Training pixels, at most split.pixels a class, and test pixels, at most split.test_pixels, each at random.

    A test pixel whose 3 x 3 neighbourhood holds a pixel that could be trained on is left out, but where the split is
    by pixel.
    """
    held = None if split.method == "pixel" else _held_out(census, split, seed)
    train, test = [_Lot(split.pixels) for _ in census.classes], _Lot(split.test_pixels)
    for window in census.grid.blocks(BLOCK):
        reporter.check()
        target, part = _parts(census, split, held, window, seed)
        priority = np.random.default_rng([seed, 1, window.row, window.col]).random(target.shape)
        place = np.add.outer(np.arange(window.height) + window.row, np.zeros(window.width, np.int64))
        place = place * census.grid.width + np.arange(window.width) + window.col
        for cls, lot in enumerate(train):
            mine = (part == _TRAIN) & (target == cls)
            lot.add(priority[mine], place[mine])
        test.add(priority[part == _TEST], place[part == _TEST])
    found = Draw(np.sort(np.concatenate([lot.places for lot in train])), np.sort(test.places))
    if not (len(found.train) and len(found.test)):
        raise BadInput("The split leaves nothing to learn from, or nothing to test: change held_out, or the block.")
    return found


class _Lot:
    """The `most` places of lowest priority among all that were added."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._priorities, self.places = np.zeros(0), np.zeros(0, np.int64)

    def add(self, priorities: NDArray[np.float64], places: Ints) -> None:
        every, where = np.concatenate([self._priorities, priorities]), np.concatenate([self.places, places])
        kept = np.argpartition(every, self._most)[: self._most] if len(every) > self._most else slice(None)
        self._priorities, self.places = every[kept], where[kept]


def _parts(
    census: Census, split: GainSplit, held: NDArray[np.bool_] | None, window: Window, seed: int
) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """(H, W) class and (H, W) part of the split, 0 where a pixel is not used."""
    target = np.asarray(census.target[window.slices])
    if held is None:
        chance = np.random.default_rng([seed, 0, window.row, window.col]).random(target.shape)
        tested = chance < split.held_out
        return target, np.where(target < 0, 0, np.where(tested, _TEST, _TRAIN)).astype(np.uint8)
    top, left = max(window.row - 1, 0), max(window.col - 1, 0)
    around = (slice(top, window.row + window.height + 1), slice(left, window.col + window.width + 1))
    labelled, tested = census.target[around] >= 0, held[census.unit[around]]
    part = np.where(labelled, np.where(tested, _TEST, _TRAIN), 0)
    part[(part == _TEST) & maximum_filter(part == _TRAIN, 3)] = 0
    row, col = window.row - top, window.col - left
    return target, part[row : row + window.height, col : col + window.width].astype(np.uint8)


def _held_out(census: Census, split: GainSplit, seed: int) -> NDArray[np.bool_]:
    """(units,) which parcels or blocks are tested on; for unit -1 (no parcel) the last entry answers, unused."""
    if split.method == "block" and np.count_nonzero(census.counts.sum(axis=1)) < 2:
        raise BadInput(f"All labelled pixels lie in one block of {split.block} pixels: choose smaller blocks.")
    draw = held_out_parcels if split.method == "parcel" else held_out_blocks
    held = np.zeros(len(census.counts) + 1, bool)
    held[:-1] = draw(census.counts, split.held_out, np.random.default_rng(seed))
    return held


# --- their features --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Samples:
    """Features and classes of every pixel that some seed uses."""

    places: Ints  # (N,) rising
    x: NDArray[np.float32]  # (N, 9 * dates); a memory-mapped file
    y: Ints  # (N,)

    def of(self, places: Ints, columns: Ints) -> tuple[NDArray[np.float32], Ints]:
        rows = np.searchsorted(self.places, places)
        return self.x[np.ix_(rows, columns)], self.y[rows]


def gather(images: GainImages, census: Census, draws: list[Draw], folder: Path, reporter: Reporter) -> Samples:
    """Reads the pixels of all draws, block by block, into a file."""
    places = np.unique(np.concatenate([part for each in draws for part in (each.train, each.test)]))
    x = disk_array(folder / "x", (len(places), 9 * len(images.names)), np.float32)
    for window, rows, inside in _found(census.grid, places, reporter):
        x[rows] = images.features(window).reshape(x.shape[1], -1)[:, inside].T
    return Samples(places, x, census.target.reshape(-1)[places].astype(np.int64))


def _found(grid: Grid, places: Ints, reporter: Reporter) -> Iterator[tuple[Window, Ints, Ints]]:
    """Windows with places: which places, and where in the window (as if it were one row)."""
    row, col = places // grid.width, places % grid.width
    blocks = list(grid.blocks(BLOCK))
    for done, window in enumerate(blocks, start=1):
        rows, cols = window.slices
        mine = np.flatnonzero((rows.start <= row) & (row < rows.stop) & (cols.start <= col) & (col < cols.stop))
        if mine.size:
            yield window, mine, (row[mine] - window.row) * window.width + col[mine] - window.col
        reporter.progress(done / len(blocks), "Reading the pixels", done, len(blocks))
