"""Composites: periods, the ways to reduce dates to one, and the whole job on made-up and on real scenes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from scipy.spatial.distance import pdist, squareform

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.series.cube import reducers
from crop_classifier_plugin.engine.series.cube.open_series import open_series, windows
from crop_classifier_plugin.engine.series.cube.stack import _OPEN
from crop_classifier_plugin.engine.series.operations.composite.job import composite
from crop_classifier_plugin.shared.jobs.series import CompositeJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster
from kits.series.composites import CLOUDED, job

# --- from dates to one, against one pixel at a time -------------------------------------------------------------------


@st.composite
def cubes(draw: Any) -> np.ndarray:
    """(T, 3, 2, 3) float32; dates are missing whole."""
    count, seed = draw(st.integers(1, 7)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    cube = rng.integers(1, 5000, (count, 3, 2, 3)).astype(np.float32)
    missing = rng.random((count, 1, 2, 3)) < draw(st.sampled_from([0, 0.4, 1]))
    return np.where(missing, np.float32(np.nan), cube)


def each_pixel(cube: np.ndarray, rule: Any) -> np.ndarray:
    out = np.full(cube.shape[1:], np.nan)
    for row, col in np.ndindex(cube.shape[2:]):
        seen = [d for d in cube[:, :, row, col].astype(float) if not np.isnan(d).any()]
        if seen:
            out[:, row, col] = rule(np.array(seen))
    return out


def slow_medoid(dates: np.ndarray) -> np.ndarray:
    return dates[int(np.argmin([sum(np.sqrt(((a - b) ** 2).sum()) for b in dates) for a in dates]))]


def slow_max_ndvi(dates: np.ndarray) -> np.ndarray:
    return dates[int(np.argmax([(d[2] - d[0]) / (d[2] + d[0]) for d in dates]))]


@given(cubes())
@settings(max_examples=60, deadline=None)
def test_reductions_equal_one_pixel_at_a_time(cube: np.ndarray) -> None:
    np.testing.assert_allclose(reducers.median(cube), each_pixel(cube, lambda d: np.median(d, axis=0)), rtol=1e-6)
    np.testing.assert_allclose(reducers.mean(cube), each_pixel(cube, lambda d: d.mean(axis=0)), rtol=1e-6)
    np.testing.assert_array_equal(reducers.max_ndvi(0, 2)(cube), each_pixel(cube, slow_max_ndvi))
    np.testing.assert_allclose(reducers.medoid(cube), each_pixel(cube, slow_medoid), rtol=1e-5)
    np.testing.assert_array_equal(reducers.highest(1)(cube), each_pixel(cube, lambda d: d[d[:, 1].argmax()]))


def test_slow_medoid_is_the_date_of_the_least_distances_by_scipy() -> None:
    dates = np.random.default_rng(3).normal(size=(9, 6))
    distances = squareform(pdist(dates))
    np.testing.assert_array_equal(slow_medoid(dates), dates[distances.sum(axis=0).argmin()])


def test_radar_mean_is_taken_in_linear_power() -> None:
    cube = np.array([-10.0, -20.0, np.nan], np.float32).reshape(3, 1, 1, 1)
    assert float(reducers.in_power(reducers.mean)(cube)[0, 0, 0]) == pytest.approx(
        10 * np.log10((0.1 + 0.01) / 2), 1e-5
    )


def test_a_pixel_whose_ndvi_has_no_value_is_still_better_than_none() -> None:
    cube = np.array([[np.nan, np.nan], [0, 0]], np.float32).reshape(2, 2, 1, 1)
    np.testing.assert_array_equal(reducers.max_ndvi(0, 1)(cube)[:, 0, 0], [0, 0])


# --- the job on made-up scenes ---------------------------------------------------------------------------------------


def read(path: str | Path) -> np.ndarray:
    with rasterio.open(path) as file:
        values: np.ndarray = file.read().astype(float)
        values[values == file.nodata] = np.nan
        return values


def test_files_and_stack_hold_the_same_and_tell_their_dates(cloudy: Path) -> None:
    out = cloudy.parent
    wish = job(cloudy, stack=str(out / "stack.tif"), valid_dates=str(out / "count.tif"))
    reporter = Silent()
    result = composite(wish, reporter)
    names = [Path(p).name for p in result["files"]]  # type: ignore[attr-defined]
    assert names == [f"composite_2023{d}.tif" for d in ("0116", "0214", "0316", "0415")]
    files = [out / "out" / n for n in names]
    with rasterio.open(out / "stack.tif") as stack, rasterio.open(files[0]) as first:
        assert stack.descriptions[:5] == ("B02 2023-01-16", "B04 2023-01-16", "B08 2023-01-16", "B11 2023-01-16",
                                          "B02 2023-02-14")  # fmt: skip
        assert first.descriptions == ("B02", "B04", "B08", "B11")
        assert first.tags()["PERIOD_FIRST"] == "2023-01-01"
        assert set(first.scales) == {0.0001}
    np.testing.assert_array_equal(read(out / "stack.tif"), np.concatenate([read(f) for f in files]))
    assert np.isnan(read(files[2])).all()
    assert np.isnan(read(files[3])).all()
    said = " ".join(text for level, text in reporter.lines if level == "warning")
    assert "2023-03-01 to 2023-03-31 has no scene" in said
    assert "Without a clear pixel: 2023-04-05, 2023-04-20" in said
    assert "2023-04-01 to 2023-04-30: all 2 dates are clouded" in said
    record = json.loads((out / "stack.run.json").read_text())
    assert record["periods"][0]["dates"] == ["2023-01-04", "2023-01-18"]


def test_composites_are_a_series_again(cloudy: Path) -> None:
    """With their scale: what was reflectance x 10000 is read as that again."""
    composite(job(cloudy, empty="skip"), Silent())
    with open_series(Series((SceneSource(str(cloudy.parent / "out")),)), Silent()) as again:
        assert again.dates == (dt.date(2023, 1, 16), dt.date(2023, 2, 14), dt.date(2023, 4, 15))
        cube = again.read(Window(0, 0, 24, 32))
    np.testing.assert_allclose(cube[0], read(cloudy.parent / "out" / "composite_20230116.tif"), rtol=1e-5)


def test_no_clouded_pixel_contributes_not_even_by_resampling(cloudy: Path) -> None:
    """Other numbers under the clouds change nothing."""
    composite(job(cloudy), Silent())
    before = {p.name: read(p) for p in (cloudy.parent / "out").glob("*.tif")}
    for path in cloudy.glob("S2_20m_*.tif"):
        with rasterio.open(path, "r+") as file:
            both = file.read()
            bad = np.isin(both[1], CLOUDED)
            both[0, bad] = 9000
            file.write(both)
        with rasterio.open(str(path).replace("20m", "10m"), "r+") as file:
            fine = file.read()
            fine[:, np.kron(bad, np.ones((2, 2))).astype(bool)] = 9000
            file.write(fine)
    composite(job(cloudy), Silent())
    for name, values in before.items():
        np.testing.assert_array_equal(read(cloudy.parent / "out" / name), values)


def test_resampled_without_clouds_is_what_the_stack_of_a_model_reads(cloudy: Path) -> None:
    series = Series((SceneSource(str(cloudy)),), mask="none")
    with open_series(series, Silent(), ["B11", "B04"]) as plain:
        expected = plain.read(Window(0, 0, 24, 32))
    for path in cloudy.glob("S2_20m_*.tif"):
        with rasterio.open(path, "r+") as file:
            file.write(np.full((12, 16), 4, np.uint16), 2)
    with open_series(Series(series.scenes), Silent(), ["B11", "B04"]) as masked:
        np.testing.assert_allclose(masked.read(Window(0, 0, 24, 32)), expected, atol=0.01)
        part = masked.read(Window(7, 5, 11, 13))
    np.testing.assert_allclose(part, expected[:, :, 7:18, 5:18], atol=0.01)


def test_empty_periods_can_be_left_out(cloudy: Path) -> None:
    result = composite(job(cloudy, empty="skip", period="dekad"), Silent())
    assert [Path(p).name[10:18] for p in result["files"]] == [  # type: ignore[attr-defined]
        "20230105", "20230115", "20230205", "20230224", "20230405", "20230415"
    ]  # fmt: skip


def test_period_without_a_scene_before_the_first_is_made_when_asked_for(cloudy: Path) -> None:
    result = composite(job(cloudy, first="2022-12-01", last="2023-01-31"), Silent())
    assert len(result["files"]) == 2  # type: ignore[arg-type]
    assert np.isnan(read(result["files"][0])).all()  # type: ignore[index]


def test_max_ndvi_uses_bands_that_are_not_written(cloudy: Path) -> None:
    composite(job(cloudy, method="max_ndvi", bands=("B11",)), Silent())
    whole = job(cloudy, method="max_ndvi", folder=str(cloudy.parent / "whole"))
    composite(whole, Silent())
    one, all_ = (read(cloudy.parent / f / "composite_20230116.tif") for f in ("out", "whole"))
    np.testing.assert_array_equal(one[0], all_[3])


def test_many_files_are_never_open_at_once(tmp_path: Path) -> None:
    days = [dt.date(2023, 1, 1) + dt.timedelta(n) for n in range(_OPEN + 15)]
    for n, day in enumerate(days):
        write_raster(tmp_path / "s" / f"NDVI_{day:%Y%m%d}.tif", np.full((1, 4, 4), n / 200, np.float32), names=["NDVI"])
    with open_series(Series((SceneSource(str(tmp_path / "s")),)), Silent()) as stack:
        cube = stack.read(Window(0, 0, 4, 4))
        np.testing.assert_allclose(cube[:, 0, 0, 0], np.arange(len(days)) / 200)
        assert len(stack._readers) <= _OPEN


@given(st.integers(1, 1100), st.integers(1, 1100), st.sampled_from([1, 30, 100, 400, 3000]))
def test_windows_cover_each_pixel_once_and_stay_small(height: int, width: int, planes: int) -> None:
    seen = np.zeros((height, width), np.uint8)
    for window in windows(Grid(CRS.from_epsg(32631), Affine(10, 0, 0, 0, -10, 0), height, width), planes):
        seen[window.slices] += 1
        assert 4 * planes * window.height * window.width <= max(96 * 2**20, 4 * planes * 128**2)
    assert (seen == 1).all()


# --- the real year ---------------------------------------------------------------------------------------------------


def test_twelve_months_of_flanders_equal_a_slow_obvious_version(flanders: Path, tmp_path: Path) -> None:
    series = Series(tuple(SceneSource(str(flanders / f)) for f in ("S2_10m", "S2_20m")))
    wish = CompositeJob(
        series, str(tmp_path), valid_dates=str(tmp_path / "count.tif"), first="2019-01-01", last="2019-12-31"
    )
    result = composite(wish, Silent())
    assert len(result["files"]) == 12  # type: ignore[arg-type]
    counts = read(tmp_path / "count.tif")
    for month in range(1, 13):
        fine, count = slow_month(flanders, month)
        np.testing.assert_array_equal(counts[month - 1], count)
        made = read(result["files"][month - 1])  # type: ignore[index]
        np.testing.assert_array_equal(np.isnan(made).any(axis=0), count == 0)
        for band, position in (("B02", 0), ("B03", 1), ("B04", 2), ("B08", 6)):
            np.testing.assert_array_equal(made[position], np.rint(fine[band]))


def slow_month(folder: Path, month: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Medians of the 10 m bands, and the number of clear dates, pixel by pixel."""
    paths = sorted((folder / "S2_10m").glob(f"S2_10m_2019{month:02}*.tif"))
    fine, good = [], []
    for path in paths:
        with rasterio.open(path) as file:
            fine.append(file.read())
        with rasterio.open(folder / "S2_20m" / path.name.replace("10m", "20m")) as file:
            coarse = file.read()
        good.append((coarse[6], coarse))
    medians = {band: np.full((64, 64), np.nan) for band in ("B02", "B03", "B04", "B08")}
    count = np.zeros((64, 64))
    for row, col in np.ndindex(64, 64):
        seen = []
        for values, (scl, coarse) in zip(fine, good):
            clear = scl[row // 2, col // 2] not in (0, 1, 3, 8, 9, 10, 11)
            if clear and values[:, row, col].all() and coarse[:, row // 2, col // 2].all():
                seen.append(values[:, row, col])
        count[row, col] = len(seen)
        for position, band in enumerate(medians):
            if seen:
                medians[band][row, col] = np.median([s[position] for s in seen])
    return medians, count
