"""Phenology: against one pixel at a time, against a double logistic of known dates, its laws, and the job."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.operations.phenology.job import phenology
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
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.series import PhenologyJob
from crop_classifier_plugin.shared.jobs.sources import DateEntry, SceneSource, Series
from kits.rasters import write_raster

DAYS = (START, PEAK, END)


def double_logistic(days: np.ndarray, low: float, high: float, up: float, down: float) -> np.ndarray:
    """Half of the rise is reached on day `up`, half of the fall on day `down`; rates as of a summer crop."""
    return low + (high - low) * (1 / (1 + np.exp(-0.12 * (days - up))) + 1 / (1 + np.exp(0.1 * (days - down))) - 1)


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


# --- the job ---------------------------------------------------------------------------------------------------------


def write_ndvi(folder: Path, days: list[dt.date], up: float, down: float, **profile: Any) -> list[Path]:
    """NDVI of 20 x 30 px; days count from 1 January of the last date's year. The left third has one value only."""
    paths = []
    for number, day in enumerate(days):
        since = (day - dt.date(days[-1].year, 1, 1)).days + 1
        array = np.full((1, 20, 30), double_logistic(np.array(since), 0.15, 0.85, up, down), np.float32)
        if number:
            array[:, :, :10] = np.nan
        paths.append(write_raster(folder / f"NDVI_{day:%Y%m%d}.tif", array, names=["NDVI"], nodata=np.nan, **profile))
    return paths


def every(first: str, count: int, step: int = 10) -> list[dt.date]:
    return [dt.date.fromisoformat(first) + dt.timedelta(step * k) for k in range(count)]


def sources(paths: list[Path]) -> Series:
    return Series(tuple(SceneSource(str(p)) for p in reversed(paths)))


def run(series_: Series, out: Path, **options: Any) -> tuple[np.ndarray, dict[str, Any], Silent]:
    reporter = Silent()
    result = phenology(PhenologyJob(series_, str(out), **options), reporter)
    with rasterio.open(out) as file:
        assert file.descriptions == NAMES
        assert np.isnan(file.nodata)
        return file.read(), result, reporter


def test_job_finds_the_season_and_counts_dates(tmp_path: Path) -> None:
    paths = write_ndvi(tmp_path / "s", every("2023-01-05", 36), 140, 250)
    found, result, reporter = run(
        sources(paths), tmp_path / "p.tif", smoothness=0.1, start_share=0.5, valid_dates=str(tmp_path / "n.tif")
    )
    assert np.isnan(found[:, :, :10]).all()
    np.testing.assert_allclose(found[START, :, 10:], 140, atol=3)
    np.testing.assert_allclose(found[LENGTH, :, 10:], found[END, :, 10:] - found[START, :, 10:])
    assert result["season_year"] == 2023
    assert result["shares"]["without enough clear dates"] == pytest.approx(1 / 3, abs=1e-6)
    assert any("start of season 2023-05-2" in text for _, text in reporter.lines)
    with rasterio.open(tmp_path / "n.tif") as file:
        count = file.read(1)
    assert (count[:, :10] == 1).all()
    assert (count[:, 10:] == 36).all()
    assert {p.name for p in tmp_path.iterdir()} == {"s", "p.tif", "p.qml", "p.run.json", "n.tif", "n.qml"}


def test_days_before_new_year_are_counted_from_the_seasons_year(tmp_path: Path) -> None:
    """A winter crop that starts in November 2022: its day is below 1; asked for, that of 2022 is above 300."""
    paths = write_ndvi(tmp_path / "s", every("2022-08-20", 36), -45, 180)
    found, result, _ = run(sources(paths), tmp_path / "p.tif", start_share=0.5)
    assert result["season_year"] == 2023
    np.testing.assert_allclose(found[START, :, 10:], -45, atol=5)
    other, result, _ = run(sources(paths), tmp_path / "q.tif", start_share=0.5, year=2022)
    assert result["season_year"] == 2022
    np.testing.assert_allclose(other[list(DAYS)], found[list(DAYS)] + 365, equal_nan=True)


def test_dates_of_a_table_shift_the_map(tmp_path: Path) -> None:
    days = every("2023-02-05", 26)
    paths = write_ndvi(tmp_path / "s", days, 130, 230)
    found, *_ = run(sources(paths), tmp_path / "p.tif")
    later = tuple(DateEntry(p.name, str(d + dt.timedelta(17))) for p, d in zip(paths, days))
    moved, *_ = run(Series(sources(paths).scenes, later), tmp_path / "q.tif")
    np.testing.assert_allclose(moved[list(DAYS)], found[list(DAYS)] + 17, atol=1e-3)
    np.testing.assert_array_equal(moved[LENGTH + 1 :], found[LENGTH + 1 :])


