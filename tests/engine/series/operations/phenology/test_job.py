"""The phenology job: seasons found, days counted, bad input told."""

from __future__ import annotations

import datetime as dt
import json
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
    seasons_of,
)
from crop_classifier_plugin.engine.series.operations.phenology.season_tally import band_names
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.series import PhenologyJob, SeasonRule
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
        assert file.descriptions == band_names(options.get("rule", SeasonRule()).seasons)
        assert np.isnan(file.nodata)
        return file.read(), result, reporter


def test_job_finds_the_season_and_counts_dates(tmp_path: Path) -> None:
    paths = write_ndvi(tmp_path / "s", every("2023-01-05", 36), 140, 250)
    found, result, reporter = run(
        sources(paths), tmp_path / "p.tif", rule=SeasonRule(0.5, smoothness=0.1), valid_dates=str(tmp_path / "n.tif")
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
    found, result, _ = run(sources(paths), tmp_path / "p.tif", rule=SeasonRule(0.5))
    assert result["season_year"] == 2023
    np.testing.assert_allclose(found[START, :, 10:], -45, atol=5)
    other, result, _ = run(sources(paths), tmp_path / "q.tif", rule=SeasonRule(0.5), year=2022)
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
    (whole,), _ = seasons_of(np.stack(values).astype(np.float32), days, SeasonRule())
    whole[list(DAYS)] += 60
    np.testing.assert_allclose(found, whole, atol=2e-3)


def write_two_crops(folder: Path, days: list[dt.date], second: float) -> Series:
    """NDVI of 20 x 30 px: a crop of the spring, and in the right half a second one in autumn, `second` high."""
    paths = []
    for day in days:
        since = np.array((day - dt.date(2023, 1, 1)).days + 1)
        array = np.full((1, 20, 30), double_logistic(since, 0.15, 0.85, 60, 120), np.float32)
        array[:, :, 15:] += np.float32(double_logistic(since, 0, second, 200, 290))
        paths.append(write_raster(folder / f"NDVI_{day:%Y%m%d}.tif", array, names=["NDVI"], nodata=np.nan))
    return sources(paths)


def test_two_crops_a_year_are_two_seasons(tmp_path: Path) -> None:
    """Their number is band 1, with a legend; asked for one, the job says how many pixels have more."""
    series_ = write_two_crops(tmp_path / "s", every("2022-12-01", 42), 0.5)
    found, result, reporter = run(series_, tmp_path / "p.tif", rule=SeasonRule(0.5, 0.5, smoothness=0.1, seasons=3))
    assert (found[0, :, :15] == 1).all()
    assert (found[0, :, 15:] == 2).all()
    first, second, third = found[1:].reshape(3, len(NAMES), 20, 30)
    np.testing.assert_allclose(first[[START, END]][:, 0, 0], [60, 120], atol=3)
    np.testing.assert_allclose(first[[START, END]][:, 0, 29], [60, 120], atol=3)
    np.testing.assert_allclose(second[[START, END]][:, 0, 29], [200, 290], atol=3)
    assert np.isnan(second[..., :15]).all()
    assert np.isnan(third).all()
    assert result["bands"][:3] == ["number of seasons", "start of season 1", "peak of season 1"]
    assert result["seasons_per_pixel"] == {"1": 0.5, "2": 0.5}
    assert "start of season 2" in result["medians"]
    assert "2 seasons" in (tmp_path / "p.qml").read_text()
    assert not [text for level, text in reporter.lines if level == "warning"]
    one, result, reporter = run(series_, tmp_path / "q.tif", rule=SeasonRule(0.5, 0.5, smoothness=0.1))
    np.testing.assert_array_equal(one, first)
    (said,) = [text for level, text in reporter.lines if level == "warning"]
    assert said.startswith("50.0% of the pixels with a season have more than 1, of which that with the highest peak")
    assert "ask for 2 seasons" in said
    record = json.loads((tmp_path / "q.run.json").read_text())
    assert '"with_more_seasons": 0.5' in json.dumps(record)


def test_seasons_of_a_long_series_belong_to_the_year_of_their_peak(tmp_path: Path) -> None:
    """Three years of a winter crop that is sown in October: the season of a year starts in the one before."""
    days = every("2021-01-05", 110)
    paths = []
    for day in days:
        since = (day - dt.date(2021, 1, 1)).days + 1
        value = sum(double_logistic(np.array(since), 0, 0.6, 365 * k - 70, 365 * k + 170) for k in range(4))
        array = np.full((1, 4, 4), 0.15 + value, np.float32)
        paths.append(write_raster(tmp_path / "s" / f"NDVI_{day:%Y%m%d}.tif", array, names=["NDVI"], nodata=np.nan))
    with pytest.raises(BadInput, match="or of which year the seasons are"):
        phenology(PhenologyJob(sources(paths), str(tmp_path / "p.tif")), Silent())
    for year in (2022, 2023):
        rule = SeasonRule(0.5, 0.5, smoothness=0.1, seasons=2)
        found, result, _ = run(sources(paths), tmp_path / f"{year}.tif", year=year, rule=rule)
        assert result["season_year"] == year
        assert (found[0] == 1).all()
        np.testing.assert_allclose(found[1 + START], -70, atol=4)
        np.testing.assert_allclose(found[1 + END], 170, atol=4)


def test_real_double_crops_of_mato_grosso(mato_grosso: Path, tmp_path: Path) -> None:
    """Sinop, 23 dates from 2013-09-14: soybean is followed by maize or cotton on about half of the pixels."""
    paths = []
    with rasterio.open(mato_grosso / "sinop_ndvi_2013-09_2014-08.tif") as file:
        values = file.read(masked=True).filled(np.nan).astype(np.float32) / 10_000
    for day, array in zip(every("2013-09-14", 23, 16), values):
        paths.append(write_raster(tmp_path / f"NDVI_{day:%Y%m%d}.tif", array[None], names=["NDVI"], nodata=np.nan))
    found, result, _ = run(sources(paths), tmp_path / "p.tif", rule=SeasonRule(seasons=3))
    assert result["season_year"] == 2014
    assert 0.4 < result["seasons_per_pixel"]["2"] < 0.6
    soy, second = (np.nanmedian(found[1 + k : 8 + k][:, found[0] == 2], axis=1) for k in (0, 7))
    assert -90 < soy[START] < soy[PEAK] < 5 < soy[END] <= second[START] + 1
    assert 80 < second[PEAK] < 150
    assert soy[LENGTH] < 160
    single, result, _ = run(sources(paths), tmp_path / "q.tif")
    assert result["with_more_seasons"] > 0.4
    assert np.nanpercentile(single[LENGTH][found[0] == 2], 98) < 250


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
        ({"min_dates": 2}, "at least 3"),
    ):
        with pytest.raises(BadInput, match=says):
            PhenologyJob(one, **({"output": "o.tif"} | options))  # type: ignore[arg-type]
    for rule, says in (
        ({"start_share": 1.0}, "must lie between 0 and 1"),
        ({"min_amplitude": 0.0}, "least amplitude"),
        ({"seasons": 0}, "ask for 1 to"),
        ({"seasons": 99}, "ask for 1 to"),
    ):
        with pytest.raises(BadInput, match=says):
            SeasonRule(**rule)  # type: ignore[arg-type]
