"""Phenology, of one season and of several: against one pixel at a time, against curves of known dates, its laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks, peak_widths

from crop_classifier_plugin.engine.series.operations.phenology.season_curve import (
    AMPLITUDE,
    BASE,
    END,
    LENGTH,
    NAMES,
    PEAK,
    START,
    STEP,
    TOP,
    find_seasons,
    points_of,
    seasons_of,
    smooth_curve,
)
from crop_classifier_plugin.shared.jobs.series import SeasonRule
from kits.series.curves import DAYS, double_logistic


def whole(curve: np.ndarray, least: float) -> list[tuple[int, float, float]]:
    """Summits with the lows on both sides, in the order of time: SciPy's peaks of that prominence."""
    known = np.flatnonzero(~np.isnan(curve))
    if not known.size:
        return []
    first, inner = known[0], curve[known[0] : known[-1] + 1]
    peaks = [int(p) + first for p in find_peaks(inner, prominence=least)[0]]
    ends = [first, *peaks, known[-1]]
    return [(p, min(curve[ends[k] : p]), min(curve[p + 1 : ends[k + 2] + 1])) for k, p in enumerate(peaks)]


def half(curve: np.ndarray, least: float) -> list[tuple[int, float, float]]:
    """The highest peak with one low at least, found by walking along the curve."""

    def walk(summit: int, step: int) -> float:
        low, i = curve[summit], summit + step
        while 0 <= i < len(curve) and curve[i] <= curve[summit]:  # NaN ends it too
            low, i = min(low, curve[i]), i + step
        return low

    peaks = [i for i in range(1, len(curve) - 1) if curve[i - 1] < curve[i] >= curve[i + 1]]
    lows = [(i, walk(i, -1), walk(i, 1)) for i in sorted(peaks, key=lambda i: (-curve[i], i))]
    return [each for each in lows if curve[each[0]] - min(each[1:]) >= least][:1]


def measured(curve: np.ndarray, points: np.ndarray, season: tuple[int, float, float], rule: SeasonRule) -> list[float]:
    summit, *low = season
    top = curve[summit]
    sides = [k for k in (0, 1) if top - low[k] >= rule.min_amplitude]
    crossings = [float("nan")] * 2
    for k in sides:
        level = low[k] + (rule.start_share, rule.end_share)[k] * (top - low[k])
        step, i = (-1, 1)[k], summit
        while curve[i] > level:
            i += step
        a, b = curve[i], curve[i - step]
        crossings[k] = points[i] + (level - a) / (b - a) * (points[i - step] - points[i])
    near = [summit - 1, summit, summit + 1]
    x = np.array([points[i] for i in near]) - points[summit]
    a, b, _ = np.linalg.solve(np.vander(x, 3), [curve[i] for i in near])
    base = sum(low[k] for k in sides) / len(sides)
    start, end = crossings
    return [start, points[summit] - b / (2 * a), end, end - start, top - base, base, top]


def one_pixel(curve: np.ndarray, points: np.ndarray, rule: SeasonRule) -> tuple[list[list[float]], int]:
    """The same seasons, of one pixel; and how many there are."""
    found = whole(curve, rule.min_amplitude) or half(curve, rule.min_amplitude)
    told = sorted(sorted(found, key=lambda s: (-curve[s[0]], s[0]))[: rule.seasons])
    rows = [measured(curve, points, season, rule) for season in told]
    return rows + [[float("nan")] * 7] * (rule.seasons - len(rows)), len(found)


@st.composite
def series(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3, 4) of noisy seasons with gaps, and uneven days (T,) from 0."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    days = np.cumsum(rng.integers(1, 25, draw(st.integers(3, 30)))).astype(float)
    days -= days[0]
    up, down = rng.uniform(0, days[-1], (2, 1, 3, 4))
    values = double_logistic(days[:, None, None], 0.15, rng.uniform(0.2, 0.9, (3, 4)), up, down)
    values += rng.normal(0, 0.05, values.shape)
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0.3, 0.9]))] = np.nan
    return values.astype(np.float32), days


