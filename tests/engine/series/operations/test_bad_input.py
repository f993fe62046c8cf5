"""Bad input that all jobs about series share: each is refused, or told, in one sentence that names what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.dispatch import run_job
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.choices import EMPTY
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BandTwice,
    CropClassifierError,
    DateMissing,
    DateUnreadable,
)
from crop_classifier_plugin.shared.forest import ForestSize
from crop_classifier_plugin.shared.jobs.build_series import BuildSeriesJob
from crop_classifier_plugin.shared.jobs.fusion import (
    CropGainJob,
    FuseStarfmJob,
    GainSplit,
    Prediction,
    StarfmSpec,
    image_pairs,
)
from crop_classifier_plugin.shared.jobs.series import AlignSeriesJob, CompositeJob, FillGapsJob, PhenologyJob
from crop_classifier_plugin.shared.jobs.sources import DateEntry, Extent, LabelSource, SceneSource, Series
from kits.rasters import write_raster

SIZE = 24
DAYS = [dt.date(2023, 4, 10) + dt.timedelta(12 * k) for k in range(8)]


def season(folder: Path, value: Callable[[int], Any] = lambda k: 0.2 + 0.05 * k, **profile: Any) -> Path:
    """Eight dates of NDVI, float32."""
    for k, day in enumerate(DAYS):
        array = np.broadcast_to(np.float32(value(k)), (1, SIZE, SIZE)).copy()
        write_raster(folder / f"NDVI_{day:%Y%m%d}.tif", array, **({"names": ["NDVI"], "nodata": np.nan} | profile))
    return folder


def series(folder: Path, *rows: tuple[str, str], **options: Any) -> Series:
    return Series((SceneSource(str(folder)),), tuple(DateEntry(*row) for row in rows), **options)


def job(kind: str, given: Series, out: Path) -> Any:
    """The job of a kind on a series of NDVI; the other inputs of those that need more stand beside it."""
    out.mkdir(exist_ok=True)
    place = str(out / "o.tif")
    if kind == "align_series":
        return AlignSeriesJob(given, given, place, str(out / "t.csv"), count=3)
    if kind == "build_series":
        return BuildSeriesJob(given, place)
    if kind == "composite":
        return CompositeJob(given, stack=place)
    if kind == "fill_gaps":
        return FillGapsJob(given, place)
    if kind == "phenology":
        return PhenologyJob(given, place)
    if kind == "crop_gain":
        extra = out.parent / "extra"
        late = write_raster(extra / "NDVI_B_20230801.tif", np.full((1, SIZE, SIZE), 0.5, np.float32), names=["NDVI"])
        crops = np.where(np.arange(SIZE) % 12 < 6, 1, 2)[None, None].repeat(SIZE, 1).astype(np.uint8)
        truth = str(write_raster(extra / "truth.tif", crops, nodata=0))
        reports = {f"report_{ending}": str(out / f"g.{ending}") for ending in ("html", "json", "csv")}
        facts: dict[str, Any] = {"split": GainSplit("block", 8), "seeds": 1, "forest": ForestSize(2), **reports}
        return CropGainJob(given, (Prediction(SceneSource(str(late))),), LabelSource(truth), **facts)
    # the pairs are of one sensor: all that counts here is what is refused
    if kind == "fuse_starfm":
        return FuseStarfmJob(given, given, place, str(DAYS[-1]), starfm=StarfmSpec(window=3))
    raise AssertionError(kind)


KINDS = ("align_series", "build_series", "composite", "crop_gain", "fill_gaps", "fuse_starfm", "phenology")


def run(kind: str, given: Series, folder: Path) -> Silent:
    reporter = Silent()
    asked = job(kind, given, folder / "out")
    run_job(asked, reporter)
    return reporter


def refusal(kind: str, given: Series, folder: Path, error: type[CropClassifierError] = CropClassifierError) -> str:
    with pytest.raises(error) as caught:
        run(kind, given, folder)
    sentence = caught.value.sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert not list((folder / "out").iterdir())
    return sentence


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_series_is_taken(kind: str, tmp_path: Path) -> None:
    run(kind, series(season(tmp_path / "s")), tmp_path)
    assert list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_a_date_that_cannot_be_read_is_named(kind: str, tmp_path: Path) -> None:
    first = season(tmp_path / "s") / f"NDVI_{DAYS[0]:%Y%m%d}.tif"
    sentence = refusal(kind, series(tmp_path / "s", (first.name, "10 Apr")), tmp_path, DateUnreadable)
    assert "'10 Apr'" in sentence
    assert first.name in sentence
    bare = first.rename(tmp_path / "s" / "april.tif")
    assert "april" in refusal(kind, Series((SceneSource(str(bare)),)), tmp_path, DateMissing)


@pytest.mark.parametrize("kind", KINDS)
def test_two_layers_of_one_date_and_band_are_both_read(kind: str, tmp_path: Path) -> None:
    first = season(tmp_path / "s") / f"NDVI_{DAYS[0]:%Y%m%d}.tif"
    (tmp_path / "s" / f"again_{first.name}").write_bytes(first.read_bytes())
    told = [text for _, text in run(kind, series(tmp_path / "s"), tmp_path).lines if "lie over each other" in text]
    if kind != "fuse_starfm":  # whose pairs are of the last date
        assert f"({DAYS[0]}: {first.name}, then again_{first.name})" in told[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_gives_a_band_twice_is_named_once(kind: str, tmp_path: Path) -> None:
    season(tmp_path / "s")
    twice = tmp_path / "s" / f"NDVI_{DAYS[0]:%Y%m%d}.tif"
    write_raster(twice, np.full((2, SIZE, SIZE), 0.3, np.float32), names=["NDVI", "NDVI"])
    sentence = refusal(kind, series(tmp_path / "s"), tmp_path, BandTwice)
    assert sentence.count(twice.name) == 1
    assert f"all named NDVI and of {DAYS[0]}" in sentence


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_outside_its_range_is_refused_with_its_file(kind: str, tmp_path: Path) -> None:
    season(tmp_path / "s", lambda k: 0.5 if k != 6 else 5000)  # which every job uses, STARFM as its base
    sentence = refusal(kind, series(tmp_path / "s"), tmp_path)
    assert "within -1 and 1" in sentence
    assert f"NDVI_{DAYS[6]:%Y%m%d}" in sentence


@pytest.mark.parametrize("kind", KINDS)
def test_dates_that_are_all_clouded_are_named(kind: str, tmp_path: Path) -> None:
    season(tmp_path / "s", lambda k: np.nan)
    named = DAYS[6] if kind == "fuse_starfm" else DAYS[0]
    assert str(named) in refusal(kind, series(tmp_path / "s"), tmp_path)


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("phenology", "fuse_starfm", "crop_gain")])
def test_one_clouded_date_is_named_in_the_log(kind: str, tmp_path: Path) -> None:
    """The last: one that every job uses."""
    season(tmp_path / "s", lambda k: 0.5 if k != 7 else np.nan)
    reporter = run(kind, series(tmp_path / "s"), tmp_path)
    assert any(str(DAYS[7]) in text for level, text in reporter.lines if level == "warning"), reporter.lines


@pytest.mark.parametrize("kind", KINDS)
def test_an_extent_beside_the_series_is_refused(kind: str, tmp_path: Path) -> None:
    season(tmp_path / "s")
    sentence = refusal(kind, series(tmp_path / "s", extent=Extent(0, 0, 100, 100, "EPSG:32631")), tmp_path)
    assert "overlap" in sentence


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("fuse_starfm", "crop_gain")])
def test_a_series_in_degrees_is_worked_on_in_degrees(kind: str, tmp_path: Path) -> None:
    """No job but build_series is asked for a resolution: the grid is the scenes' own."""
    place = {"crs": "EPSG:4326", "transform": rasterio.Affine(1e-4, 0, 3, 0, -1e-4, 51)}
    season(tmp_path / "s", **place)
    run(kind, series(tmp_path / "s"), tmp_path)
    with rasterio.open(tmp_path / "out" / "o.tif") as file:
        assert file.crs.to_epsg() == 4326
        assert file.shape == (SIZE, SIZE)