def test_windows_of_a_large_raster_equal_the_whole_and_bands_the_index(tmp_path: Path) -> None:
    """Reflectance bands with clouds give what their NDVI gives; 300 px wide: several windows."""
    rng = np.random.default_rng(0)
    wave = rng.uniform(100, 160, (1, 140, 300))
    values = []
    for day in every("2023-03-01", 22):
        ndvi = double_logistic(np.array(day.timetuple().tm_yday), 0.1, 0.8, wave, wave + 100)
        red = np.rint(1000 * (1 - ndvi))
        bands = np.concatenate([red, np.rint(red * (1 + ndvi) / (1 - ndvi)), np.full_like(red, 4)]).astype(np.uint16)
        bands[2, :, rng.integers(0, 300, 60)] = 9
        write_raster(tmp_path / "s" / f"S2_{day:%Y%m%d}.tif", bands, names=("B04", "B08", "SCL"), nodata=0)
        r, n = bands[:2].astype(np.float32) / np.float32(10_000)
        values.append(np.where(bands[2] == 9, np.nan, (n - r) / (n + r)))
    found, *_ = run(Series((SceneSource(str(tmp_path / "s")),)), tmp_path / "p.tif")
    days = np.arange(22) * 10.0
    whole = find_season(smooth_curve(np.stack(values).astype(np.float32), days, 10.0), points_of(days), 0.2, 0.2, 0.1)
    whole[list(DAYS)] += 60
    np.testing.assert_allclose(found, whole, atol=2e-3)


def test_real_season_of_flanders(flanders: Path, tmp_path: Path) -> None:
    """Winter wheat is up before maize, and over before it; nearly every parcel pixel has a season."""
    found, result, _ = run(
        Series((SceneSource(str(flanders / "S2_10m")), SceneSource(str(flanders / "S2_20m")))),
        tmp_path / "p.tif",
        first="2018-10-15",
        last="2019-11-15",
    )
    with rasterio.open(flanders / "crop_type.tif") as file:
        crop = file.read(1)
    assert result["season_year"] == 2019
    wheat, maize = (np.nanmedian(found[:, crop == code], axis=1) for code in (1110, 1200))
    assert wheat[START] + 30 < maize[START]
    assert wheat[PEAK] + 30 < maize[PEAK]
    assert wheat[END] < maize[END]
    assert (~np.isnan(found[PEAK][crop > 0])).mean() > 0.95


@pytest.mark.parametrize(
    ("days", "options", "says"),
    [
        (every("2022-01-05", 60), {}, "over more than one season: say between which days"),
        (every("2023-01-05", 5), {}, "has 5 dates, a season needs 6 clear ones"),
        (every("2023-01-05", 9), {"first": "2024-01-01"}, "No scene lies between 2024-01-01"),
        (every("2023-01-05", 9), {"index": "LAI"}, "The index 'LAI' is unknown"),
        (every("2023-01-05", 9), {"index": "EVI2"}, "No scene has the band B08, B04"),
        (every("2023-01-05", 9), {"output": "p.png"}, "is not a GeoTIFF"),
        (every("2023-01-05", 9), {"min_dates": 9}, ""),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, days: list[dt.date], options: dict[str, Any], says: str
) -> None:
    paths = write_ndvi(tmp_path / "s", days, 140, 250)
    if not says:
        says = "No pixel has 9 clear dates among 2023-01-05"
        paths = paths[:8] + write_ndvi(tmp_path / "t", [dt.date(2023, 5, 1)], 140, 250)
        for path in paths:
            with rasterio.open(path, "r+") as file:
                file.write(np.full((1, 20, 30), np.nan, np.float32))
    job = {"series": sources(paths), "output": str(tmp_path / "p.tif")} | options
    with pytest.raises(BadInput) as caught:
        phenology(PhenologyJob(**job), Silent())
    assert says in caught.value.sentence
    assert not list(tmp_path.glob("*.*"))


def test_job_refuses_what_cannot_be_meant() -> None:
    one = Series((SceneSource("x.tif"),))
    for options, says in (
        ({"output": ""}, "No output was named"),
        ({"start_share": 1.0}, "must lie between 0 and 1"),
        ({"min_amplitude": 0.0}, "least amplitude"),
        ({"min_dates": 2}, "at least 3"),
    ):
        with pytest.raises(BadInput, match=says):
            PhenologyJob(one, **({"output": "o.tif"} | options))  # type: ignore[arg-type]