@given(
    series(),
    st.sampled_from([0.1, 0.2, 0.5]),
    st.sampled_from([0.2, 0.6]),
    st.sampled_from([0.02, 0.1, 0.3]),
    st.integers(1, 4),
    st.sampled_from([0.1, 10.0]),
)
@settings(max_examples=150, deadline=None)
def test_equals_one_pixel_at_a_time(
    pair: Any, start: float, end: float, least: float, seasons: int, smoothness: float
) -> None:
    values, days = pair
    points, rule = points_of(days), SeasonRule(start, end, least, smoothness, seasons)
    curve = smooth_curve(values, days, smoothness)
    found, number = find_seasons(curve, points, rule)
    assert found.shape == (seasons, len(NAMES), 3, 4)
    for row, col in np.ndindex(3, 4):
        slow, count = one_pixel(curve[:, row, col].astype(float), points, rule)
        assert number[row, col] == count
        np.testing.assert_allclose(found[..., row, col], slow, atol=1e-4, rtol=1e-6)
    at_once, numbers = seasons_of(values, days, rule)
    np.testing.assert_array_equal(at_once, found)
    np.testing.assert_array_equal(numbers, number)


@given(series(), st.integers(1, 4), st.floats(0, 300), st.floats(0, 300))
@settings(max_examples=60, deadline=None)
def test_more_seasons_add_to_fewer_and_days_leave_out(pair: Any, seasons: int, first: float, last: float) -> None:
    """Of k seasons the highest is that of one; asked for peaks between two days, those are the ones that are told."""
    values, days = pair
    curve, points = smooth_curve(values, days, 0.1), points_of(days)
    rule = SeasonRule(min_amplitude=0.03, seasons=seasons)
    many, number = find_seasons(curve, points, rule)
    (one,), same = find_seasons(curve, points, SeasonRule(min_amplitude=0.03))
    np.testing.assert_array_equal(number, same)
    np.testing.assert_array_equal((~np.isnan(many[:, PEAK])).sum(axis=0), np.minimum(number, seasons))
    np.testing.assert_array_equal(np.fmax.reduce(many[:, TOP], axis=0), one[TOP])
    assert (np.diff(many[:, PEAK], axis=0)[~np.isnan(many[1:, PEAK])] > 0).all()
    assert (many[1:, START] > many[:-1, END] - 1e-3)[~np.isnan(many[1:, PEAK])].all()
    every, _ = find_seasons(curve, points, SeasonRule(min_amplitude=0.03, seasons=6))
    some, inside = find_seasons(curve, points, SeasonRule(min_amplitude=0.03, seasons=6), (first, last))
    kept = np.isin(every[:, PEAK], some[:, PEAK]) & ~np.isnan(every[:, PEAK])
    if number.max() <= 6:
        np.testing.assert_array_equal(kept.sum(axis=0), inside)
    nearest = np.abs(np.subtract.outer(every[:, PEAK][kept], points)).min(axis=1) if kept.any() else np.zeros(0)
    assert (every[:, PEAK][kept] >= first - nearest.max(initial=0) - STEP).all()
    assert (every[:, PEAK][kept] <= last + nearest.max(initial=0) + STEP).all()


@pytest.mark.parametrize("bumps", [1, 2, 3, 4])
def test_k_bumps_are_k_seasons_on_their_days(bumps: int) -> None:
    """Double logistics side by side, every 5 days with gaps: within three days of where each is half way."""
    days, fine = np.arange(0, 420, 5.0), np.arange(0, 420, 0.01)
    ups, highs = 40 + np.arange(bumps) * 95.0, 0.5 + 0.1 * (np.arange(bumps) % 3)
    truth = sum(double_logistic(fine, 0, high, up, up + 50) for up, high in zip(ups, highs))
    values = (0.15 + np.interp(days, fine, truth)).astype(np.float32)[:, None]
    values[4::9] = np.nan
    found, number = seasons_of(values, days, SeasonRule(0.5, 0.5, 0.1, 0.1, bumps))
    assert number == bumps
    peaks = [int(np.where(np.abs(fine - up - 25) < 25, truth, 0).argmax()) for up in ups]
    ends = [0, *peaks, len(fine)]
    for k, (season, peak) in enumerate(zip(found[..., 0], peaks)):
        before, after = truth[ends[k] : peak], truth[peak : ends[k + 2]]
        start = fine[ends[k] + np.flatnonzero(before <= (before.min() + truth[peak]) / 2)[-1]]
        end = fine[peak + np.flatnonzero(after <= (after.min() + truth[peak]) / 2)[0]]
        np.testing.assert_allclose(season[[START, END]], [start, end], atol=3)
        assert season[PEAK] == pytest.approx(fine[peak], abs=6)
        assert season[TOP] == pytest.approx(0.15 + truth[peak], abs=0.05)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_one_pixel_finds_the_width_of_a_peak_as_scipy_does(share: float) -> None:
    """On a season with equal lows on both sides, where the width at a share of the rise is one at a prominence."""
    points = np.arange(0.0, 300, 5)
    curve = 0.2 + 0.6 * np.exp(-(((points - 141) / 40) ** 2)) + 0.02 * np.sin(points / 4)
    curve[[0, -1]] = 0.1  # the lowest of both sides
    (peak, *_), found = find_peaks(curve, prominence=0.5)
    _, _, left, right = peak_widths(curve, [peak], rel_height=1 - share)
    (slow,), _ = one_pixel(curve, points, SeasonRule(share, share, 0.3))
    assert slow[START] == pytest.approx(5 * left[0])
    assert slow[END] == pytest.approx(5 * right[0])
    assert abs(slow[PEAK] - points[peak]) < 5
    assert slow[AMPLITUDE] == pytest.approx(found["prominences"][0])


