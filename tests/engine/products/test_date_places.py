"""Dates in every place that tells one: names of files, bands and folders, metadata; and where there is none."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.products import dates
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.errors import BadInput, DateAmbiguous, DateMissing
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.rasters import write_raster

FORMS = ("%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d", "%Y%j", "%Y%m%dT105031", "%Y%m%d105031")
PLACES = ("file", "description", "metadata", "folder", "outer folder", "folders of the parts", "layer")
DATELESS = (
    "T31UFS", "N0212", "R051", "v2.0.1", "B04", "10m", "h18v03", "X0055", "Y0044", "20191340", "2019367", "31122019",
    "99999999", "123456789", "LC08", "199024", "aid0001", "31N", "a1b2c3d4e5f6", "003010", "19001301", "2019-02-30",
    "201904", "2019", "20190421999", "1.10.0", "EPSG32631", "d41d8cd98f00b204e980",
)  # fmt: skip
ONE = np.full((1, 4, 4), 900, np.uint16)
days = st.dates(dt.date(1972, 1, 1), dt.date(2099, 12, 31))


def place_raster(root: Path, place: str, text: str, day: dt.date) -> SceneSource:
    """A raster of one band whose date stands in this place alone."""
    folders = {
        "folder": root / f"S2 {text}",
        "outer folder": root / text / "R10m",
        "folders of the parts": root / f"{day.year}" / f"{day.month}" / f"{day.day}" / "0",
    }
    name = f"scene_{text}_B04.tif" if place == "file" else "B04.tif"
    description = f"{text}_T31UFS_B4" if place == "description" else "B04"
    path = write_raster(folders.get(place, root) / name, ONE, names=(description,))
    if place == "metadata":
        with rasterio.open(path, "r+") as file:
            file.update_tags(1, SENSING_DATE=text, PROCESSING_DATE="2001-01-01")
    return SceneSource(str(path), name=f"my layer {text}" if place == "layer" else "")


@settings(max_examples=150)
@given(days, st.sampled_from(FORMS), st.sampled_from(PLACES))
def test_a_date_in_any_form_in_any_place_is_read_as_that_date(day: dt.date, form: str, place: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = place_raster(Path(folder), place, day.strftime(form), day)
        (scene,) = read_scenes([source], Silent())
        assert (scene.date, scene.bands) == (day, ("B04",))
        if place in ("folder", "outer folder", "folders of the parts"):  # and where the user names the outermost one
            assert [s.date for s in read_scenes([SceneSource(folder)], Silent())] == [day]


@given(st.lists(st.sampled_from(DATELESS), min_size=1, max_size=6), st.sampled_from("_ -"))
def test_a_name_without_a_date_never_yields_one(words: list[str], mark: str) -> None:
    name = mark.join(words)
    assert dates.in_name(name) is None
    assert dates.in_folders(f"/data/{name}/{name}.tif") is None
    assert dates.in_metadata("sensing time", name) is None


@given(days, days)
def test_dates_of_processing_are_no_acquisitions(day: dt.date, later: dt.date) -> None:
    for key in ("PROCESSING_DATE", "creation_time", "date_modified", "production date", "time_coverage_end"):
        assert dates.in_metadata(key, f"{later}") is None
    assert dates.in_metadata("acquisition_date", f"{day:%Y%m%d}") == day
    assert dates.in_metadata("STATISTICS_MEAN", f"{day:%Y%j}.5") is None


@given(days, days, st.integers(0, 3))
def test_the_nearest_folder_that_tells_a_date_counts(near: dt.date, far: dt.date, between: int) -> None:
    inside = "/".join(("R10m", "x", "0")[:between])
    assert dates.in_folders(f"/data/{far}/{near:%Y%m%d}/{inside}/B04.tif".replace("//", "/")) == near


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/d/tiles/55/G/FL/2022/12/31/0/R10m/B04.jp2", "2022-12-31"),  # the Sentinel-2 store on AWS
        ("/d/2019/136/B04.tif", "2019-05-16"),
        ("/d/S2A_MSIL2A_20190516T105621_N0212_R051_T31UFS_20190517T134256.SAFE/GRANULE/x/y/B04.jp2", "2019-05-16"),
        ("/d/S2 of 20190516/R10m/0/B04.tif", "2019-05-16"),
        ("/d/S2 of 20190516/more/B04.tif", None),
        ("/d/2024-03-01_2024-10-31/B04.tif", None),  # a season
        ("/d/project_20240115/season/B04.tif", None),  # no date as a whole, and not the innermost
        ("/d/2019/13/45/B04.tif", None),
        ("/d/2019/4/B04.tif", None),
    ],
)
def test_folders(path: str, day: str | None) -> None:
    assert dates.in_folders(path) == (dt.date.fromisoformat(day) if day else None)


def test_bands_of_one_file_may_have_dates_of_their_own(tmp_path: Path) -> None:
    """As Earth Engine's toBands names them, whatever the file's own name says."""
    names = [f"2019{md}T105031_2019{md}T105033_T31UFS_B{band}" for md in ("0421", "0620") for band in (4, 8)]
    path = write_raster(tmp_path / "export_20190701.tif", np.ones((4, 4, 4), np.uint16), names=names)
    found = read_scenes([SceneSource(str(path))], Silent())
    assert [(str(s.date), s.bands) for s in found] == [("2019-04-21", ("B04", "B08")), ("2019-06-20", ("B04", "B08"))]


def test_a_time_series_of_force_is_one_index_of_many_dates(tmp_path: Path) -> None:
    """Written as the published stacks are: an index in the file's name, the dates in the bands' names."""
    days = ("20190401", "20190501", "20190601")
    for index in ("NDV", "SW1", "TCB"):
        path = tmp_path / f"2019-2019_001-365_HL_TSA_SEN2L_{index}_TSI.tif"
        write_raster(path, np.full((3, 4, 4), 5000, np.int16), names=days, nodata=-9999)
    found = read_scenes([SceneSource(str(tmp_path))], Silent())
    assert [(f"{s.date:%Y%m%d}", s.bands) for s in found] == [(day, ("NDVI", "B11")) for day in days]
    assert {(ref.scale, ref.offset) for s in found for ref in s.refs if ref.band} == {(1e-4, 0.0)}


def test_of_a_name_of_earth_engine_the_sensed_date_counts() -> None:
    assert dates.in_name("20151128T002653_20161203T102149_T56MNN_B4") == dt.date(2015, 11, 28)


# --- what has no date ------------------------------------------------------------------------------------------------


def test_what_has_no_date_is_left_out_and_named_where_others_have_one(tmp_path: Path) -> None:
    good = write_raster(tmp_path / "S2_20240425.tif", ONE, names=("B04",))
    bare = [write_raster(tmp_path / f"bare{n:02}.tif", ONE, names=("B04",)) for n in range(12)]
    two = write_raster(tmp_path / "mean_20240401_20240501.tif", ONE, names=("B04",))
    for sources in ([SceneSource(str(tmp_path))], [SceneSource(str(p)) for p in (good, two, *bare)]):
        reporter = Silent()
        assert [s.date for s in read_scenes(sources, reporter)] == [dt.date(2024, 4, 25)]
        missing, unclear = (text for level, text in reporter.lines if level == "warning")
        assert "bare09.tif and 2 more are left out" in missing
        assert "bare10" not in missing
        assert unclear.startswith("mean_20240401_20240501.tif (2024-04-01, 2024-05-01) is left out: several dates")


def test_bands_without_a_date_are_left_out_of_a_file_whose_others_have_one(tmp_path: Path) -> None:
    write_raster(
        tmp_path / "stack.tif", np.ones((3, 4, 4), np.uint16), names=("B04 2024-04-25", "B08 2024-04-25", "dem")
    )
    reporter = Silent()
    (scene,) = read_scenes([SceneSource(str(tmp_path))], reporter)
    assert scene.bands == ("B04", "B08")
    assert ("warning", "Band 3 of stack.tif is left out: without a date, which the other bands have.") in reporter.lines


def test_where_nothing_has_a_date_the_sentence_is_about_dates(tmp_path: Path) -> None:
    write_raster(tmp_path / "a" / "B04.tif", ONE)
    write_raster(tmp_path / "a" / "B08.tif", ONE)
    with pytest.raises(DateMissing, match=r"B04\.tif, B08\.tif"):
        read_scenes([SceneSource(str(tmp_path / "a"))], Silent())
    write_raster(tmp_path / "b" / "B04_20240401_20240501.tif", ONE)
    with pytest.raises(DateAmbiguous, match="2024-04-01, 2024-05-01"):
        read_scenes([SceneSource(str(tmp_path / "b"))], Silent())


def test_dates_that_only_folders_or_a_time_of_writing_tell_are_said(tmp_path: Path) -> None:
    for day in ("2019-04-21", "2019-05-01"):
        write_raster(tmp_path / "days" / day / "B04.tif", ONE)
    reporter = Silent()
    read_scenes([SceneSource(str(tmp_path / "days"))], reporter)
    assert ("info", "Dates told by the names of folders: 2019-04-21, 2019-05-01 (of B04.tif).") in reporter.lines
    path = write_raster(tmp_path / "B04.tif", ONE)
    with rasterio.open(path, "r+") as file:
        file.update_tags(TIFFTAG_DATETIME="2021:03:04 10:30:00")
    reporter = Silent()
    assert [str(s.date) for s in read_scenes([SceneSource(str(path))], reporter)] == ["2021-03-04"]
    (line,) = (text for level, text in reporter.lines if level == "warning")
    assert "TIFF date-time, where most programs write when a file was made: 2021-03-04 (of B04.tif)" in line


def test_files_of_one_name_without_a_date_are_counted_each(tmp_path: Path) -> None:
    write_raster(tmp_path / "S2_20240425.tif", ONE, names=("B04",))
    for number in range(3):
        write_raster(tmp_path / f"part{number}" / "B04.tif", ONE)
    parts = [SceneSource(str(tmp_path / f"part{number}" / "B04.tif")) for number in range(3)]
    reporter = Silent()
    read_scenes([SceneSource(str(tmp_path / "S2_20240425.tif")), *parts], reporter)
    assert any(text.startswith("B04.tif, B04.tif, B04.tif are left out") for _, text in reporter.lines)


# --- folders in folders ----------------------------------------------------------------------------------------------


def test_a_folder_of_dated_folders_is_a_series(tmp_path: Path) -> None:
    for day in ("2019-04-21", "2019-05-01"):
        write_raster(tmp_path / "days" / day / "R10m" / "B04.tif", ONE)
        write_raster(tmp_path / "days" / day / "R20m" / "B11.tif", ONE[:, :2, :2], pixel=20.0)
        write_raster(tmp_path / "days" / "masks" / "dem.tif", ONE)
        write_raster(tmp_path / "days" / day / "preview" / "B08.tif", ONE, pixel=80.0)
    reporter = Silent()
    found = read_scenes([SceneSource(str(tmp_path / "days"))], reporter)
    assert [(str(s.date), s.bands) for s in found] == [("2019-04-21", ("B04", "B11")), ("2019-05-01", ("B04", "B11"))]
    one = read_scenes([SceneSource(str(tmp_path / "days" / "2019-04-21"))], Silent())
    assert [(str(s.date), s.bands) for s in one] == [("2019-04-21", ("B04", "B11"))]
    (line,) = (text for _, text in reporter.lines if text.startswith("Not read"))
    assert line.endswith(f"folder: {tmp_path / 'days' / 'masks'}.")
    innermost = read_scenes([SceneSource(str(tmp_path / "days" / "2019-04-21" / "R10m"))], Silent())
    assert [(str(s.date), s.bands) for s in innermost] == [("2019-04-21", ("B04",))]


def test_a_folder_without_rasters_and_one_whose_folders_tell_no_date_are_told_apart(tmp_path: Path) -> None:
    for number in range(12):
        write_raster(tmp_path / "x" / f"part{number:02}" / "deep" / "B04_20190421.tif", ONE)
    with pytest.raises(BadInput, match=r"lie in sub-folders.*part00.deep.* and 2 more") as caught:
        read_scenes([SceneSource(str(tmp_path / "x"))], Silent())
    assert "part10" not in str(caught.value)
    (tmp_path / "y" / "z").mkdir(parents=True)
    with pytest.raises(BadInput, match="holds no raster"):
        read_scenes([SceneSource(str(tmp_path / "y"))], Silent())


def test_the_walk_is_bounded_in_depth_and_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path.joinpath(*("x",) * 12)
    write_raster(deep / "2019-04-21" / "B04.tif", ONE)
    with pytest.raises(BadInput, match=r"holds no raster.* 10 folders deep"):
        read_scenes([SceneSource(str(tmp_path))], Silent())
    monkeypatch.setattr("crop_classifier_plugin.engine.products.discovery._MOST_FILES", 3)
    for number in range(4):
        write_raster(tmp_path / "2019-04-21" / f"{number}.tif", ONE)
    with pytest.raises(BadInput, match="more than 3 files"):
        read_scenes([SceneSource(str(tmp_path))], Silent())
