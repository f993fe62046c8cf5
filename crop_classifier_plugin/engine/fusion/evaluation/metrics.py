"""How far an estimated image is from the real one: RMSE, bias, correlation, SSIM; summed window by window."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Double = NDArray[np.float64]

SSIM_RADIUS = 5  # px: 11 x 11 windows
_SIGMA, _K1, _K2 = 1.5, 0.01, 0.03  # Wang et al. 2004, IEEE TIP 13, 600-612 (docs/papers/methods.md, section 1.3)
BINS = 64


@dataclass(frozen=True)
class Figures:
    """What an estimate is worth. NaN = undefined."""

    rmse: float
    bias: float  # mean of estimate - truth
    correlation: float  # Pearson's
    ssim: float
    ssim_255: float  # SSIM with L = 255, only to compare with papers that took it for images of range 1


class ErrorTally:
    """Adds up windows of estimate and truth. `low`..`high` is the range of the scatter plot."""

    def __init__(self, data_range: float, low: float, high: float) -> None:
        self._ranges, self._edges = (data_range, 255.0), np.linspace(low, high, BINS + 1)
        self._sums = np.zeros(6)  # n, t, e, tt, ee, te, with t and e taken off the range's middle
        self._middle = (low + high) / 2
        self._similar, self._windows = np.zeros(2), 0
        self.scatter = np.zeros((BINS, BINS), np.int64)  # truth, estimate

    def add(self, truth: Double, estimate: Double, inner: tuple[slice, slice]) -> None:
        """(H, W) both, NaN = not compared; `inner`: the part whose pixels count, the rest is context for SSIM."""
        valid = ~np.isnan(truth[inner]) & ~np.isnan(estimate[inner])
        t, e = truth[inner][valid] - self._middle, estimate[inner][valid] - self._middle
        self._sums += [t.size, t.sum(), e.sum(), (t * t).sum(), (e * e).sum(), (t * e).sum()]
        self.scatter += np.histogram2d(t + self._middle, e + self._middle, [self._edges, self._edges])[0].astype(int)
        if min(truth.shape) <= 2 * SSIM_RADIUS:
            return
        for number, data_range in enumerate(self._ranges):
            similar = ssim_map(truth, estimate, data_range)
            defined = ~np.isnan(similar)
            self._similar[number] += similar[defined].sum()
            self._windows += int(defined.sum()) if number == 0 else 0

    @property
    def pixels(self) -> int:
        return int(self._sums[0])

    def figures(self) -> Figures:
        n, t, e, tt, ee, te = self._sums / max(self._sums[0], 1) if self.pixels else np.full(6, np.nan)
        spread = math.sqrt(max(tt - t * t, 0) * max(ee - e * e, 0)) if n else math.nan
        similar = self._similar / self._windows if self._windows else np.full(2, np.nan)
        return Figures(
            rmse=math.sqrt(max(tt + ee - 2 * te, 0)) if n == n else math.nan,
            bias=float(e - t),
            correlation=float((te - t * e) / spread) if spread else math.nan,
            ssim=float(similar[0]),
            ssim_255=float(similar[1]),
        )


def ssim_map(truth: Double, estimate: Double, data_range: float) -> Double:
    """(H, W) both -> (H - 10, W - 10): SSIM of the 11 x 11 Gaussian window around each pixel, NaN where one is NaN."""
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    mean_t, mean_e = _blur(truth), _blur(estimate)
    var_t = _blur(truth * truth) - mean_t**2
    var_e = _blur(estimate * estimate) - mean_e**2
    shared = _blur(truth * estimate) - mean_t * mean_e
    above = (2 * mean_t * mean_e + c1) * (2 * shared + c2)
    similar: Double = above / ((mean_t**2 + mean_e**2 + c1) * (var_t + var_e + c2))
    return similar


def _blur(image: Double) -> Double:
    """Weighted means over 11 x 11 windows that lie inside the image; a NaN in a window makes it NaN."""
    inside = slice(SSIM_RADIUS, -SSIM_RADIUS)
    blurred: Double = gaussian_filter(image, _SIGMA, radius=SSIM_RADIUS)[inside, inside]
    return blurred
