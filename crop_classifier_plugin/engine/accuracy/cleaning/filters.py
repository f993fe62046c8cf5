"""Filters of class maps. Each looks at most `margin` px around a pixel, so that a map cut into pieces with that much
around them gives what the whole map gives. Classes are positions, (H, W) int32; NO_DATA stays and never votes."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...labels.constants import NO_DATA

Classes = NDArray[np.int32]
_FOUR = ndimage.generate_binary_structure(2, 1)
_TINY = 1e-6  # of a probability: logits are finite


class Filter(Protocol):
    """What is done to a piece of a map."""

    margin: int

    def __call__(self, classes: Classes, probabilities: NDArray[np.float32] | None) -> Classes:
        """The piece's classes; `probabilities` (K, H, W), NaN without data, where the filter reads them."""


class Majority:
    """The commonest class in a square around each pixel; its own where that is as common."""

    def __init__(self, size: int) -> None:
        self.size, self.margin = size, size // 2

    def __call__(self, classes: Classes, probabilities: NDArray[np.float32] | None = None) -> Classes:
        best, votes = classes.copy(), self._votes(classes, classes)
        for crop in np.unique(classes[classes != NO_DATA]):
            count = self._sums(classes == crop)
            better = count > votes
            best[better], votes[better] = crop, count[better]
        return np.where(classes == NO_DATA, NO_DATA, best)

    def _votes(self, classes: Classes, of: Classes) -> NDArray[np.float64]:
        """(H, W) votes for each pixel's own class."""
        votes = np.zeros(classes.shape)
        for crop in np.unique(of[of != NO_DATA]):
            here = of == crop
            votes[here] = self._sums(classes == crop)[here]
        return votes

    def _sums(self, flags: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(H, W) how many are set in the square around each pixel."""
        rows = ndimage.uniform_filter1d(flags.astype(float), self.size, axis=0, mode="constant")
        square = ndimage.uniform_filter1d(rows, self.size, axis=1, mode="constant")
        sums: NDArray[np.float64] = np.rint(square * self.size**2)
        return sums


class Sieve:
    """Regions (neighbours by side) of fewer than `least` pixels take the class that most of their edge touches, of
    regions that stay; where only small ones or nothing are around, they stay as they are."""

    def __init__(self, least: int) -> None:
        self.least, self.margin = least, 2 * least + 1  # a region beside a small one is seen to be large, or whole

    def __call__(self, classes: Classes, probabilities: NDArray[np.float32] | None = None) -> Classes:
        regions = _regions(classes)
        sizes = np.bincount(regions.ravel())
        small = (sizes < self.least) & (np.arange(len(sizes)) > 0)
        if not small.any():
            return classes
        votes = _edges(regions, classes, small)
        best = np.full(len(sizes), NO_DATA, np.int32)
        if len(votes):
            order = np.lexsort((-votes[:, 1], votes[:, 2], votes[:, 0]))  # by region, by votes, the lower class last
            last = np.flatnonzero(np.diff(votes[order, 0], append=-1))
            best[votes[order[last], 0]] = votes[order[last], 1]
        new = best[regions]
        cleaned: Classes = np.where(small[regions] & (new != NO_DATA), new, classes)
        return cleaned


def _regions(classes: Classes) -> Classes:
    """(H, W) a number for each connected region of one class; 0 without data."""
    regions, total = np.zeros(classes.shape, np.int32), 0
    for crop in np.unique(classes[classes != NO_DATA]):
        found, count = ndimage.label(classes == crop, _FOUR)
        here = found > 0
        regions[here] = found[here] + total
        total += count
    return regions


def _edges(regions: Classes, classes: Classes, small: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n, 3): small region, class of a region that stays beside it, pixel sides that they share."""
    pairs = []
    for there, here in (
        ((slice(1, None),), (slice(None, -1),)),
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
    ):
        for one, other in ((there, here), (here, there)):
            a, b = regions[one], regions[other]
            touch = small[a] & (b > 0) & ~small[b]
            pairs.append(np.column_stack([a[touch], classes[other][touch]]))
    found, counts = np.unique(np.concatenate(pairs), axis=0, return_counts=True)
    return np.column_stack([found, counts]).astype(np.int64)


class Bayes:
    """The likeliest class after each class's logit was drawn to the mean around it, the more the less they vary there.

    Method as in the R packages sits and bayesEO (Camara and others): x' = (s2 x + v m) / (s2 + v), with x
    a pixel's logit, m and s2 mean and variance in the square around it, v the smoothness. All of the square counts
    (choice; there, a part of it).
    """

    def __init__(self, size: int, smoothness: float) -> None:
        self.size, self.margin, self._smoothness = size, size // 2, smoothness

    def __call__(self, classes: Classes, probabilities: NDArray[np.float32] | None = None) -> Classes:
        if probabilities is None:
            raise ValueError("Bayes smooths probabilities")
        known = classes != NO_DATA
        weight = self._mean(known.astype(float))
        best, most = classes.copy(), np.full(classes.shape, -np.inf)
        for crop, chance in enumerate(probabilities):
            smoothed = self._smoothed(_logit(chance), known, weight)
            better = known & (smoothed > most)
            best[better], most[better] = crop, smoothed[better]
        return best

    def _smoothed(
        self, logit: NDArray[np.float64], known: NDArray[np.bool_], weight: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        x = np.where(known, logit, 0)
        weights = np.maximum(weight, 1e-12)
        mean = self._mean(x) / weights
        variance = np.maximum(self._mean(x * x) / weights - mean**2, 0)
        drawn: NDArray[np.float64] = (variance * x + self._smoothness * mean) / (variance + self._smoothness)
        return drawn

    def _mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        square: NDArray[np.float64] = ndimage.uniform_filter(values, self.size, mode="constant")
        return square


def _logit(chance: NDArray[np.float32]) -> NDArray[np.float64]:
    clipped = np.clip(np.nan_to_num(chance.astype(float), nan=0.5), _TINY, 1 - _TINY)
    logit: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return logit


class Nothing:
    """Leaves the classes as they are."""

    margin = 0

    def __call__(self, classes: Classes, probabilities: NDArray[np.float32] | None = None) -> Classes:
        return classes
