"""Patches for the network: cut from seasons around labelled pixels, normalised, turned and mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ..raster.grid import Window
from .losses import IGNORE
from .seasons import Season
from .split import HELD_OUT, TRAIN

TARGET = "target"  # an item's key beside the names of the network's inputs
_ANCHORS = 256  # remembered pixels a class, part and block of a season
Floats = NDArray[np.float32]
Item = dict[str, Tensor]  # each input of the network by its name, without the batch, and TARGET (H,W) int64


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation a band (C,), over dates and seasons, in reflectance x scale."""

    mean: Floats
    std: Floats

    def normalise(self, cube: Floats) -> Floats:
        """(T,C,H,W) -> z-scores; where a band of a date has no data, that date is 0 in every band."""
        seen = ~np.isnan(cube).any(axis=1, keepdims=True)
        z = (cube - self.mean[:, None, None]) / self.std[:, None, None]
        return np.where(seen, z, np.float32(0)).astype(np.float32)


def statistics(seasons: Sequence[Season]) -> Statistics:
    """Over the pixels with data in the blocks that hold training parcels, held-out parcels left out."""
    total, square, count = (np.zeros(seasons[0].image.shape[1]) for _ in range(3))
    for season in seasons:
        for window in season.blocks(TRAIN):
            rows, cols = window.slices
            cube = season.image[:, :, rows, cols].astype(np.float64)
            cube[..., season.part[rows, cols] == HELD_OUT] = np.nan
            total += np.nansum(cube, axis=(0, 2, 3))
            square += np.nansum(cube**2, axis=(0, 2, 3))
            count += np.sum(~np.isnan(cube), axis=(0, 2, 3))
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 1e-6))
    return Statistics(mean.astype(np.float32), std.astype(np.float32))


def count_classes(seasons: Sequence[Season], part: int, classes: int) -> NDArray[np.int64]:
    """Pixels a class (K,) in a part of the split."""
    counts = np.zeros(classes, np.int64)
    for season in seasons:
        for window in season.blocks(part):
            inside = season.target[window.slices][season.part[window.slices] == part]
            counts += np.bincount(inside, minlength=classes)
    return counts


def shown_shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """How often patches are placed on each class (K,): half by its pixels, half evenly, as TrainingPatches draws."""
    present = counts > 0
    shares: NDArray[np.float64] = counts / counts.sum() / 2 + present / present.sum() / 2
    return shares


def cut(season: Season, window: Window, part: int) -> tuple[Floats, NDArray[np.int64]]:
    """Image (T,C,h,w) with NaN and target (h,w), IGNORE outside `part`; beyond the raster's edge it is mirrored."""
    rows, cols = window.slices
    image = np.asarray(season.image[:, :, rows, cols])
    target = np.where(season.part[rows, cols] == part, season.target[rows, cols], IGNORE).astype(np.int64)
    lack = (window.height - target.shape[0], window.width - target.shape[1])
    if any(lack):
        image = np.pad(image, ((0, 0), (0, 0), (0, lack[0]), (0, lack[1])), mode="symmetric")
        target = np.pad(target, ((0, lack[0]), (0, lack[1])), constant_values=IGNORE)
    return image, target


class TrainingPatches(Dataset[Item]):
    """Random patches: half of them around a pixel of a class drawn evenly, half around any training pixel (choice).

    Item i of epoch e is the same for the same seed, whatever the order of the calls.
    """

    def __init__(self, seasons: Sequence[Season], stats: Statistics, size: int, length: int, jitter: float, seed: int):
        self.seasons, self.stats, self.size, self.length = tuple(seasons), stats, size, length
        self.jitter, self.seed, self.epoch = jitter, seed, 0
        self._anchors = _anchors(seasons)
        self._of_class = [np.flatnonzero(self._anchors[:, 1] == c) for c in np.unique(self._anchors[:, 1])]
        self._shares = np.cumsum(self._anchors[:, 4]) / self._anchors[:, 4].sum()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Item:  # x (T,C,S,S) float32, target (S,S) int64
        rng = np.random.default_rng((self.seed, self.epoch, index))
        which, _, row, col, _ = self._anchor(rng)
        season = self.seasons[which]
        window = Window(
            self._start(rng, row, season.shape[0]), self._start(rng, col, season.shape[1]), *[self.size] * 2
        )
        image, target = cut(season, window, TRAIN)
        image, target = turn(image * self._gain(rng, image.shape[:2]), target, rng)
        return {"x": torch.from_numpy(self.stats.normalise(image)), TARGET: torch.from_numpy(target.copy())}

    def _anchor(self, rng: np.random.Generator) -> NDArray[np.int64]:
        if rng.random() < 0.5:
            index = int(np.searchsorted(self._shares, rng.random()))
        else:
            of_class = self._of_class[rng.integers(len(self._of_class))]
            index = int(of_class[rng.integers(len(of_class))])
        anchor: NDArray[np.int64] = self._anchors[index]
        return anchor

    def _start(self, rng: np.random.Generator, anchor: int, side: int) -> int:
        start = anchor - int(rng.integers(self.size))
        return max(0, min(start, side - self.size))

    def _gain(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """(T,C,1,1): one gain a date (light, atmosphere) times one a date and band."""
        common = rng.normal(1, self.jitter, (shape[0], 1))
        return (common * rng.normal(1, self.jitter, shape))[..., None, None].astype(np.float32)


def turn(image: Floats, target: NDArray[np.int64], rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """One of the eight turns and mirrorings of the square, the same for image and target."""
    quarter, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    image, target = np.rot90(image, quarter, axes=(-2, -1)), np.rot90(target, quarter)
    return (image[..., ::-1], target[..., ::-1]) if mirrored else (image, target)


def _anchors(seasons: Sequence[Season]) -> NDArray[np.int64]:
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
    """Windows that together cover every pixel of `part` once: a tile's centre is scored, its rim is context."""

    def __init__(self, seasons: Sequence[Season], stats: Statistics, part: int, tile: int, overlap: int, most: int = 0):
        self.seasons, self.stats, self.part = tuple(seasons), stats, part
        self.tile, self.rim = tile, overlap // 2
        step = tile - 2 * self.rim
        places = [(s, w) for s, season in enumerate(self.seasons) for w in season.blocks(part, step)]
        keep = np.linspace(0, len(places) - 1, min(most or len(places), len(places))).astype(int)
        self.places = [places[i] for i in keep]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Item:  # x (T,C,S,S) float32, target (S,S) int64
        which, centre = self.places[index]
        season = self.seasons[which]
        row, col = max(0, centre.row - self.rim), max(0, centre.col - self.rim)
        image, target = cut(season, Window(row, col, self.tile, self.tile), self.part)
        scored = np.full_like(target, IGNORE)
        inside = (
            slice(centre.row - row, centre.row - row + centre.height),
            slice(centre.col - col, centre.col - col + centre.width),
        )
        scored[inside] = target[inside]
        return {"x": torch.from_numpy(self.stats.normalise(image)), TARGET: torch.from_numpy(scored)}
