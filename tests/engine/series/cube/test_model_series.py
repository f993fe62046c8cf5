"""Feeds: what a network reads of one or two series, date by date."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.model_series import ModelSeries
from crop_classifier_plugin.engine.series.operations.composite.job import composite
from crop_classifier_plugin.shared.cards.parts import DateSpec, InputSpec, RadarSpec
from crop_classifier_plugin.shared.cards.parts import DayWindow as Days
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BandMissing,
    IndexOutOfRange,
    NoOverlap,
    RadarMissing,
    WindowsEmpty,
)
from crop_classifier_plugin.shared.jobs.series import CompositeJob
from crop_classifier_plugin.shared.jobs.sources import Extent, SceneSource, Series
from kits.cards import changed
from kits.rasters import write_raster
from kits.seasons import BANDS, need, optical, radar, write_both
from kits.stacks import open_model_series

RADAR = RadarSpec(("VV", "VH"))


@pytest.fixture
def season(tmp_path: Path) -> Path:
    return write_both(tmp_path)


def fed(folder: Path, wanted: InputSpec, **options: Any) -> ModelSeries:
    with_radar = {"radar": [SceneSource(str(folder / "s1"))]} if wanted.radar.bands else {}
    return open_model_series([SceneSource(str(folder / "s2"))], wanted, Silent(), **with_radar, **options)


def everything(feed: ModelSeries) -> np.ndarray:
    with feed:
        return feed.read(Window(0, 0, feed.grid.height, feed.grid.width))


# --- the laws --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["median", "mean"])
@pytest.mark.parametrize("shift", [0.0, 3.0])  # m: on the grid, and between its pixels
def test_a_composite_is_the_composite_jobs(tmp_path: Path, method: str, shift: float) -> None:
    for number, day in enumerate(("2023-05-04", "2023-05-19", "2023-05-27", "2023-06-11", "2023-07-03")):
        off = shift * (number % 2)
        optical(tmp_path / "s2", day, transform=Affine(10, 0, 500000 + off, 0, -10, 5650000 - off))
    feed = fed(tmp_path, need(reduce=method))
    series = Series((SceneSource(str(tmp_path / "s2")),))
    composite(CompositeJob(series, stack=str(tmp_path / "all.tif"), bands=BANDS, method=method), Silent())
    with rasterio.open(tmp_path / "all.tif") as file:
        expected = file.read(masked=True).astype(np.float32).filled(np.nan).reshape(3, 2, *file.shape)
        assert (file.transform, file.shape) == (feed.grid.transform, (feed.grid.height, feed.grid.width))
    found = everything(feed)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, atol=0.5001)  # the composite is stored as whole numbers
    assert np.isnan(found).any()


def test_radar_is_the_composite_jobs_mean(season: Path) -> None:
    found = everything(fed(season, need(radar=RADAR)))[:, 2:]
    job = CompositeJob(Series((SceneSource(str(season / "s1")),)), stack=str(season / "r.tif"), method="mean")
    composite(job, Silent())
    with rasterio.open(season / "r.tif") as file:
        expected = file.read().reshape(3, 2, 12, 15)
    inner = slice(2, -2)  # radar pixels of 20 m lie between four of the grid: bilinear, hence near their mean
    coarse = 10 * np.log10((10 ** (found / 10)).reshape(3, 2, 12, 2, 15, 2).mean(axis=(3, 5)))
    assert np.nanmax(np.abs(coarse - expected)[..., inner, inner]) < 3
    alone = replace(need(), bands=("VV", "VH"), pixel_size=20.0)
    same = everything(open_model_series([SceneSource(str(season / "s1"))], alone, Silent()))
    np.testing.assert_allclose(same, expected, rtol=1e-6)


@pytest.mark.parametrize("reduce", ["clearest", "median", "mean"])
@pytest.mark.parametrize("extra", ["2023-04-30", "2023-08-01", "2022-12-31", "2024-03-03"])
def test_a_scene_outside_every_window_changes_nothing(season: Path, reduce: str, extra: str) -> None:
    wanted = need(reduce=reduce, radar=replace(RADAR, days=2))
    before = fed(season, wanted)
    optical(season / "s2", extra, transform=Affine(10, 0, 500050, 0, -10, 5649950))
    radar(season / "s1", extra, transform=Affine(20, 0, 500050, 0, -20, 5649950))
    after = fed(season, wanted)
    assert (after.grid, after.dates, after.span) == (before.grid, before.dates, before.span)
    np.testing.assert_array_equal(everything(after), everything(before))


@pytest.mark.parametrize("reduce", ["clearest", "median"])
def test_windows_read_alone_equal_the_whole(season: Path, reduce: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = everything(fed(season, need(reduce=reduce, radar=RADAR)))
    monkeypatch.setattr(
        "crop_classifier_plugin.engine.series.cube.model_series._BYTES", 4 * 3 * 2 * 30
    )  # a row at a time
    with fed(season, need(reduce=reduce, radar=RADAR)) as feed:
        for window in feed.grid.blocks(7):
            np.testing.assert_array_equal(feed.read(window), whole[(..., *window.slices)])


def test_validity_is_each_dates_and_each_series_own(season: Path) -> None:
    (season / "s2" / "S2_20230611.tif").unlink()
    feed = fed(season, need(radar=RADAR))
    assert feed.bands == (*BANDS, "VV", "VH")
    assert [list(s.present) for s in feed.sensors] == [[True, False, True], [True, True, True]]
    assert feed.present.all()
    cube = everything(feed)
    assert np.isnan(cube[1, :2]).all()
    assert not np.isnan(cube[1, 2:]).all()
    clouded = np.isnan(cube[2, :2]).any(axis=0)
    assert clouded.any()
    assert not np.isnan(cube[2, 2:, clouded]).all()


# --- radar -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["decibel", "power"])
def test_decibel_and_power_files_mean_the_same(season: Path, unit: str) -> None:
    asked = replace(need(unit=unit), bands=("VV", "VH"), pixel_size=20.0)
    for path in (season / "s1").iterdir():
        radar(season / "linear", f"{path.stem[3:7]}-{path.stem[7:9]}-{path.stem[9:]}", decibel=False)
    first, second = (
        everything(open_model_series([SceneSource(str(season / n))], asked, Silent())) for n in ("s1", "linear")
    )
    np.testing.assert_allclose(first, second, rtol=2e-4)
    assert (np.nanmax(first) < 0) == (unit == "decibel")
    power = first if unit == "power" else 10 ** (first / 10)
    with rasterio.open(season / "linear" / "S1_20230607.tif") as june:
        np.testing.assert_allclose(power[1], june.read(), rtol=1e-4)


def test_power_is_at_most_1_and_never_0_or_less(tmp_path: Path) -> None:
    values = np.full((2, 4, 4), 0.1, np.float32)
    values[:, 0, 0], values[0, 1, 1], values[:, 2, 2] = 7, 0, -0.001
    write_raster(tmp_path / "S1_20230515.tif", values, names=("VV", "VH"), pixel=20.0)
    asked = replace(need(unit="power"), bands=("VV", "VH"), pixel_size=20.0)
    found = everything(open_model_series([SceneSource(str(tmp_path))], asked, Silent()))[0]
    assert (found[:, 0, 0] == 1).all()
    assert np.isnan(found[:, [1, 2], [1, 2]]).all()
    assert np.isnan(found).sum() == 4


def test_radar_is_averaged_around_each_clearest_date(season: Path) -> None:
    wanted = need(reduce="clearest", radar=RADAR)
    for days in (0, 4, 6, 20):
        feed = fed(season, changed(wanted, days=days))
        heard = feed.sensors[1]
        scenes = [layer.scene.date for layer in heard.stack.layers]
        for day, behind in zip(feed.dates, heard.members):
            expected = [p for p in sorted((season / "s1").iterdir()) if abs((scene_day(p) - day).days) <= days]
            assert [scenes[t] for t in behind] == [scene_day(p) for p in expected]
        feed.close()


def scene_day(path: Path) -> dt.date:
    return dt.datetime.strptime(path.stem[3:], "%Y%m%d").date()


@pytest.mark.parametrize("reduce", ["clearest", "median"])
def test_either_series_may_be_absent(season: Path, reduce: str) -> None:
    wanted = need(reduce=reduce, radar=RADAR)
    reporter = Silent()
    alone = open_model_series([SceneSource(str(season / "s2"))], wanted, reporter)
    assert any("VV, VH" in text for level, text in reporter.lines if level == "warning")
    assert np.isnan(everything(alone)[:, 2:]).all()
    heard = open_model_series([], wanted, Silent(), radar=[SceneSource(str(season / "s1"))])
    assert heard.grid.pixel == (10, 10)  # the model's, though the radar's pixels are of 20 m
    assert (heard.grid.height, heard.grid.width) == (24, 30)
    cube = everything(heard)
    assert np.isnan(cube[:, :2]).all()
    assert not np.isnan(cube[:, 2:]).all(axis=(1, 2, 3)).any()


# --- refusals --------------------------------------------------------------------------------------------------------


def test_what_a_feed_refuses(season: Path) -> None:
    optic, heard = [SceneSource(str(season / "s2"))], [SceneSource(str(season / "s1"))]
    with pytest.raises(RadarMissing, match="VV, VH"):
        open_model_series(optic, need(min_dates=0, radar=RADAR), Silent())
    with pytest.raises(RadarMissing, match="optical"):
        open_model_series([], need(min_dates=0, radar=RADAR), Silent(), radar=heard)
    with pytest.raises(BadInput, match="takes one series"):
        open_model_series(optic, need(), Silent(), radar=heard)
    with pytest.raises(BadInput, match="No raster"):
        open_model_series([], need(), Silent())
    with pytest.raises(BadInput, match="only VV and VH"):
        open_model_series(optic, need(radar=RadarSpec(("HH",))), Silent(), radar=heard)
    with pytest.raises(BandMissing, match="VV, VH"):
        open_model_series(optic, need(radar=RADAR), Silent(), radar=optic)
    (season / "s2" / "S2_20230611.tif").unlink()
    with pytest.raises(WindowsEmpty, match=r"3 of the 3 stretches.*2023-06-01 to 2023-06-30"):
        open_model_series(optic, need(min_dates=3), Silent())
    far = season / "far"
    radar(far, "2023-05-02", transform=Affine(20, 0, 600000, 0, -20, 5650000))
    with pytest.raises(NoOverlap, match="radar"):
        open_model_series(optic, need(radar=RADAR), Silent(), radar=[SceneSource(str(far))])


def test_an_extent_limits_the_grid_but_not_what_is_known(season: Path) -> None:
    extent = Extent(500100, 5649800, 500200, 5649900, "EPSG:32631")
    whole = fed(season, need(radar=RADAR))
    with fed(season, need(radar=RADAR), extent=extent) as feed:
        assert (feed.grid.height, feed.grid.width) == (10, 10)
        assert feed.widest == whole.grid
        np.testing.assert_array_equal(feed.read(Window(0, 0, 10, 10)), everything(whole)[:, :, 10:20, 10:20])
    assert {Path(p).parent.name for p in feed.sources} == {"s1", "s2"}


def test_a_series_of_an_index_is_read_as_it_is(tmp_path: Path) -> None:
    """NDVI is no reflectance: it is not held against x 10000, but against -1..1; no warning about missing masks."""
    values = np.linspace(-0.2, 0.9, 20 * 20, dtype=np.float32).reshape(1, 20, 20)
    for day in ("20240501", "20240701"):
        write_raster(tmp_path / f"NDVI_{day}.tif", values, names=["NDVI"], nodata=np.nan)
    asked = InputSpec("m", ("NDVI",), DateSpec((Days(110, 130), Days(170, 200))))
    reporter = Silent()
    with open_model_series((SceneSource(str(tmp_path)),), asked, reporter) as feed:
        read = feed.read(Window(0, 0, 20, 20))
    np.testing.assert_array_equal(read, np.stack([values, values]))
    assert not [text for level, text in reporter.lines if level == "warning"]
    write_raster(tmp_path / "NDVI_20240701.tif", values * 10_000, names=["NDVI"], nodata=np.nan)
    with pytest.raises(IndexOutOfRange, match="within -1 and 1"):
        open_model_series((SceneSource(str(tmp_path)),), asked, Silent())
