"""Patches for the network: cut from seasons around labelled pixels, normalised, turned and mirrored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ....shared.cards.parts import InputSpec
from ...labels.constants import IGNORE
from ...products.bands import RADAR
from ...raster.grid import Window
from ...raster.tiling import Tiling, mirrored
from ...series.cube.input_normalisation import Preprocess
from ...splits.split import TRAIN
from .labelled_series import LabelledCube

TARGET = "target"  # an item's key beside the names of the network's inputs
_DARKEST = 0.1  # least gain of decibels, for which 0 has no meaning (choice)
_ANCHORS = 256  # remembered pixels a class, part and block of a season
_COUNTED = 256  # patches in which the pixels of each class are counted, at least (choice)
Floats = NDArray[np.float32]
Item = dict[str, Tensor]  # each input of the network by its name, without the batch, and TARGET (H,W) int64


def count_classes(seasons: Sequence[LabelledCube], part: int, classes: int) -> NDArray[np.int64]:
    """Pixels a class (K,) in a part of the split."""
    counts = np.zeros(classes, np.int64)
    for season in seasons:
        for window in season.blocks(part):
            inside = season.target[window.slices][season.part[window.slices] == part]
            counts += np.bincount(inside, minlength=classes)
    return counts


def cut(season: LabelledCube, window: Window, part: int) -> tuple[Floats, NDArray[np.int64]]:
    """Image (T,C,h,w) with NaN, mirrored beyond the series' edge; target (h,w), IGNORE there and outside `part`."""
    source = season.source
    image = mirrored(source.read, window.shifted(source.part.row, source.part.col), source.shape)
    target = np.full((window.height, window.width), IGNORE, np.int64)
    inside = window.clipped(*season.shape)
    target[inside.shifted(-window.row, -window.col).slices] = season.reference(inside, part)
    return image, target


