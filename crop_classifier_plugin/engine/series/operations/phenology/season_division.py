"""A curve divided into its seasons: peaks that rise and fall far enough. Curves are (N, P), NaN marks no data.

As the vegetation cycles of MCD12Q2 (Gray, Sulla-Menashe and Friedl 2019) and phenofit (Kong et al. 2022), a season is a
peak between two lows, from both of which it rises by a least amplitude: the peaks of scipy.signal.find_peaks whose
prominence is that (docs/papers/methods.md, section 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..gap_filling.interpolation import Days, Float

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Seasons:
    """E seasons by pixel and time: where they are, and the lows they rise from and fall to."""

    pixel: Index  # (E,) which curve, rising
    summit: Index  # (E,) which of its N points
    before: Days  # (E,) lowest value since the last season's peak, or since the curve begins
    after: Days  # (E,) lowest value until the next season's peak, or until the curve ends

    def only(self, chosen: NDArray[np.bool_]) -> Seasons:
        """Those of the seasons that are chosen (E,)."""
        return Seasons(self.pixel[chosen], self.summit[chosen], self.before[chosen], self.after[chosen])


class _Walk:
    """One step after the other along all curves: of each pixel, whether it climbs, its top and its floor so far."""

    def __init__(self, pixels: int, least: float) -> None:
        self._least = least
        self._climbs = np.ones(pixels, bool)
        self._top, self._foot = np.full(pixels, -np.inf), np.full(pixels, np.inf)
        self._top_at = np.zeros(pixels, np.int64)
        self.floor = np.full(pixels, np.inf)  # lowest value since the last peak
        self._found: list[tuple[Index, Index, Days]] = []

    def step(self, at: int, value: Days) -> None:
        """`value` (P,) of point `at`; NaN changes nothing."""
        self.floor = np.fmin(self.floor, value)
        turns = ~self._climbs & (value - self.floor >= self._least)
        self._climbs |= turns
        higher = turns | (self._climbs & (value > self._top))
        np.copyto(self._top, value, where=higher)
        np.copyto(self._foot, self.floor, where=higher)
        np.copyto(self._top_at, at, where=higher)
        falls = np.flatnonzero(self._climbs & (self._top - value >= self._least))
        if falls.size:
            whole = falls[self._top[falls] - self._foot[falls] >= self._least]
            self._found.append((whole, self._top_at[whole], self._foot[whole]))
            self._climbs[falls] = False
            self.floor[falls] = value[falls]

    def seasons(self) -> Seasons:
        """All that were passed."""
        if not self._found:
            none = np.zeros(0, np.int64)
            return Seasons(none, none, np.zeros(0), np.zeros(0))
        pixel, summit, before = (np.concatenate(parts) for parts in zip(*self._found))
        order = np.argsort(pixel, kind="stable")
        pixel, summit, before = pixel[order], summit[order], before[order]
        after = self.floor[pixel]
        again = np.flatnonzero(pixel[1:] == pixel[:-1])
        after[again] = before[again + 1]
        return Seasons(pixel, summit, before, after)


def whole_seasons(curve: Days, least: float) -> Seasons:
    """The seasons of the curves (N, P) float64 that rise and fall by at least `least`."""
    walk = _Walk(curve.shape[1], least)
    for at, value in enumerate(curve):
        walk.step(at, value)
    return walk.seasons()


def half_seasons(curve: Days, least: float) -> Seasons:
    """The highest peak of each curve (N, P) that rises or falls by `least`; its lows reach to the next higher value."""
    left = np.zeros(curve.shape, bool)
    left[1:-1] = (curve[1:-1] > curve[:-2]) & (curve[1:-1] >= curve[2:])
    summit = np.full(curve.shape[1], -1, np.int64)
    pixels = np.flatnonzero(left.any(axis=0))
    while pixels.size:  # from the highest peak down, until one has a low
        part = curve[:, pixels]
        best = np.where(left[:, pixels], part, -np.inf).argmax(axis=0)
        top = at_points(part, best)
        before, after = lows(part, best)
        good = (top - before >= least) | (top - after >= least)
        summit[pixels[good]] = best[good]
        left[best, pixels] = False
        pixels = pixels[~good & left[:, pixels].any(axis=0)]
    found = np.flatnonzero(summit >= 0)
    return Seasons(found, summit[found], *lows(curve[:, found], summit[found]))


def highest(seasons: Seasons, curve: Days, most: int) -> tuple[Seasons, Index]:
    """Of each pixel the `most` seasons with the highest peaks, in the order of time; and each one's place in it."""
    top = curve[seasons.summit, seasons.pixel]
    rank = _places(seasons.pixel, np.lexsort((seasons.summit, -top, seasons.pixel)))
    chosen = seasons.only(rank < most)
    return chosen, _places(chosen.pixel, np.arange(len(chosen.pixel)))


def _places(pixel: Index, order: Index) -> Index:
    """(E,): at which place in its pixel each season stands, when all are taken in this order, by pixel."""
    own = pixel[order]
    place = np.empty(len(own), np.int64)
    place[order] = np.arange(len(own)) - np.searchsorted(own, own)
    return place


def lows(curve: Days, summit: Index) -> tuple[Days, Days]:
    """The lowest value before and after the summit (P,), as far as no value is above it."""
    step = np.arange(len(curve))[:, None]
    above = curve > at_points(curve, summit)
    earlier, later = step < summit, step > summit
    begin = np.where(above & earlier, step, -1).max(axis=0)
    end = np.where(above & later, step, len(curve)).min(axis=0)
    sides = (earlier & (step > begin), later & (step < end))
    before, after = (np.fmin.reduce(np.where(side, curve, np.nan), axis=0) for side in sides)
    return before, after


def at_points(curve: Days | Float, index: Index) -> Days:
    """The curve's value at a point of its own for every pixel."""
    values: Days = np.take_along_axis(curve, index[None], axis=0)[0].astype(np.float64)
    return values
