"""The phenology job: seasons found, days counted, bad input told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.operations.phenology.job import phenology
from crop_classifier_plugin.engine.series.operations.phenology.season_curve import (
    END,
    LENGTH,
    NAMES,
    PEAK,
    START,
    find_season,
    points_of,
    smooth_curve,
)
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.series import PhenologyJob
from crop_classifier_plugin.shared.jobs.sources import DateEntry, SceneSource, Series
from kits.rasters import write_raster
from kits.series.curves import DAYS, double_logistic


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