@dataclass(frozen=True)
class Augmentation:
    """What training patches go through, so that the network does not lean on what differs between seasons."""

    jitter: float = 0.0  # standard deviation of the random gain a date and band
    turns: bool = True  # turned and mirrored
    optical: tuple[float, float] = (0.0, 0.0)  # share of the optical dates that is dropped, drawn between these
    radar: float = 0.0  # share of the radar dates that is dropped
    decibel: tuple[int, ...] = ()  # bands in decibel, where a gain is added

    def apply(self, cube: Floats, inputs: InputSpec, rng: np.random.Generator) -> Floats:
        """(T,C,H,W) with NaN -> the same shape."""
        cube = self._lit(cube, self._gain(rng, cube.shape[:2]))
        for name, share in zip(inputs.images, self._shares(inputs, rng)):
            dropped = rng.random(len(cube)) < share
            kept = cube.copy()
            kept[dropped, inputs.slice_of(name)] = np.nan
            if not np.isnan(kept).all():  # some date is left
                cube = kept
        return cube

    def _lit(self, cube: Floats, gain: Floats) -> Floats:
        lit = cube * gain
        for band in self.decibel:
            lit[:, band] = cube[:, band] + 10 * np.log10(np.maximum(gain[:, band], _DARKEST))
        return lit

    def _shares(self, inputs: InputSpec, rng: np.random.Generator) -> tuple[float, ...]:
        """Of the dates of each series that are dropped."""
        optical = float(rng.uniform(*self.optical))
        if len(inputs.images) > 1:
            return optical, self.radar
        return (self.radar if "x_s1" in inputs.images else optical,)

    def _gain(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """(T,C,1,1): one gain a date (light, atmosphere) times one a date and band."""
        common = rng.normal(1, self.jitter, (shape[0], 1))
        gain: Floats = (common * rng.normal(1, self.jitter, shape))[..., None, None].astype(np.float32)
        return gain


def decibel_bands(inputs: InputSpec) -> tuple[int, ...]:
    """Which of the bands, the first series' before the second's, are read in decibel."""
    decibel = inputs.radar.unit == "decibel"
    return tuple(i for i, band in enumerate(inputs.all_bands) if decibel and band in RADAR)


class _Places:
    """Pixels to place patches around."""

    def __init__(self, anchors: NDArray[np.int64]) -> None:
        self._anchors = anchors
        self._of_class = [np.flatnonzero(anchors[:, 1] == c) for c in np.unique(anchors[:, 1])]
        self._shares = np.cumsum(anchors[:, 4]) / anchors[:, 4].sum()

    def draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        if rng.random() < 0.5:
            index = int(np.searchsorted(self._shares, rng.random()))
        else:
            of_class = self._of_class[rng.integers(len(self._of_class))]
            index = int(of_class[rng.integers(len(of_class))])
        anchor: NDArray[np.int64] = self._anchors[index]
        return anchor


@dataclass(frozen=True)
class PatchPlan:
    """Which patches an epoch shows."""

    size: int  # px, both sides
    length: int  # patches
    seed: int
    batch: int = 1  # with monthly labels the patches of one batch are of one month, and the next batch's of the next


class TrainingPatches(Dataset[Item]):
    """Random patches: half of them around a pixel of a class drawn evenly, half around any training pixel (choice).

    Item i of epoch e is the same for the same seed, whatever the order of the calls.
    """

    def __init__(
        self,
        seasons: Sequence[LabelledCube],
        preprocess: Preprocess,
        plan: PatchPlan,
        changes: Augmentation,
    ) -> None:
        self.seasons, self.preprocess, self.plan = tuple(seasons), preprocess, plan
        self.changes, self.epoch = changes, 0
        anchors = _anchors(seasons)
        months = np.array([season.month for season in seasons])[anchors[:, 0]]
        self._places = [_Places(anchors[months == month]) for month in np.unique(months)]

    def __len__(self) -> int:
        return self.plan.length

    def lengthen(self, length: int) -> None:
        """An epoch shows so many patches from here on."""
        self.plan = replace(self.plan, length=length)

    def __getitem__(self, index: int) -> Item:
        season, window, rng = self._drawn(index)
        image, target = cut(season, window, TRAIN)
        if self.changes.turns:
            image, target = turn(image, target, rng)
        return item(self.preprocess, self.changes.apply(image, self.preprocess.inputs, rng), season, target)

    def _drawn(self, index: int) -> tuple[LabelledCube, Window, np.random.Generator]:
        """Where patch number `index` of the epoch lies, and the random numbers that go on from there."""
        rng = np.random.default_rng((self.plan.seed, self.epoch, index))
        turn_of = (self.epoch * self.plan.length + index) // self.plan.batch
        which, _, row, col, _ = self._places[turn_of % len(self._places)].draw(rng)
        season = self.seasons[which]
        start = self._start(rng, row, season.shape[0]), self._start(rng, col, season.shape[1])
        return season, Window(*start, *[self.plan.size] * 2), rng

    def count_shown(self, classes: int) -> NDArray[np.float64]:
        """Labelled pixels a class (K,) that a patch shows on average, counted in what is drawn: a patch around a pixel
        of a rare class shows more of its neighbours than of it."""
        count = max(_COUNTED, 8 * classes)
        counts = np.zeros(classes, np.int64)
        for index in range(count):
            season, window, _ = self._drawn(index)
            target = season.reference(window.clipped(*season.shape), TRAIN)
            counts += np.bincount(target[target != IGNORE], minlength=classes)
        return counts / count

    def _start(self, rng: np.random.Generator, anchor: int, side: int) -> int:
        start = anchor - int(rng.integers(self.plan.size))
        return max(0, min(start, side - self.plan.size))


def item(preprocess: Preprocess, cube: Floats, season: LabelledCube, target: NDArray[np.int64]) -> Item:
    taken = preprocess.asked(cube, season.days)
    return {name: torch.from_numpy(value) for name, value in taken.items()} | {TARGET: torch.from_numpy(target.copy())}


def turn(image: Floats, target: NDArray[np.int64], rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """One of the eight turns and mirrorings of the square, the same for image and target."""
    quarter, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    image, target = np.rot90(image, quarter, axes=(-2, -1)), np.rot90(target, quarter)
    return (image[..., ::-1], target[..., ::-1]) if mirrored else (image, target)


def _anchors(seasons: Sequence[LabelledCube]) -> NDArray[np.int64]:
    """(N,5): season, class, row, column, number of pixels it stands for. At most _ANCHORS a class and block."""
    found = []
    for s, season in enumerate(seasons):
        for window in season.blocks(TRAIN):
            target, part = season.target[window.slices], season.part[window.slices]
            for cls in np.unique(target[part == TRAIN]):
                rows, cols = np.nonzero((target == cls) & (part == TRAIN))
                kept = np.linspace(0, len(rows) - 1, min(len(rows), _ANCHORS)).astype(int)
                weight = np.full(len(kept), max(len(rows) // len(kept), 1))
                same = np.full_like(kept, s), np.full_like(kept, cls)
                found.append(np.stack([*same, rows[kept] + window.row, cols[kept] + window.col, weight], axis=1))
    return np.concatenate(found)


class ScoringPatches(Dataset[Item]):
    """The tiles of a map, of which the pixels that each is closest to are scored: every pixel of `part` once.

    They lie, and are mirrored, as in a classification, but are not blended: so much is enough to compare epochs by.
    """

    def __init__(
        self, seasons: Sequence[LabelledCube], preprocess: Preprocess, part: int, tiling: Tiling, most: int = 0
    ) -> None:
        """`most`: tiles, evenly chosen; 0 = all."""
        self.seasons, self.preprocess, self.part, self._size = tuple(seasons), preprocess, part, tiling.size
        places = [(s, *place) for s, season in enumerate(self.seasons) for place in _tiles(season, part, tiling)]
        keep = np.linspace(0, len(places) - 1, min(most or len(places), len(places))).astype(int)
        self.places = [places[i] for i in keep]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Item:
        which, tile, centre = self.places[index]
        season = self.seasons[which]
        image, target = cut(season, tile, self.part)
        scored = np.full_like(target, IGNORE)
        inside = centre.shifted(-tile.row, -tile.col).slices
        scored[inside] = target[inside]
        return item(self.preprocess, image, season, scored)


def _tiles(season: LabelledCube, part: int, tiling: Tiling) -> Iterator[tuple[Window, Window]]:
    """Each tile of the map whose centre holds a pixel of the part, and that centre, as windows of the season."""
    source = season.source
    rows, cols = (list(zip(tiling.starts(n), tiling.centres(n))) for n in source.shape)
    for (row, (top, bottom)), (col, (left, right)) in product(rows, cols):
        centre = source.inside(Window(top, left, bottom - top, right - left))
        if season.holds(centre, part):
            yield Window(row - source.part.row, col - source.part.col, tiling.size, tiling.size), centre
