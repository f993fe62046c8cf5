"""STARFM (Gao et al. 2006, IEEE TGRS 44, 2207-2218): a fine image from base pairs and a coarse image of another day.

The paper's equations 6 and 7 for the spectral and the temporal difference; thresholds, distance and weights as its
public implementations have them (docs/papers/methods.md, section 1.1). No loop over pixels: one over the window's
offsets, each for all pixels at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Double = NDArray[np.float64]
Bool = NDArray[np.bool_]
EPSILON = 1e-4  # keeps a weight finite where a neighbour's difference is zero (as cuSTARFM)


@dataclass(frozen=True)
class Settings:
    """The method's parameters, in the images' own unit and in pixels of the fine image."""

    window: int = 61  # px, odd
    classes: int = 4  # the more, the more alike a neighbour must be
    distance: float = 0.0  # px at which a neighbour counts half; 0 = half the window
    sigma_fine: float = 0.03  # uncertainty of the fine and the coarse values
    sigma_coarse: float = 0.03
    temporal_filter: bool = True
    local_spread: bool = False  # the standard deviation that likeness is measured by: of the window, or the image
    logarithmic: bool = False  # ln(S B + 1) ln(T B + 1) D in place of S T D
    log_scale: float = 10_000.0  # B

    @property
    def halo(self) -> int:
        return self.window // 2

    @property
    def half_distance(self) -> float:
        return self.distance or self.window / 2


@dataclass(frozen=True)
class Pair:
    """Fine and coarse image of one day, (H + 2 halo, W + 2 halo) each, NaN = no data and outside the raster."""

    fine: Double
    coarse: Double
    spread: float  # standard deviation of the whole fine image


def predict(pairs: Sequence[Pair], target: Double, settings: Settings) -> Double:
    """The fine image of the target's day, (H, W); `target` is the coarse image, with halo like the pairs.

    NaN where no pair has all three values. With two pairs the weights of both are pooled. Where a pair's fine and
    coarse value, or its two coarse values, are equal, the pixel's own value F0 + C1 - C0 is taken.
    """
    fields = [_Field(pair, target, settings) for pair in pairs]
    above, below = (np.zeros_like(fields[0].own) for _ in range(2))
    exact, times = (np.zeros_like(above) for _ in range(2))
    for field in fields:
        field.gather(above, below)
        exact += np.where(field.settled, field.own, 0)
        times += field.settled
    with np.errstate(invalid="ignore", divide="ignore"):
        made: Double = np.where(times > 0, exact / times, above / below)
    return made


class _Field:
    """What one pair says about every pixel and its neighbours."""

    def __init__(self, pair: Pair, target: Double, settings: Settings) -> None:
        self._settings, self._fine = settings, pair.fine
        self._spectral, self._temporal = np.abs(pair.fine - pair.coarse), np.abs(pair.coarse - target)
        value = pair.fine + (target - pair.coarse)  # so that no change is no change to the last bit
        valid = ~np.isnan(value)
        self._value = np.where(valid, value, 0)
        self._weight = np.where(valid, self._inverse(), 0)
        h = settings.halo
        self._inner = (slice(h, value.shape[0] - h), slice(h, value.shape[1] - h))
        self._valid = valid[self._inner]
        self.own = value[self._inner]
        zero = (self._spectral[self._inner] == 0) | (self._temporal[self._inner] == 0)
        self.settled: Bool = self._valid & zero
        spread = box_spread(pair.fine, settings.window) if settings.local_spread else pair.spread
        self._reach = 2 * spread / settings.classes

    def _inverse(self) -> Double:
        """1 / (S T), or of its logarithmic form."""
        s, t = self._spectral, self._temporal
        if self._settings.logarithmic:
            s, t = np.log(s * self._settings.log_scale + 1), np.log(t * self._settings.log_scale + 1)
        inverse: Double = 1 / ((s + EPSILON) * (t + EPSILON))
        return inverse

    def gather(self, above: Double, below: Double) -> None:
        """Adds the weighted values of all candidates to `above`, their weights to `below`."""
        noise_s = math.hypot(self._settings.sigma_fine, self._settings.sigma_coarse)
        noise_t = math.sqrt(2) * self._settings.sigma_coarse
        centre = self._fine[self._inner]
        low, high = centre - self._reach, centre + self._reach
        most_s = np.where(self._valid, self._spectral[self._inner] + noise_s, np.nan)  # a gap has no candidates
        most_t = self._temporal[self._inner] + noise_t
        kept, also = (np.empty(centre.shape, np.bool_) for _ in range(2))
        weight = np.empty_like(centre)
        for part, near, at_centre in self._offsets():
            np.greater_equal(self._fine[part], low, out=kept)  # comparing with NaN is False: no candidate
            np.logical_and(kept, np.less_equal(self._fine[part], high, out=also), out=kept)
            np.logical_and(kept, np.less(self._spectral[part], most_s, out=also), out=kept)
            if self._settings.temporal_filter:
                np.logical_and(kept, np.less(self._temporal[part], most_t, out=also), out=kept)
            if at_centre:
                kept[:] = self._valid
            np.multiply(kept, near, out=weight)
            weight *= self._weight[part]
            below += weight
            weight *= self._value[part]
            above += weight

    def _offsets(self) -> Iterator[tuple[tuple[slice, slice], float, bool]]:
        """For each place in the window: the neighbours of all pixels there, 1 / D, and whether it is the centre."""
        h, (height, width) = self._settings.halo, self.own.shape
        for dy in range(-h, h + 1):
            for dx in range(-h, h + 1):
                near = 1 / (1 + math.hypot(dy, dx) / self._settings.half_distance)
                part = (slice(h + dy, h + dy + height), slice(h + dx, h + dx + width))
                yield part, near, dy == dx == 0


def box_spread(values: Double, window: int) -> Double:
    """Standard deviation of the valid values in the window around each inner pixel, by integral images.

    (H + 2 halo, W + 2 halo) -> (H, W).
    """
    valid = ~np.isnan(values)
    middle = values[valid].mean() if valid.any() else 0.0  # taken off first: squares of like size cancel less
    centred = np.where(valid, values - middle, 0)
    count, total, squares = (_box_sum(each, window) for each in (valid.astype(np.float64), centred, centred**2))
    count = np.maximum(count, 1)
    spread: Double = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))
    return spread


def _box_sum(values: Double, window: int) -> Double:
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    low, high = slice(None, -window), slice(window, None)
    boxes: Double = sums[high, high] - sums[low, high] - sums[high, low] + sums[low, low]
    return boxes
