"""Filling gaps: each method against an independent, slow reference, and the job on made-up scenes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solveh_banded
from scipy.signal import savgol_filter

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.operations.gap_filling.interpolation import linear, nearest
from crop_classifier_plugin.engine.series.operations.gap_filling.job import fill_gaps, filler
from crop_classifier_plugin.engine.series.operations.gap_filling.smoothers import (
    STEP,
    odd_points,
    savitzky_golay,
    whittaker,
)
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.series import FillGapsJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

SOURCE = Series((SceneSource("x.tif"),))


@st.composite
def series(draw: Any, least: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """(T, 2, 3) float32 with gaps, and rising uneven days (T,)."""
    count, seed = draw(st.integers(least, 14)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    days = np.cumsum(rng.integers(1, 30, count)).astype(float)
    values = rng.normal(0.5, 0.2, (count, 2, 3)).astype(np.float32)
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0.4, 0.8]))] = np.nan
    return values, days - days[0]


def pixels(values: np.ndarray) -> list[tuple[int, int]]:
    return list(np.ndindex(values.shape[1:]))


@given(series(), st.lists(st.integers(-20, 300), min_size=1, max_size=5))
@settings(max_examples=80, deadline=None)
def test_linear_and_nearest_equal_one_pixel_at_a_time(pair: Any, targets: list[int]) -> None:
    values, days = pair
    wanted = np.array(targets, float)
    straight, near = linear(values, days, wanted), nearest(values, days, wanted)
    for row, col in pixels(values):
        known = ~np.isnan(values[:, row, col])
        if not known.any():
            assert np.isnan(straight[:, row, col]).all()
            assert np.isnan(near[:, row, col]).all()
            continue
        mine, when = values[known, row, col], days[known]
        np.testing.assert_allclose(straight[:, row, col], np.interp(wanted, when, mine), atol=1e-5)
        for k, target in enumerate(wanted):
            assert near[k, row, col] == mine[np.argmin(np.abs(when - target))]


@given(series(3), st.sampled_from([0.1, 1.0, 100.0]))
@settings(max_examples=60, deadline=None)
def test_whittaker_solves_its_own_equations(pair: Any, smoothness: float) -> None:
    """Against scipy's banded solver with the difference matrix written out."""
    values, days = pair
    made = whittaker(values, days, smoothness)
    t = days / 10
    d = np.zeros((len(t) - 2, len(t)))
    for i in range(len(t) - 2):
        left, right = t[i + 1] - t[i], t[i + 2] - t[i + 1]
        d[i, i : i + 3] = 2 / (left * (left + right)), -2 / (left * right), 2 / (right * (left + right))
        d[i] *= np.sqrt((left + right) / 2)
    penalty = smoothness * d.T @ d
    for row, col in pixels(values):
        y, known = values[:, row, col].astype(float), ~np.isnan(values[:, row, col])
        if known.sum() < 2:
            assert np.isnan(made[:, row, col]).all()
            continue
        a = penalty + np.diag(known.astype(float))
        banded = np.array([np.pad(np.diagonal(a, k), (k, 0)) for k in (2, 1, 0)])
        expected = solveh_banded(banded, np.where(known, y, 0))
        inside = slice(np.flatnonzero(known)[0], np.flatnonzero(known)[-1] + 1)
        np.testing.assert_allclose(made[inside, row, col], expected[inside], atol=2e-3)


def test_whittaker_keeps_a_straight_line_whatever_the_dates() -> None:
    days = np.array([0.0, 3, 4, 11, 30, 31, 60])
    line = (0.2 + 0.01 * days).astype(np.float32)[:, None, None]
    gappy = line.copy()
    gappy[[1, 4]] = np.nan
    np.testing.assert_allclose(whittaker(gappy, days, 1000.0), line, atol=1e-4)


def test_savitzky_golay_is_scipys_on_the_filled_curve() -> None:
    rng = np.random.default_rng(0)
    days = np.arange(0, 200, STEP)
    values = rng.random((len(days), 1, 2)).astype(np.float32)
    values[[4, 9, 10], 0, 0] = np.nan
    made = savitzky_golay(values, days, 45, 2)
    for col in range(2):
        known = ~np.isnan(values[:, 0, col])
        curve = np.interp(days, days[known], values[known, 0, col])
        np.testing.assert_allclose(made[:, 0, col], savgol_filter(curve, 9, 2), atol=1e-5)


def test_savitzky_golay_keeps_a_parabola_and_takes_short_series() -> None:
    days = np.arange(0, 100, STEP)
    parabola = ((days - 40) ** 2 / 4000).astype(np.float32)[:, None, None]
    np.testing.assert_allclose(savitzky_golay(parabola, days, 35, 2), parabola, atol=1e-4)
    assert savitzky_golay(parabola[:2], days[:2], 35, 2).shape == (2, 1, 1)
    assert [odd_points(w, 2, 99) for w in (5, 45, 85)] == [3, 9, 17]
    assert odd_points(85, 2, 6) == 5


# --- what is filled --------------------------------------------------------------------------------------------------


