"""The seasons of a curve: their start, peak and end, and how high they rise. Curves are (N, ...), NaN marks no data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .....shared.jobs.series import SeasonRule
from ..gap_filling.interpolation import Days, Float
from ..gap_filling.smoothers import PIXELS, whittaker
from .season_division import Index, Seasons, at_points, half_seasons, highest, whole_seasons

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
Numbers = NDArray[np.int64]


ANY_DAY = (-np.inf, np.inf)


def points_of(days: Days) -> Days:
    """The days (N,) of a curve's points: all dates, and every STEP days from the first date on."""
    points: Days = np.union1d(days, np.arange(days[0], days[-1], STEP))
    return points


def smooth_curve(values: Float, days: Days, smoothness: float) -> Float:
    """(T, ...) with gaps -> (N, ...) at points_of(days): Whittaker's curve, from a pixel's first to its last value."""
    points = points_of(days)
    spread = np.full((len(points), *values.shape[1:]), np.nan, np.float32)
    spread[np.searchsorted(points, days)] = values
    valid = ~np.isnan(values)
    first, last = days[valid.argmax(axis=0)], days[len(days) - 1 - valid[::-1].argmax(axis=0)]
    day = points.reshape(-1, *(1,) * (values.ndim - 1))
    return np.where((day >= first) & (day <= last), whittaker(spread, points, smoothness), np.float32(np.nan))


def seasons_of(
    values: Float, days: Days, rule: SeasonRule, peaks: tuple[float, float] = ANY_DAY
) -> tuple[Float, Numbers]:
    """(T, ...) of an index with gaps -> find_seasons of its smoothed curve, a few thousand pixels at a time."""
    points, flat = points_of(days), values.reshape(len(values), -1)
    found = np.empty((rule.seasons, len(NAMES), flat.shape[1]), np.float32)
    number = np.empty(flat.shape[1], np.int64)
    for first in range(0, flat.shape[1], PIXELS):
        part = slice(first, first + PIXELS)
        curve = smooth_curve(flat[:, part], days, rule.smoothness)
        found[..., part], number[part] = find_seasons(curve, points, rule, peaks)
    return found.reshape(*found.shape[:2], *values.shape[1:]), number.reshape(values.shape[1:])


def find_seasons(
    curve: Float, points: Days, rule: SeasonRule, peaks: tuple[float, float] = ANY_DAY
) -> tuple[Float, Numbers]:
    """(seasons, 7, ...), as NAMES, days as `points` count them, NaN where there is no season; and (...) their number.

    A season is a peak of the curve with a low on either side: the lowest value between it and the peak of the season
    before (or after), or the end of the curve. It starts where the curve, seen from the peak backwards, is down to
    `start_share` of the way from the earlier low, ends likewise, and its base is the mean of the lows (Jonsson and
    Eklundh 2004, TIMESAT; docs/papers/methods.md, section 2.3). Of more seasons than are asked for those with the
    highest peaks are told, in the order of time; the number counts all of them.
    A side that rises less than `min_amplitude` has no start (or end), and the base is the other low; such a half
    season counts only where there is no whole one: the one with the highest peak. Only seasons whose highest point
    lies between the two days `peaks` are told and counted.
    """
    flat = curve.reshape(len(curve), -1).astype(np.float64)
    found = np.full((rule.seasons, len(NAMES), flat.shape[1]), np.nan, np.float32)
    number = np.zeros(flat.shape[1], np.int64)
    whole = whole_seasons(flat, rule.min_amplitude)
    without = np.flatnonzero(np.bincount(whole.pixel, minlength=flat.shape[1]) == 0)
    half = half_seasons(flat[:, without], rule.min_amplitude)
    half = Seasons(without[half.pixel], half.summit, half.before, half.after)
    for seasons in (whole, half):
        day = points[seasons.summit]
        counted = seasons.only((day >= peaks[0]) & (day <= peaks[1]))
        number += np.bincount(counted.pixel, minlength=flat.shape[1])
        told, place = highest(counted, flat, rule.seasons)
        found[place, :, told.pixel] = _measure(flat[:, told.pixel], points, told, rule).T
    shape = curve.shape[1:]
    return found.reshape(*found.shape[:2], *shape), number.reshape(shape)


def _measure(curve: Days, points: Days, seasons: Seasons, rule: SeasonRule) -> Days:
    """(7, E) of the seasons, whose curves are (N, E)."""
    step, last, summit = np.arange(len(points))[:, None], len(points) - 1, seasons.summit
    top, before, after = at_points(curve, summit), seasons.before, seasons.after
    rises, falls = top - before >= rule.min_amplitude, top - after >= rule.min_amplitude
    base = np.where(rises & falls, (before + after) / 2, np.where(rises, before, after))
    start_level, end_level = before + rule.start_share * (top - before), after + rule.end_share * (top - after)
    begin = last - ((step < summit) & (curve <= start_level))[::-1].argmax(axis=0)
    over = ((step > summit) & (curve <= end_level)).argmax(axis=0)
    start = _crossing(curve, points, begin, np.minimum(begin + 1, last), start_level)
    end = _crossing(curve, points, over, np.maximum(over - 1, 0), end_level)
    start, end = np.where(rises, start, np.nan), np.where(falls, end, np.nan)
    return np.stack([start, _vertex(curve, points, summit), end, end - start, top - base, base, top])


def _crossing(curve: Days, points: Days, low: Index, high: Index, level: Days) -> Days:
    """The day between two neighbouring points at which the straight line between their values has the level."""
    below, above = at_points(curve, low), at_points(curve, high)
    span = np.where(above > below, above - below, 1)
    day: Days = points[low] + (level - below) / span * (points[high] - points[low])
    return day


def _vertex(curve: Days, points: Days, summit: Index) -> Days:
    """The day of the vertex of the parabola through the highest point and its two neighbours."""
    left, right = np.maximum(summit - 1, 0), np.minimum(summit + 1, len(points) - 1)
    top = at_points(curve, summit)
    to_left, to_right = points[summit] - points[left], points[right] - points[summit]
    drop_left, drop_right = top - at_points(curve, left), top - at_points(curve, right)
    bend = drop_left * to_right + drop_right * to_left
    shift = (drop_left * to_right**2 - drop_right * to_left**2) / (2 * np.where(bend > 0, bend, 1))
    day: Days = points[summit] + shift
    return day