@given(series(), st.integers(1, 300), st.sampled_from([0.25, 2.0, 8.0]))
@settings(max_examples=40, deadline=None)
def test_dates_move_with_the_dates_and_values_with_the_values(pair: Any, shift: int, factor: float) -> None:
    values, days = pair
    (found,), _ = seasons_of(values, days, SeasonRule())
    later = days + shift
    (moved,), _ = seasons_of(values, later, SeasonRule())
    np.testing.assert_allclose(moved[list(DAYS)], found[list(DAYS)] + shift, atol=1e-3)
    np.testing.assert_array_equal(moved[[LENGTH, AMPLITUDE, BASE, TOP]][1:], found[[LENGTH, AMPLITUDE, BASE, TOP]][1:])
    (scaled,), _ = seasons_of(values * np.float32(factor), days, SeasonRule(min_amplitude=0.1 * factor))
    np.testing.assert_array_equal(scaled[[START, PEAK, END, LENGTH]], found[[START, PEAK, END, LENGTH]])
    np.testing.assert_array_equal(scaled[[AMPLITUDE, BASE, TOP]], factor * found[[AMPLITUDE, BASE, TOP]])


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_known_dates_of_a_double_logistic(share: float) -> None:
    """Sampled every 5 days, light smoothing: within two days; every 16 days with gaps: within a week."""
    fine = np.arange(0, 365, 0.01)
    truth = double_logistic(fine, 0.15, 0.85, 140, 250)
    level = 0.15 + share * (truth.max() - 0.15)
    start, end = fine[truth > level][[0, -1]]
    peak = fine[truth.argmax()]
    for every, smoothness, tolerance in ((5, 0.1, 2.0), (16, 1.0, 7.0)):
        days = np.arange(0, 365, float(every))
        values = double_logistic(days, 0.15, 0.85, 140, 250).astype(np.float32)[:, None, None]
        values[3::7] = np.nan
        found = seasons_of(values, days, SeasonRule(share, share, 0.1, smoothness))[0][0, :, 0, 0]
        assert found[START] == pytest.approx(start, abs=tolerance)
        assert found[END] == pytest.approx(end, abs=tolerance)
        assert found[PEAK] == pytest.approx(peak, abs=2 * tolerance)  # the top is flat
        assert found[TOP] == pytest.approx(0.85, abs=0.03)
        assert found[BASE] == pytest.approx(0.15, abs=0.03)


def test_a_side_that_is_not_seen_has_no_day() -> None:
    days = np.arange(0, 200, 5.0)
    rising = double_logistic(days, 0.1, 0.8, 60, 500)
    falling = double_logistic(days, 0.1, 0.8, -500, 120)
    rising[-1] -= 0.02  # so that the top lies inside
    falling[0] -= 0.02
    flat = np.full_like(days, 0.4)
    values = np.stack([rising, falling, flat, np.linspace(0.1, 0.9, len(days))], axis=1).astype(np.float32)[:, None]
    found = seasons_of(values, days, SeasonRule(0.5, 0.5, 0.1, 1e-6))[0][0, :, 0]
    assert not np.isnan(found[[START, PEAK, AMPLITUDE], 0]).any()
    assert np.isnan(found[[END, LENGTH], 0]).all()
    assert found[BASE, 0] == pytest.approx(0.1, abs=0.01)
    assert np.isnan(found[[START, LENGTH], 1]).all()
    assert found[END, 1] == pytest.approx(120, abs=3)
    assert np.isnan(found[:, 2:]).all()


def test_the_higher_of_two_seasons_is_found_with_the_low_between() -> None:
    days = np.arange(0, 365, 5.0)
    values = double_logistic(days, 0.1, 0.6, 60, 120) + double_logistic(days, 0.1, 0.9, 220, 290) - 0.1
    (found,), number = seasons_of(values.astype(np.float32)[:, None, None], days, SeasonRule(smoothness=0.1))
    assert number == 2
    assert 195 < found[START, 0, 0] < 222
    assert 235 < found[PEAK, 0, 0] < 275
