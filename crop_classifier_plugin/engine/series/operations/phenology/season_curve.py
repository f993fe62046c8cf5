"""The season of a curve: its start, peak and end, and how high it rises. Curves are (N, ...), NaN marks no data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..gap_filling.interpolation import Days, Float
from ..gap_filling.smoothers import whittaker

STEP = 5.0  # days between the points of the curve that are no dates (choice: Sentinel-2's revisit)
START, PEAK, END, LENGTH, AMPLITUDE, BASE, TOP = range(7)
NAMES = (
    "start of season",
    "peak of season",
    "end of season",
    "length of season",
    "amplitude",
    "base value",
    "peak value",
)
Index = NDArray[np.int64]


def points_of(days: Days) -> Days:
    """The days (N,) of a curve's points: all dates, and every STEP days from the first date on."""
    points: Days = np.union1d(days, np.arange(days[0], days[-1], STEP))
    return points


def smooth_curve(values: Float, days: Days, smoothness: float) -> Float:
    """(T, ...) with gaps -> (N, ...) at points_of(days): Whittaker's curve, from a pixel's first to its last value."""
    points = points_of(days)
    spread = np.full((len(points), *values.shape[1:]), np.nan, np.float32)
    spread[np.searchsorted(points, days)] = values
    valid = ~np.isnan(spread)
    begun, not_over = np.logical_or.accumulate(valid), np.logical_or.accumulate(valid[::-1])[::-1]
    return np.where(begun & not_over, whittaker(spread, points, smoothness), np.float32(np.nan))


def find_season(curve: Float, points: Days, start_share: float, end_share: float, min_amplitude: float) -> Float:
    """(7, ...), as NAMES: days as `points` count them, then values; NaN where there is no season.

    A season is a peak of the curve with a low on either side: the lowest value between the peak and the next value
    above it, or the end of the curve. It starts where the curve, seen from the peak backwards, is down to
    `start_share` of the way from the earlier low, ends likewise, and its base is the mean of the lows (Jonsson and
    Eklundh 2004, TIMESAT; docs/papers/methods.md, section 2.3). Of several seasons it is the one with the highest peak.
    A side that rises less than `min_amplitude` has no start (or end), and the base is the other low; such a half
    season counts only where there is no whole one.
    """
    flat = curve.reshape(len(curve), -1)
    found = np.full((len(NAMES), flat.shape[1]), np.nan, np.float32)
    summit = highest_summits(flat, min_amplitude)
    has = np.flatnonzero(summit >= 0)
    found[:, has] = _measure(flat[:, has], points, summit[has], (start_share, end_share), min_amplitude)
    return found.reshape(len(NAMES), *curve.shape[1:])


def highest_summits(curve: Float, min_amplitude: float) -> Index:
    """(P,) where in the curves (N, P) the season peaks; -1 where there is none."""
    peaks = np.zeros(curve.shape, bool)
    peaks[1:-1] = (curve[1:-1] > curve[:-2]) & (curve[1:-1] >= curve[2:])
    summit = np.full(curve.shape[1], -1, np.int64)
    for enough in (np.logical_and, np.logical_or):  # whole seasons first, then half ones
        left = peaks.copy()
        pixels = np.flatnonzero((summit < 0) & left.any(axis=0))
        while pixels.size:  # from the highest peak down, until one has its lows
            part = curve[:, pixels]
            best = np.where(left[:, pixels], part, -np.inf).argmax(axis=0)
            rise, fall = (_at(part, best) - low for low in _lows(part, best))
            good = enough(rise >= min_amplitude, fall >= min_amplitude)
            summit[pixels[good]] = best[good]
            left[best, pixels] = False
            pixels = pixels[~good & left[:, pixels].any(axis=0)]
    return summit


def _lows(curve: Float, summit: Index) -> tuple[Days, Days]:
    """The lowest value before and after the summit (P,), as far as no value is above it."""
    step = np.arange(len(curve))[:, None]
    above = curve > _at(curve, summit)
    earlier, later = step < summit, step > summit
    begin = np.where(above & earlier, step, -1).max(axis=0)
    end = np.where(above & later, step, len(curve)).min(axis=0)
    sides = (earlier & (step > begin), later & (step < end))
    before, after = (np.fmin.reduce(np.where(side, curve, np.nan), axis=0).astype(np.float64) for side in sides)
    return before, after


def _measure(curve: Float, points: Days, summit: Index, shares: tuple[float, float], min_amplitude: float) -> Days:
    """(7, P) of the seasons (N, P) that peak at `summit`."""
    step, last = np.arange(len(points))[:, None], len(points) - 1
    top, (before, after) = _at(curve, summit), _lows(curve, summit)
    rises, falls = top - before >= min_amplitude, top - after >= min_amplitude
    base = np.where(rises & falls, (before + after) / 2, np.where(rises, before, after))
    start_level, end_level = before + shares[0] * (top - before), after + shares[1] * (top - after)
    begin = last - ((step < summit) & (curve <= start_level))[::-1].argmax(axis=0)
    over = ((step > summit) & (curve <= end_level)).argmax(axis=0)
    start = _crossing(curve, points, begin, np.minimum(begin + 1, last), start_level)
    end = _crossing(curve, points, over, np.maximum(over - 1, 0), end_level)
    start, end = np.where(rises, start, np.nan), np.where(falls, end, np.nan)
    return np.stack([start, _vertex(curve, points, summit), end, end - start, top - base, base, top])


def _at(curve: Float, index: Index) -> Days:
    """The curve's value at a point of its own for every pixel."""
    values: Days = np.take_along_axis(curve, index[None], axis=0)[0].astype(np.float64)
    return values


def _crossing(curve: Float, points: Days, low: Index, high: Index, level: Days) -> Days:
    """The day between two neighbouring points at which the straight line between their values has the level."""
    below, above = _at(curve, low), _at(curve, high)
    span = np.where(above > below, above - below, 1)
    day: Days = points[low] + (level - below) / span * (points[high] - points[low])
    return day


def _vertex(curve: Float, points: Days, summit: Index) -> Days:
    """The day of the vertex of the parabola through the highest point and its two neighbours."""
    left, right = np.maximum(summit - 1, 0), np.minimum(summit + 1, len(points) - 1)
    top = _at(curve, summit)
    to_left, to_right = points[summit] - points[left], points[right] - points[summit]
    drop_left, drop_right = top - _at(curve, left), top - _at(curve, right)
    bend = drop_left * to_right + drop_right * to_left
    shift = (drop_left * to_right**2 - drop_right * to_left**2) / (2 * np.where(bend > 0, bend, 1))
    day: Days = points[summit] + shift
    return day
