"""Phenology: against one pixel at a time, against a double logistic of known dates, its laws, and the job."""

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
    TOP,
    find_season,
    points_of,
    smooth_curve,
)
from kits.series.curves import DAYS, double_logistic


def one_pixel(curve: list[float], points: list[float], shares: tuple[float, float], least: float) -> list[float]:
    """The same season, found by walking along the curve of one pixel."""

    def walk(summit: int, step: int) -> float:
        low, i = curve[summit], summit + step
        while 0 <= i < len(curve) and curve[i] <= curve[summit]:  # NaN ends it too
            low, i = min(low, curve[i]), i + step
        return low

    peaks = [i for i in range(1, len(curve) - 1) if curve[i - 1] < curve[i] >= curve[i + 1]]
    peaks.sort(key=lambda i: (-curve[i], i))
    lows = {i: (walk(i, -1), walk(i, 1)) for i in peaks}
    sides = {i: [k for k in (0, 1) if curve[i] - lows[i][k] >= least] for i in peaks}
    chosen = [i for i in peaks if len(sides[i]) == 2] or [i for i in peaks if sides[i]]
    if not chosen:
        return [float("nan")] * 7
    summit = chosen[0]
    low, top = lows[summit], curve[summit]
    crossings = [float("nan")] * 2
    for k in sides[summit]:
        level = low[k] + shares[k] * (top - low[k])
        step, i = (-1, 1)[k], summit
        while curve[i] > level:
            i += step
        a, b = curve[i], curve[i - step]
        crossings[k] = points[i] + (level - a) / (b - a) * (points[i - step] - points[i])
    near = [summit - 1, summit, summit + 1]
    x = np.array([points[i] for i in near]) - points[summit]
    a, b, _ = np.linalg.solve(np.vander(x, 3), [curve[i] for i in near])
    base = sum(low[k] for k in sides[summit]) / len(sides[summit])
    return [
        crossings[0],
        points[summit] - b / (2 * a),
        crossings[1],
        crossings[1] - crossings[0],
        top - base,
        base,
        top,
    ]


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


@given(series(), st.sampled_from([0.1, 0.2, 0.5]), st.sampled_from([0.2, 0.6]), st.sampled_from([0.05, 0.3]))
@settings(max_examples=100, deadline=None)
def test_equals_one_pixel_at_a_time(pair: Any, start: float, end: float, least: float) -> None:
    values, days = pair
    points = points_of(days)
    curve = smooth_curve(values, days, 10.0)
    found = find_season(curve, points, start, end, least)
    assert found.shape == (len(NAMES), 3, 4)
    for row, col in np.ndindex(3, 4):
        slow = one_pixel(curve[:, row, col].astype(float).tolist(), points.tolist(), (start, end), least)
        np.testing.assert_allclose(found[:, row, col], slow, atol=1e-4, rtol=1e-6)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_one_pixel_finds_the_peak_and_its_width_as_scipy_does(share: float) -> None:
    """On a season with equal lows on both sides, where the width at a share of the rise is one at a prominence."""
    points = np.arange(0.0, 300, 5)
    curve = 0.2 + 0.6 * np.exp(-(((points - 141) / 40) ** 2)) + 0.02 * np.sin(points / 4)
    curve[[0, -1]] = 0.1  # the lowest of both sides
    (peak, *_), found = find_peaks(curve, prominence=0.5)
    _, _, left, right = peak_widths(curve, [peak], rel_height=1 - share)
    slow = one_pixel(curve.tolist(), points.tolist(), (share, share), 0.3)
    assert slow[START] == pytest.approx(5 * left[0])
    assert slow[END] == pytest.approx(5 * right[0])
    assert abs(slow[PEAK] - points[peak]) < 5
    assert slow[AMPLITUDE] == pytest.approx(found["prominences"][0])


@given(series(), st.integers(1, 300), st.sampled_from([0.25, 2.0, 8.0]))
@settings(max_examples=40, deadline=None)
def test_dates_move_with_the_dates_and_values_with_the_values(pair: Any, shift: int, factor: float) -> None:
    values, days = pair
    found = find_season(smooth_curve(values, days, 10.0), points_of(days), 0.2, 0.2, 0.1)
    later = days + shift
    moved = find_season(smooth_curve(values, later, 10.0), points_of(later), 0.2, 0.2, 0.1)
    np.testing.assert_allclose(moved[list(DAYS)], found[list(DAYS)] + shift, atol=1e-3)
    np.testing.assert_array_equal(moved[[LENGTH, AMPLITUDE, BASE, TOP]][1:], found[[LENGTH, AMPLITUDE, BASE, TOP]][1:])
    scaled = find_season(smooth_curve(values * np.float32(factor), days, 10.0), points_of(days), 0.2, 0.2, 0.1 * factor)
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
        found = find_season(smooth_curve(values, days, smoothness), points_of(days), share, share, 0.1)[:, 0, 0]
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
    found = find_season(smooth_curve(values, days, 1e-6), points_of(days), 0.5, 0.5, 0.1)[:, 0]
    assert not np.isnan(found[[START, PEAK, AMPLITUDE], 0]).any()
    assert np.isnan(found[[END, LENGTH], 0]).all()
    assert found[BASE, 0] == pytest.approx(0.1, abs=0.01)
    assert np.isnan(found[[START, LENGTH], 1]).all()
    assert found[END, 1] == pytest.approx(120, abs=3)
    assert np.isnan(found[:, 2:]).all()


def test_the_higher_of_two_seasons_is_found_with_the_low_between() -> None:
    days = np.arange(0, 365, 5.0)
    values = double_logistic(days, 0.1, 0.6, 60, 120) + double_logistic(days, 0.1, 0.9, 220, 290) - 0.1
    found = find_season(
        smooth_curve(values.astype(np.float32)[:, None, None], days, 0.1), points_of(days), 0.2, 0.2, 0.1
    )
    assert 195 < found[START, 0, 0] < 222
    assert 235 < found[PEAK, 0, 0] < 275
