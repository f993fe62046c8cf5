"""The table of dates: rows of layers, of bands and of wildcards; what they tell; and rows that cannot be meant."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.cli.options import read_dates
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.products.date_table import DateTable, Told
from crop_classifier_plugin.engine.series.operations.build.scene_table import COLUMNS
from crop_classifier_plugin.engine.series.scenes.read_series import read_series
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.errors import BadInput, CrsMissing, DateUnreadable
from crop_classifier_plugin.shared.jobs.sources import DateEntry, SceneSource, Series
from kits.rasters import write_raster

NAMES = (*(f"chip_{number:03}_merged.tif" for number in range(12)), "other.tif", "chip_1.tif")
DATES = ("2018-04-01", "2018-06-01", "2018-08-01")
BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")
ROWS = [(DATES[i // 6], i + 1, BANDS[i % 6]) for i in range(18)]  # as the chips of MTCC hold HLS: date by date
WILD = tuple(DateEntry("chip_*_merged.tif", *row) for row in ROWS)


def test_the_table_answers_to_name_file_and_path() -> None:
    table = DateTable([DateEntry("May", "2019-05-16"), DateEntry("stack.tif", "20190601", 2)])
    assert table.find(["may"], 1).date == dt.date(2019, 5, 16)
    assert table.find(["/data/stack.tif"], 2).date == dt.date(2019, 6, 1)
    assert table.find(["/data/stack.tif"], 1).date is None


@pytest.mark.parametrize(
    "layer", ["cube.nc", "cube", "cube.nc:B04", "cube:B04", "/data/cube.nc", 'NETCDF:"/data/cube.nc":B04']
)
def test_a_raster_inside_a_file_answers_to_the_file_and_to_its_variable(layer: str) -> None:
    table = DateTable([DateEntry(layer, "2019-05-16", 1)])
    for name in ('NETCDF:"/data/cube.nc":B04', "netcdf:/data/cube.nc:B04"):
        assert table.find([name], 1).date == dt.date(2019, 5, 16) or layer.startswith("NETCDF")
    other = table.find(['NETCDF:"/data/cube.nc":B08'], 1).date
    assert other == (None if "B04" in layer else dt.date(2019, 5, 16))


@given(st.sampled_from(NAMES), st.integers(1, 18))
def test_a_wildcard_row_equals_the_hand_written_rows(name: str, band: int) -> None:
    by_hand = DateTable(DateEntry(each, *row) for each in NAMES if each.endswith("_merged.tif") for row in ROWS)
    told = DateTable(WILD).find([f"/chips/{name}"], band)
    assert told == by_hand.find([f"/chips/{name}"], band)
    assert bool(told.date) == name.endswith("_merged.tif")


@given(st.permutations(range(4)))
def test_the_nearer_row_counts_whatever_their_order(order: list[int]) -> None:
    entries = [
        DateEntry("a*", "2018-01-01"),
        DateEntry("a*", "2018-01-02", 2),
        DateEntry("ab.tif", "2018-01-03"),
        DateEntry("ab.tif", "2018-01-04", 2),
    ]
    table = DateTable(entries[i] for i in order)
    found = {
        (name, band): getattr(table.find([name], band).date, "day", None)
        for name in ("ab.tif", "ac.tif", "b.tif")
        for band in (1, 2)
    }
    assert list(found.values()) == [3, 4, 1, 2, None, None]


def test_each_row_tells_its_part() -> None:
    entries = [DateEntry("*", "", crs="EPSG:32615"), DateEntry("a.tif", "", 1, "red"), DateEntry("a", "2018-04-01")]
    assert DateTable(entries).find(["a.tif"], 1) == Told(dt.date(2018, 4, 1), "B04", "EPSG:32615")
    assert DateTable(entries).find(["b.tif"], 1) == Told(None, "", "EPSG:32615")


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([("May", "sometime in May")], DateUnreadable, "YYYY-MM-DD"),
        ([("May", "2019-05-16"), ("may", "2019-05-17")], BadInput, "keep one of the rows"),
        ([("a", "2019-05-16", 2), ("a", "2019-05-17", 2)], BadInput, "band 2 of a both"),
        ([("a", "2019-05-16", 2, "B04"), ("a", "2019-05-16", 2, "B08")], BadInput, "both B04 and B08"),
        ([("a", "2019-05-16", 2, "Q1")], BadInput, "'Q1', which is no band"),
    ],
)
def test_bad_tables_get_one_sentence(rows: list[tuple[str, str]], error: type[BadInput], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        DateTable([DateEntry(*row) for row in rows])
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("layer,date,bnad\na,2018-04-01,1\n", "column 'bnad', which is unknown"),
        ("layer,band\na,1\n", "no column 'date'"),
        ("date,band\n2018-04-01,1\n", "no column 'layer'"),
        ("layer,date,band\na,2018-04-01,1.5\n", "'1.5' of a .* no whole number"),
        ("layer,date,band\na,2018-04-01,first\n", "'first'"),
        ("layer,date\na,2018-04-01\nb,\n", "Row 2 .* no date"),
        ("layer,date\n,2018-04-01\n", "Row 1 .* no layer"),
    ],
)
def test_a_file_that_is_no_table_of_dates_is_refused_in_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(BadInput, match=words):
        read_dates(str(tmp_path / "t.csv"))


# --- on rasters ------------------------------------------------------------------------------------------------------


def chips(folder: Path, count: int = 18, **profile: object) -> list[SceneSource]:
    values = np.arange(count, dtype=np.uint16)[:, None, None] * 100 + np.ones((1, 4, 4), np.uint16)
    write_raster(folder / "chip_012_345_merged.tif", values, **profile)
    return [SceneSource(str(folder))]


def test_chips_without_names_are_a_series_by_one_wildcard(tmp_path: Path) -> None:
    found = read_scenes(chips(tmp_path), Silent(), WILD)
    assert [(str(s.date), s.bands) for s in found] == [(day, BANDS) for day in DATES]
    assert [[ref.index for ref in scene.refs] for scene in found] == [[*range(6 * i + 1, 6 * i + 7)] for i in range(3)]


def test_a_band_beyond_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"names band 18 of chip_\*_merged\.tif, but .*has 17 bands: correct the row"):
        read_scenes(chips(tmp_path, 17), Silent(), WILD)


def test_two_wildcards_that_disagree_about_a_file_are_named(tmp_path: Path) -> None:
    rows = [DateEntry("chip_*", "2018-04-01"), DateEntry("*_merged.tif", "2018-05-01")]
    with pytest.raises(BadInput, match=r"both 2018-04-01 and 2018-05-01 \(rows chip_\* and \*_merged\.tif\)"):
        read_scenes(chips(tmp_path), Silent(), rows)


def test_wildcards_that_match_nothing_are_told_at_most_ten(tmp_path: Path) -> None:
    rows = tuple(DateEntry(f"x{n:02}_*", "2018-04-01") for n in range(12))
    reporter = Silent()
    read_series(Series(tuple(chips(tmp_path)), (*WILD, *rows)), reporter)
    (line,) = (text for _, text in reporter.lines if "table of dates" in text)
    assert "x09_* and 2 more" in line


def test_a_crs_is_given_by_the_table_and_said(tmp_path: Path) -> None:
    sources = chips(tmp_path, crs=None)
    with pytest.raises(CrsMissing):
        read_scenes(sources, Silent(), WILD)
    reporter = Silent()
    found = read_scenes(sources, reporter, (*WILD, DateEntry("*.tif", "", crs="EPSG:32615")))
    assert {ref.crs.to_epsg() for scene in found for ref in scene.refs} == {32615}
    (line,) = (text for _, text in reporter.lines if "EPSG:32615" in text)
    assert "from the table of dates" in line
    assert "chip_012_345_merged.tif" in line
    with pytest.raises(BadInput, match="EPSG:999999"):
        read_scenes(sources, Silent(), (*WILD, DateEntry("*.tif", "", crs="EPSG:999999")))


def test_a_crs_in_place_of_the_files_own_is_a_warning(tmp_path: Path) -> None:
    for row, by in ((DateEntry("*", "", crs="EPSG:32615"), "table of dates"), (None, "in QGIS")):
        sources = chips(tmp_path, crs="EPSG:32631")
        if row is None:
            sources = [SceneSource(str(tmp_path / "chip_012_345_merged.tif"), crs="EPSG:32615")]
        reporter = Silent()
        found = read_scenes(sources, reporter, (*WILD, row) if row else WILD)
        assert found[0].refs[0].crs.to_epsg() == 32615
        (line,) = (text for level, text in reporter.lines if level == "warning" and "EPSG:32631" in text)
        assert by in line


def test_a_crs_alone_places_nothing(tmp_path: Path) -> None:
    sources = chips(tmp_path, crs=None, transform=None)
    with pytest.raises(BadInput, match="does not say where it lies"):
        read_scenes(sources, Silent(), (*WILD, DateEntry("*", "", crs="EPSG:32615")))


def test_the_table_of_a_built_series_is_a_table_of_dates(tmp_path: Path) -> None:
    header = ",".join(COLUMNS)
    (tmp_path / "t.csv").write_text(f"{header}\na.tif,1,2018-04-01,B04,value,,10,1,0,,1,,B04\n")
    assert read_dates(str(tmp_path / "t.csv")) == [DateEntry("a.tif", "2018-04-01", 1, "B04")]
