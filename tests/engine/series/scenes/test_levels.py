"""The level that names of products tell: refused, warned of and handed on; where bands come from is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crop_classifier_plugin.engine.execution.dispatch import run_job
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.provenance import LEVEL_TAG
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.scenes.levels import check_levels, series_level
from crop_classifier_plugin.engine.series.scenes.quantity import OPTICAL
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.cards.parts import LEVELS, SURFACE, TOA
from crop_classifier_plugin.shared.errors import LevelUnfit, NumbersUnscaled
from crop_classifier_plugin.shared.jobs.build_series import BuildSeriesJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

SURFACE_FILE = "S2A_31UFS_20190516_0_L2A/{}.tif"
TOA_FILES = [
    "S2A_MSIL1C_20190516T105031_N0207_R051_T31UFS_20190516T130000.SAFE/GRANULE/L1C_T31UFS_A019999_20190516T105031/"
    "IMG_DATA/T31UFS_20190516T105031_{}.tif",
    "S2A_31UFS_20190516_0_L1C/{}.tif",
    "LC08_L1TP_199024_20190516_20190521_01_T1_toa_band4.tif",
]
NUMBERS_FILES = [
    "LC08_L1TP_199024_20190516_20200828_02_T1_B4.TIF",
    "LE07_L1GT_199024_20190516_20200828_02_T2_B3.TIF",
    "20190516_101010_1_1003_3B_AnalyticMS_clip_red.tif",
]


def scenes_of(place: Path, name: str, **profile: object):
    write_raster(place / name.format("B04"), np.full((1, 8, 8), 900, np.uint16), **profile)
    return read_scenes([SceneSource(str(place))], Silent())


def spec(level: str):
    return replace(OPTICAL.input_spec(("B04",)), level=level, model="Maize 2019")


@pytest.mark.parametrize("name", TOA_FILES)
def test_a_model_of_the_surface_refuses_level_1_and_an_operation_warns(tmp_path: Path, name: str) -> None:
    scenes = scenes_of(tmp_path, name)
    with pytest.raises(LevelUnfit, match="Maize 2019 takes surface reflectance"):
        check_levels(scenes, spec(SURFACE), Silent())
    reporter = Silent()
    check_levels(scenes, spec(""), reporter)
    assert [level for level, line in reporter.lines if TOA in line] == ["warning"]
    check_levels(scenes, spec(TOA), Silent())
    assert series_level(scenes, ("B04",)) == TOA


def test_a_model_of_level_1_refuses_the_surface(tmp_path: Path) -> None:
    scenes = scenes_of(tmp_path, SURFACE_FILE)
    check_levels(scenes, spec(SURFACE), Silent())
    with pytest.raises(LevelUnfit, match=f"takes {TOA}"):
        check_levels(scenes, spec(TOA), Silent())


@pytest.mark.parametrize("level", [*LEVELS[:2], ""])
@pytest.mark.parametrize("name", NUMBERS_FILES)
def test_numbers_of_a_sensor_are_read_by_nobody_before_they_are_scaled(tmp_path: Path, name: str, level: str) -> None:
    with pytest.raises(NumbersUnscaled, match=r"level 1.*L2SP"):
        check_levels(scenes_of(tmp_path / "raw", name), spec(level), Silent())
    scaled = scenes_of(tmp_path / "scaled", name, scale=2e-5)
    assert series_level(scaled, ("B04",)) == TOA
    made = tmp_path / "made" / f"RT_{name.format('')}"  # as SCP calls what it brought to reflectance
    write_raster(made, np.full((1, 8, 8), 0.09, np.float32))
    assert series_level(read_scenes([SceneSource(str(made))], Silent()), ("B04",)) == TOA
    if level == SURFACE:
        with pytest.raises(LevelUnfit):
            check_levels(scaled, spec(level), Silent())


@pytest.mark.parametrize("name", ["field_20190516_B04.tif", "S2_20190516_B04.tif", SURFACE_FILE])
def test_what_tells_no_level_is_taken(tmp_path: Path, name: str) -> None:
    reporter = Silent()
    check_levels(scenes_of(tmp_path, name), spec(SURFACE), reporter)
    check_levels(scenes_of(tmp_path, name), spec(""), reporter)
    assert not reporter.lines


def test_what_is_made_of_level_1_says_so_and_is_refused_as_well(tmp_path: Path) -> None:
    write_raster(tmp_path / "in" / TOA_FILES[1].format("B04"), np.full((1, 8, 8), 900, np.uint16))
    made = str(tmp_path / "series.tif")
    run_job(BuildSeriesJob(Series((SceneSource(str(tmp_path / "in")),)), output=made), Silent())
    again = read_scenes([SceneSource(made)], Silent())
    assert again[0].refs[0].origin.level == TOA
    with pytest.raises(LevelUnfit):
        check_levels(again, spec(SURFACE), Silent())
    with open_series(Series((SceneSource(made),)), Silent()) as stack:
        assert stack.level == TOA
    assert LEVEL_TAG == "PROCESSING_LEVEL"


def test_where_each_band_comes_from_is_told_in_a_line_a_kind_and_noted_whole(tmp_path: Path) -> None:
    for day in ("20190516", "20190521", "20190526"):
        for band in ("B02", "B04"):
            name = tmp_path / f"S2A_31UFS_{day}_0_L2A" / f"{band}.tif"
            write_raster(name, np.full((1, 8, 8), 900, np.uint16))
    write_raster(tmp_path / "20190601_LEVEL2_LND08_BOA.tif", np.full((6, 8, 8), 900, np.int16), names=["", *"     "])
    reporter = Silent()
    made = tmp_path / "series.tif"
    run_job(BuildSeriesJob(Series((SceneSource(str(tmp_path)),)), bands=("B02", "B04"), output=str(made)), reporter)
    told = [line for _, line in reporter.lines if line.startswith("Bands of")]
    assert len(told) == 2
    assert told[0].startswith(
        "Bands of Sentinel-2A, surface reflectance (3 dates): B02, B04 (file name, as in B02.tif)"
    )
    assert "B02 = band_1_BLUE" in told[1].replace(" BLUE", "_BLUE").replace("band 1", "band_1")
    rows = json.loads(made.with_suffix(".run.json").read_text())["bands_from"]
    assert [(row["date"], row["band"]) for row in rows] == [
        (day, band) for day in ("2019-05-16", "2019-05-21", "2019-05-26", "2019-06-01") for band in ("B02", "B04")
    ]
    assert {row["level"] for row in rows} == {SURFACE}
    assert all(Path(row["file"]).exists() for row in rows)
