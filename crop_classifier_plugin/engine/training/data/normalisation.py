"""What a network takes of a season: its series as z-scores, days of the year, and how much of each date is usable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...splits.split import HELD_OUT, TRAIN
from .labelled_series import LabelledCube

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation a band (C,), over dates and seasons, in reflectance x scale or backscatter."""

    mean: Floats
    std: Floats

    def normalise(self, cube: Floats) -> Floats:
        """(T,C,H,W) of one series -> z-scores; where a band of a date has no data, that date is 0 in every band."""
        seen = ~np.isnan(cube).any(axis=1, keepdims=True)
        z = (cube - self.mean[:, None, None]) / self.std[:, None, None]
        return np.where(seen, z, np.float32(0)).astype(np.float32)

    def of(self, bands: slice) -> Statistics:
        return Statistics(self.mean[bands], self.std[bands])


@dataclass(frozen=True, eq=False)
class InputNormaliser:
    """The inputs of a network by their names, as card.py tells them. `first`: bands of the first series; the second,
    where there is one, has the others."""

    inputs: tuple[str, ...]
    stats: Statistics
    first: int

    def series(self, name: str) -> slice:
        """The bands that the input `name` is about: x_s1 and valid_s1 mean the second series, where there are two."""
        second = name.endswith("_s1") and self.first < len(self.stats.mean)
        return slice(self.first, None) if second else slice(0, self.first)

    @property
    def both(self) -> tuple[slice, ...]:
        """The bands of each series."""
        second = (slice(self.first, None),) if self.first < len(self.stats.mean) else ()
        return (slice(0, self.first), *second)

    def take(self, cube: Floats, days: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Cube (T,C,H,W) of both series, NaN where there is no data, and days (T,) 0..365 -> each input without the
        batch: x (T,c,H,W), valid (T,), doy (T,)."""
        return {name: self._one(name, cube, days) for name in self.inputs}

    def _one(self, name: str, cube: Floats, days: NDArray[np.int64]) -> NDArray[Any]:
        if name == "doy":
            return days
        bands = self.series(name)
        if name.startswith("valid"):
            missing = np.asarray(np.isnan(cube[:, bands]).any(axis=1))
            return np.asarray(1 - missing.mean(axis=(1, 2)), np.float32)
        return self.stats.of(bands).normalise(cube[:, bands])


def statistics(seasons: Sequence[LabelledCube]) -> Statistics:
    """Over the pixels with data in the blocks that hold training parcels, held-out parcels left out."""
    total, square, count = (np.zeros(seasons[0].image.shape[1]) for _ in range(3))
    for season in seasons:
        for window in season.blocks(TRAIN):
            held_out = season.part[window.slices] == HELD_OUT
            for date in season.read(window)[season.shared :].astype(np.float64):
                date[:, held_out] = np.nan
                total += np.nansum(date, axis=(1, 2))
                square += np.nansum(date**2, axis=(1, 2))
                count += np.sum(~np.isnan(date), axis=(1, 2))
    mean = total / np.maximum(count, 1)
    std = np.sqrt(np.maximum(square / np.maximum(count, 1) - mean**2, 1e-6))
    return Statistics(mean.astype(np.float32), std.astype(np.float32))