def test_metres_asked_of_a_crs_in_degrees_are_refused(tmp_path: Path) -> None:
    season(tmp_path / "s")
    asked = BuildSeriesJob(series(tmp_path / "s"), str(tmp_path / "o.tif"), crs="EPSG:4326", resolution=10)
    with pytest.raises(CropClassifierError, match="EPSG:4326 counts in degrees") as caught:
        run_job(asked, Silent())
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize("empty", EMPTY)
def test_a_month_without_a_scene_is_told_and_filled_or_left_out(empty: str, tmp_path: Path) -> None:
    folder = season(tmp_path / "s")
    for path in folder.glob("NDVI_202305*"):
        path.unlink()
    reporter = Silent()
    out = tmp_path / "o.tif"
    asked = CompositeJob(series(folder), stack=str(out), empty=empty)
    run_job(asked, reporter)
    told = [text for level, text in reporter.lines if level == "warning" and "has no scene" in text]
    assert len(told) == 1
    assert "2023-05-01" in told[0]
    with rasterio.open(out) as file:
        months = [text[5:12] for text in file.descriptions]
        assert ("2023-05" in months) == (empty == "nodata")
        if empty == "nodata":
            assert np.isnan(file.read(months.index("2023-05") + 1)).all()


def test_fewer_base_pairs_than_are_needed_and_images_apart_are_refused(tmp_path: Path) -> None:
    season(tmp_path / "s")
    days = sorted((tmp_path / "s").iterdir())
    fine, coarse = (tuple(SceneSource(str(p)) for p in paths) for paths in (days[:1], (days[0], days[4])))
    asked = FuseStarfmJob(*image_pairs(fine, coarse), str(tmp_path / "o.tif"), str(DAYS[4]), pairs=2)
    with pytest.raises(CropClassifierError, match="needs 2 base pairs"):
        run_job(asked, Silent())
    season(tmp_path / "far", transform=rasterio.Affine(10, 0, 700000, 0, -10, 5650000))
    apart = tuple(SceneSource(str(p)) for p in sorted((tmp_path / "far").iterdir())[:5])
    with pytest.raises(CropClassifierError, match="do not overlap"):
        run_job(FuseStarfmJob(*image_pairs(fine, apart), str(tmp_path / "o.tif"), str(DAYS[4])), Silent())


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    write_raster(tmp_path / "S1_20230410.tif", np.ones((1, SIZE, SIZE), np.complex64), names=["VV"])
    with pytest.raises(BadInput, match="holds complex numbers"):
        run_job(CompositeJob(series(tmp_path), str(tmp_path / "out")), Silent())


def test_dates_that_lack_a_band_are_named_with_it(tmp_path: Path) -> None:
    for day, names in (("20230410", ["B04", "B08"]), ("20230422", ["B04", "B8A"])):
        write_raster(tmp_path / f"S2_{day}.tif", np.full((2, SIZE, SIZE), 900, np.uint16), names=names)
    reporter = Silent()
    run_job(BuildSeriesJob(series(tmp_path), str(tmp_path / "out.tif"), bands=("B04", "B08")), reporter)
    assert ("warning", "Left out for want of bands (B08): 2023-04-22.") in reporter.lines
