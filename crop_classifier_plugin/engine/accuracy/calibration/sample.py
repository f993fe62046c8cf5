"""Pixels of labelled parcels, as they are drawn while a map is made: at most so many of each parcel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_EACH = 100  # pixels of a parcel: they resemble each other, more tell little (choice)
_PARCELS = 2_000  # drawn at random where there are more (choice)
_VALUES = 20_000_000  # probabilities in memory (choice: 80 MB)

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sample:
    """n pixels of K classes."""

    probability: Floats  # (K, n) as the network says, before any calibration
    truth: Ints  # (n,) position of the class
    parcel: Ints  # (n,) number of the parcel, of all seasons
    season: Ints  # (n,) number of the series

    @property
    def size(self) -> int:
        return int(self.truth.size)

    @property
    def parcels(self) -> int:
        """How many parcels it has pixels of."""
        return int(np.unique(self.parcel).size)

    @property
    def seasons(self) -> int:
        """How many series it has pixels of."""
        return int(np.unique(self.season).size)

    def some(self, which: NDArray[np.bool_]) -> Sample:
        return Sample(self.probability[:, which], self.truth[which], self.parcel[which], self.season[which])

    def thinned(self, most: int) -> Sample:
        """At most so many pixels of each parcel, its first: they are in random order."""
        order = np.argsort(self.parcel, kind="stable")
        ranks = np.empty(self.size, np.int64)
        ranks[order] = _rank(self.parcel[order])
        return self.some(ranks < most)


class Draw:
    """Gathers a sample window by window; the memory does not grow with the map."""

    def __init__(self, classes: int, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._each = max(min(_EACH, _VALUES // (_PARCELS * classes)), 1)
        self._kept = Sample(np.zeros((classes, 0), np.float32), *(np.zeros(0, np.int64) for _ in range(3)))
        self._luck = np.zeros(0)  # (n,) the lower, the sooner a pixel stays
        self._parcels: dict[tuple[int, int], tuple[int, float]] = {}  # season, its parcel -> number, its luck
        self._limit = 1.0  # luck of parcels from which on they are left out

    def add(self, season: int, probability: Floats, truth: Ints, parcel: Ints) -> None:
        """(K, n) probabilities, (n,) classes and (n,) parcels, numbered by season."""
        number, luck = self._numbers(season, parcel)
        known = luck < self._limit
        found = Sample(
            probability[:, known].astype(np.float32), truth[known], number[known], number[known] * 0 + season
        )
        self._keep(_joined(self._kept, found), np.concatenate([self._luck, self._rng.random(found.size)]))
        self._leave_out()

    @property
    def sample(self) -> Sample:
        """Pixels in random order."""
        order = np.argsort(self._luck, kind="stable")
        return _taken(self._kept, order)

    def _numbers(self, season: int, parcel: Ints) -> tuple[Ints, NDArray[np.float64]]:
        each, places = np.unique(parcel, return_inverse=True)
        rows = [
            self._parcels.setdefault((season, int(one)), (len(self._parcels), float(self._rng.random())))
            for one in each
        ]
        numbers = np.array([number for number, _ in rows], np.int64)
        return numbers[places], np.array([luck for _, luck in rows])[places]

    def _row(self, season: int, parcel: int) -> tuple[int, float]:
        return self._parcels.setdefault((season, parcel), (len(self._parcels), float(self._rng.random())))

    def _keep(self, found: Sample, luck: NDArray[np.float64]) -> None:
        """The luckiest of each parcel."""
        order = np.lexsort((luck, found.parcel))
        order = order[_rank(found.parcel[order]) < self._each]
        self._kept, self._luck = _taken(found, order), luck[order]

    def _leave_out(self) -> None:
        """The least lucky parcels, where there are too many."""
        present = np.unique(self._kept.parcel)
        if len(present) <= _PARCELS:
            return
        lucks = np.zeros(len(self._parcels))
        for number, luck in self._parcels.values():
            lucks[number] = luck
        self._limit = float(np.sort(lucks[present])[_PARCELS])
        stay = lucks[self._kept.parcel] < self._limit
        self._kept, self._luck = self._kept.some(stay), self._luck[stay]


def _rank(ordered: Ints) -> Ints:
    """(n,) from 0 within each run of equal numbers."""
    return np.arange(len(ordered)) - np.searchsorted(ordered, ordered)


def _joined(first: Sample, second: Sample) -> Sample:
    return Sample(
        np.concatenate([first.probability, second.probability], axis=1),
        np.concatenate([first.truth, second.truth]),
        np.concatenate([first.parcel, second.parcel]),
        np.concatenate([first.season, second.season]),
    )


def _taken(sample: Sample, order: Ints) -> Sample:
    return Sample(sample.probability[:, order], sample.truth[order], sample.parcel[order], sample.season[order])