def gappy() -> tuple[np.ndarray, np.ndarray]:
    """One pixel, known on days 10, 20 and 80 of 0, 10, ..., 90."""
    values = np.full((10, 1, 1), np.nan, np.float32)
    values[[1, 2, 8], 0, 0] = 0.2, 0.4, 0.6
    return values, np.arange(0, 100, 10.0)


@pytest.mark.parametrize("method", ["linear", "savgol", "whittaker"])
def test_clear_values_are_kept_and_ends_are_held_or_not(method: str) -> None:
    values, days = gappy()
    made = filler(FillGapsJob(SOURCE, "o.tif", method=method))(values, days)
    np.testing.assert_array_equal(made[[1, 2, 8]], values[[1, 2, 8]])
    assert made[0, 0, 0] == values[1, 0, 0]
    assert made[9, 0, 0] == values[8, 0, 0]
    assert not np.isnan(made).any()
    open_ends = filler(FillGapsJob(SOURCE, "o.tif", method=method, hold=False))(values, days)
    assert np.isnan(open_ends[[0, 9]]).all()
    assert not np.isnan(open_ends[1:9]).any()
    short = filler(FillGapsJob(SOURCE, "o.tif", method=method, max_gap=30))(values, days)
    assert np.isnan(short[3:8]).all()
    assert not np.isnan(short[:3]).any()


def test_smoothing_all_changes_clear_values_too() -> None:
    values, days = gappy()
    made = filler(FillGapsJob(SOURCE, "o.tif", method="whittaker", smooth_all=True))(values, days)
    assert abs(made[2, 0, 0] - 0.4) > 1e-3


def test_nothing_known_stays_nothing() -> None:
    values, days = gappy()
    for method in ("linear", "savgol", "whittaker"):
        made = filler(FillGapsJob(SOURCE, "o.tif", method=method))(np.full_like(values, np.nan), days)
        assert np.isnan(made).all()


# --- the job ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Five dates of B04, B08 and SCL; the third is clouded all over, the second in a corner."""
    rng = np.random.default_rng(1)
    for number in range(5):
        day = dt.date(2023, 5, 1) + dt.timedelta(10 * number)
        array = rng.integers(100, 4000, (3, 12, 9)).astype(np.uint16)
        array[2] = 9 if number == 2 else 4
        if number == 1:
            array[2, :3, :3] = 3
        write_raster(tmp_path / "s" / f"S2_{day:%Y%m%d}.tif", array, names=("B04", "B08", "SCL"), nodata=0)
    return tmp_path / "s"


def test_job_fills_every_gap_and_tells_what_it_did(scenes: Path) -> None:
    out = scenes.parent
    job = FillGapsJob(Series((SceneSource(str(scenes)),)), str(out / "f.tif"), str(out / "n.tif"), method="linear")
    reporter = Silent()
    result = fill_gaps(job, reporter)
    with rasterio.open(out / "f.tif") as file, rasterio.open(out / "n.tif") as count:
        filled, number = file.read(), count.read()
        assert file.descriptions[0] == "B04 2023-05-01"
        assert file.descriptions[9] == "B08 2023-06-10"
        assert not (filled == file.nodata).any()
        assert count.descriptions == ("valid dates B04", "valid dates B08")
    assert (number[:, :3, :3] == 3).all()
    assert (number[:, 3:] == 4).all()
    raw = [rasterio.open(p).read().astype(float) for p in sorted(scenes.glob("*.tif"))]
    np.testing.assert_array_equal(filled[2, 5:], np.rint((raw[1][0, 5:] + raw[3][0, 5:]) / 2))
    np.testing.assert_array_equal(filled[8], raw[3][1])
    assert any("wholly filled from other dates: 2023-05-21" in text for _, text in reporter.lines)
    assert result["filled_share"] == pytest.approx((9 + 108) / (5 * 108), abs=1e-5)


def test_bad_input_is_one_sentence_and_leaves_nothing(scenes: Path) -> None:
    out = str(scenes.parent / "f.tif")
    source = Series((SceneSource(str(scenes)),))
    one = Series((SceneSource(str(scenes / "S2_20230501.tif")),))
    (scenes / "S2_20230522.tif").write_bytes((scenes / "S2_20230521.tif").read_bytes())
    dark = Series((SceneSource(str(scenes / "S2_20230521.tif")), SceneSource(str(scenes / "S2_20230522.tif"))))
    for series_, options, says in (
        (one, {}, "has only 2023-05-01"),
        (dark, {}, "clouded or empty on all dates (2023-05-21, 2023-05-22)"),
        (source, {"bands": ("B12",)}, "No scene has the band B12"),
    ):
        with pytest.raises(BadInput) as caught:
            fill_gaps(FillGapsJob(series_, out, **options), Silent())  # type: ignore[arg-type]
        assert says in caught.value.sentence
    with pytest.raises(BadInput, match="'spline' is unknown"):
        FillGapsJob(source, out, method="spline")
    with pytest.raises(BadInput, match="smoothness"):
        FillGapsJob(source, out, smoothness=0)
    assert [p.name for p in scenes.parent.iterdir()] == ["s"]
