"""Smoothers of a series with gaps: Savitzky-Golay and Whittaker. Series are (T, ...) float32, NaN marks no data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from .interpolation import Days, Float, linear

PIXELS = 4096  # smoothed together: their arrays stay in the processor's cache (measured: a third of the time)
STEP = 5.0  # days between two points of the regular curve that Savitzky-Golay needs (choice: Sentinel-2's revisit)
_UNIT = 10.0  # days; the unit of time in which Whittaker's smoothness is counted, so that it means a dekad's lambda


def savitzky_golay(values: Float, days: Days, window: float, order: int) -> Float:
    """(T, ...): local polynomials of `order` over `window` days, on the linearly filled curve every STEP days.

    Savitzky and Golay (1964); on filled curves of vegetation indices: Chen et al. (2004), step 1
    (docs/papers/methods.md, section 2.1).
    """
    regular = np.arange(days[0], days[-1] + STEP, STEP)
    points = odd_points(window, order, len(regular))
    if points <= order:  # too short a series for a polynomial of this order
        return linear(values, days, days)
    curve = linear(values, days, regular)
    # which takes no NaN, wherever it is
    smoothed = savgol_filter(np.nan_to_num(curve), points, order, axis=0).astype(np.float32)
    return linear(np.where(np.isnan(curve), np.float32(np.nan), smoothed), regular, days)


def odd_points(window: float, order: int, most: int) -> int:
    """The odd number of STEPs nearest to `window` days: more than `order`, at most `most`."""
    points = max(2 * round((window / STEP - 1) / 2) + 1, order + 1 + order % 2)
    return points if points <= most else most - 1 + most % 2


def whittaker(values: Float, days: Days, smoothness: float) -> Float:
    """(T, ...): the z that minimises sum of (y - z)^2 over known dates + smoothness x integral of z''(t)^2 dt.

    Whittaker (1923), Eilers (2003) with second divided differences for uneven dates (docs/papers/methods.md, section
    2.2); t counts dekads. NaN where a pixel has fewer than two known values.
    """
    if len(days) < 3:
        return linear(values, days, days)
    bands = roughness(days) * smoothness
    flat = values.reshape(len(values), -1)
    made = np.empty(flat.shape, np.float32)
    for first in range(0, flat.shape[1], PIXELS):
        part = slice(first, first + PIXELS)
        made[:, part] = _smoothed(flat[:, part], bands)
    return made.reshape(values.shape)


def _smoothed(values: Float, bands: NDArray[np.float64]) -> Float:
    """(T, P) with NaN -> (T, P) float32, of pixels that fit in the processor's cache together."""
    valid = ~np.isnan(values)
    solved = _solve(valid.astype(np.float64), bands, np.where(valid, values, 0).astype(np.float64))
    return np.where(valid.sum(axis=0) >= 2, solved, np.nan).astype(np.float32)


def roughness(days: Days) -> NDArray[np.float64]:
    """(3, T): main, first and second upper diagonal of D'D, with D z the second derivative x root of its interval."""
    count = len(days)
    step = np.diff(days) / _UNIT
    both = step[:-1] + step[1:]
    rows = np.zeros((count - 2, 3))
    rows[:, 0], rows[:, 2] = 2 / (step[:-1] * both), 2 / (step[1:] * both)
    rows[:, 1] = -rows[:, 0] - rows[:, 2]
    rows *= np.sqrt(both / 2)[:, None]
    bands = np.zeros((3, count))
    for first in range(3):
        for second in range(first, 3):
            bands[second - first, first : first + count - 2] += rows[:, first] * rows[:, second]
    return bands


def _solve(weight: NDArray[np.float64], bands: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """z of (W + P) z = W y for every pixel (T, P) at once, written over y: LDL' of a symmetric matrix with two
    off-diagonals; the diagonal is written over the weights.

    A tiny ridge keeps the matrix regular where a pixel has fewer than two known values.
    """
    count, tiny = len(y), 1e-9
    diagonal, z = weight, y
    lower, lower2 = np.empty(y.shape), np.empty(y.shape)
    for i in range(count):
        z[i] *= weight[i]
        diagonal[i] += bands[0, i]
        diagonal[i] += tiny
        lower[i] = bands[1, i]
        if i > 0:
            diagonal[i] -= lower[i - 1] ** 2 * diagonal[i - 1]
            lower[i] -= lower[i - 1] * lower2[i - 1] * diagonal[i - 1]
            z[i] -= lower[i - 1] * z[i - 1]
        if i > 1:
            diagonal[i] -= lower2[i - 2] ** 2 * diagonal[i - 2]
            z[i] -= lower2[i - 2] * z[i - 2]
        lower[i] /= diagonal[i]
        np.divide(bands[2, i], diagonal[i], out=lower2[i])
    z /= diagonal
    for i in range(count - 2, -1, -1):
        z[i] -= lower[i] * z[i + 1] + (lower2[i] * z[i + 2] if i + 2 < count else 0)
    return z
