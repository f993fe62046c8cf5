"""Series at their edges: masks that miss, baselines, rotated rasters, overlapping windows, tables with mistakes."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from crop_classifier_plugin.engine.cli.options import read_dates
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.products.band_names import band_of
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.errors import (
    BadInput,
    DateMissing,
    OffsetMissing,
)
from crop_classifier_plugin.shared.jobs.sources import DateEntry, Extent, SceneSource, Series
from kits.classification import classify_job
from kits.rasters import BANDS, write_raster, write_season
from kits.stacks import everything, need, open_model_series, stack_of

DAYS = ("20240425", "20240620", "20240815")
MASKED = [("SCL", 4, 9), ("Fmask", 0, 2), ("QA_PIXEL", 21824, 8)]


def warnings_of(reporter: Silent) -> list[str]:
    return [text for level, text in reporter.lines if level == "warning"]


def tiled(folder: Path, name: str, clear: int, bad: int, pixel: float) -> None:
    """Three dates of two tiles (20 x 20 px each); the second date has a mask over the left tile alone."""
    size = int(200 / pixel)
    for number, day in enumerate(DAYS):
        for side, x in (("west", 500000), ("east", 500200)):
            data = np.full((6, 20, 20), 500, np.uint16)
            write_raster(
                folder / f"S2_{day}_{side}.tif", data, names=BANDS, transform=Affine(10, 0, x, 0, -10, 5650000)
            )
            if number != 1 or side == "west":
                mask = np.full((1, size, size), clear, np.uint16)
                mask[0, 0] = bad
                place = Affine(pixel, 0, x, 0, -pixel, 5650000)
                write_raster(folder / f"S2_{day}_{side}_{name}.tif", mask, names=[name], transform=place)


@pytest.mark.parametrize("pixel", [10.0, 20.0])
@pytest.mark.parametrize(("name", "clear", "bad"), MASKED)
def test_what_a_products_mask_does_not_reach_is_no_data(
    tmp_path: Path, name: str, clear: int, bad: int, pixel: float
) -> None:
    tiled(tmp_path, name, clear, bad, pixel)
    expected = np.zeros((3, 20, 40), bool)
    expected[:, : int(pixel / 10)] = True
    expected[1, :, 20:] = True
    reporter = Silent()
    with open_model_series([SceneSource(str(tmp_path))], need(), reporter) as stack:
        np.testing.assert_array_equal(np.isnan(everything(stack)).all(axis=1), expected)
        np.testing.assert_array_equal(np.isnan(everything(stack)).any(axis=1), expected)
    (line,) = warnings_of(reporter)
    assert "2024-06-20" in line
    assert name in line
    assert "2024-04-25" not in line


def test_whole_series_tell_of_masks_that_miss_too(tmp_path: Path) -> None:
    tiled(tmp_path, "SCL", 4, 9, 20.0)
    reporter = Silent()
    with open_series(Series((SceneSource(str(tmp_path)),)), reporter, BANDS) as stack:
        assert np.isnan(stack.read(Window(0, 20, 20, 20))[1]).all()
    assert len(warnings_of(reporter)) == 1


@pytest.mark.parametrize("pixel", [10.0, 20.0])
def test_the_no_data_value_of_a_mask_file_keeps_its_meaning(tmp_path: Path, pixel: float) -> None:
    size = int(400 / pixel)
    scl = np.full((1, size, size), 4, np.uint8)
    scl[0, :2] = 0
    for day in DAYS:
        write_raster(tmp_path / f"S2_{day}.tif", np.full((6, 40, 40), 500, np.uint16), names=BANDS)
        write_raster(tmp_path / f"S2_{day}_SCL.tif", scl, names=["SCL"], nodata=0, pixel=pixel)
    reporter = Silent()
    with open_model_series([SceneSource(str(tmp_path))], need(), reporter) as stack:
        gone = np.isnan(everything(stack)).all(axis=(0, 1))
    assert gone[: int(2 * pixel / 10)].all()
    assert not gone[int(2 * pixel / 10) :].any()
    assert not warnings_of(reporter)


@pytest.mark.parametrize(("name", "fill", "clear"), [("SCL", 0, 4), ("Fmask", 255, 0), ("QA_PIXEL", 1, 21824)])
@pytest.mark.parametrize("pixel", [10.0, 20.0])
def test_a_tiles_fill_gives_way_to_the_tile_beside_it(
    tmp_path: Path, name: str, fill: int, clear: int, pixel: float
) -> None:
    """Tiles of 40 px that share 16 columns; the western one holds nothing in its last 20 columns."""
    size = int(400 / pixel)
    for day in DAYS:
        for side, x in (("a", 500000), ("b", 500240)):
            data = np.full((6, 40, 40), 500, np.uint16)
            mask = np.full((1, size, size), clear, np.uint16)
            if side == "a":
                data[:, :, 20:], mask[:, :, size // 2 :] = 0, fill
            place = [Affine(p, 0, x, 0, -p, 5650000) for p in (10, pixel)]
            write_raster(tmp_path / f"{day}_{side}.tif", data, names=BANDS, nodata=0, transform=place[0])
            write_raster(tmp_path / f"{day}_{side}_{name}.tif", mask, names=[name], transform=place[1])
    with stack_of(tmp_path) as stack:
        gone = np.isnan(everything(stack)).any(axis=(0, 1))
    np.testing.assert_array_equal(gone[0], [20 <= c < 24 for c in range(64)])


@pytest.mark.parametrize("nodata", [None, 0, 1])
@pytest.mark.parametrize("pixel", [10.0, 20.0])
def test_a_users_mask_layer_means_what_its_numbers_say(tmp_path: Path, nodata: int | None, pixel: float) -> None:
    write_season(tmp_path / "s", nodata=None)
    mask = np.zeros((1, 10, 10), np.uint8)  # smaller than the scenes: nothing is masked outside
    mask[0, :4] = 1
    path = write_raster(tmp_path / "mask.tif", mask, nodata=nodata, pixel=pixel)
    with stack_of(tmp_path / "s", need(nodata=math.nan), mask="layer", mask_layers=[SceneSource(str(path))]) as stack:
        expected = np.zeros((50, 70), bool)
        expected[: int(4 * pixel / 10), : int(pixel)] = True
        np.testing.assert_array_equal(np.isnan(everything(stack)).all(axis=(0, 1)), expected)


# --- baseline 04.00 --------------------------------------------------------------------------------------------------


def products(folder: Path, baseline: str, low: int = 200, offset: float | None = None) -> Path:
    rng = np.random.default_rng(3)
    for day in DAYS:
        name = f"S2A_MSIL2A_{day}T105621_{baseline}R051_T31UFS_{day}T134256.tif"
        array = rng.integers(low, 5000, (6, 20, 20)).astype(np.uint16)
        path = write_raster(folder / name, array, names=BANDS, nodata=0, scale=None if offset is None else 1e-4)
        if offset is not None:
            with rasterio.open(path, "r+") as file:
                file.offsets = (offset,) * 6
    return folder


@pytest.mark.parametrize("baseline", ["N0400", "N0510", "N0511"])
def test_a_baseline_with_an_undeclared_offset_is_refused(tmp_path: Path, baseline: str) -> None:
    with pytest.raises(OffsetMissing, match=f"{baseline[1:3]}.{baseline[3:]}.*-offset -0.1"):
        stack_of(products(tmp_path / "bare", f"{baseline}_"))
    with stack_of(products(tmp_path / "told", f"{baseline}_", low=1200, offset=-0.1)) as stack:
        assert 150 < np.nanmin(everything(stack)) < 300
    stack_of(products(tmp_path / "old", "N0301_")).close()


def test_undeclared_offsets_are_suspected_where_nothing_is_dark(tmp_path: Path) -> None:
    for name, low, expected in (("bright", 1000, 1), ("dark", 200, 0)):
        reporter = Silent()
        open_model_series([SceneSource(str(products(tmp_path / name, "", low)))], need(), reporter).close()
        found = warnings_of(reporter)
        assert sum("baseline 04.00" in line and "-offset -0.1" in line for line in found) == expected
    reporter = Silent()
    folder = products(tmp_path / "early", "", 1000)
    for path in list(folder.iterdir()):
        path.rename(path.with_name(path.name.replace("2024", "2021")))
    open_model_series([SceneSource(str(folder))], need(), reporter).close()
    assert not any("baseline" in line for line in warnings_of(reporter))


# --- grids -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [90, 30, -1])
def test_rotated_rasters_are_refused_in_one_sentence(tmp_path: Path, angle: float) -> None:
    turned = Affine.translation(500000, 5650000) @ Affine.rotation(angle) @ Affine.scale(10, -10)
    write_season(tmp_path, transform=turned)
    with pytest.raises(BadInput, match=r"rotated.*gdalwarp"):
        stack_of(tmp_path)


def test_south_up_is_no_rotation(tmp_path: Path) -> None:
    write_season(tmp_path, transform=Affine(10, 0, 500000, 0, 10, 5649500))
    with stack_of(tmp_path) as stack:
        assert (stack.grid.height, stack.grid.width) == (50, 70)
        assert stack.grid.transform.e < 0


def test_of_two_zones_the_one_with_most_of_the_area_is_taken(tmp_path: Path) -> None:
    for day in DAYS:
        for zone, x, width, side in ((31, 712000, 20, "a"), (32, 287600, 90, "b")):
            data = np.full((6, 40, width), 500, np.uint16)
            place = Affine(10, 0, x, 0, -10, 5650000)
            path = tmp_path / f"S2_{day}_{side}.tif"
            write_raster(path, data, names=BANDS, crs=f"EPSG:326{zone}", transform=place)
    with stack_of(tmp_path) as stack:
        assert stack.grid.crs.to_epsg() == 32632
    west = Extent(712000, 5649600, 712200, 5650000, "EPSG:32631")
    with stack_of(tmp_path, extent=west) as stack:
        assert stack.grid.crs.to_epsg() == 32631


# --- names, folders, tables ------------------------------------------------------------------------------------------


def test_a_folder_named_after_a_season_dates_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "2024-03-01_2024-10-31"
    write_season(folder)
    for name in ("truth.tif", "mean_20240401_20240501.tif"):
        write_raster(folder / name, np.ones((1, 50, 70), np.uint8))
    reporter = Silent()
    with open_model_series([SceneSource(str(folder))], need(), reporter) as stack:
        assert len(stack.dates) == 3
    left = sorted(line.split(" is left out")[0] for line in warnings_of(reporter) if "left out" in line)
    assert left == ["mean_20240401_20240501.tif (2024-04-01, 2024-05-01)", "truth.tif"]
    with pytest.raises(DateMissing, match=r"truth\.tif"):
        read_scenes([SceneSource(str(folder / "truth.tif"))], Silent())


def test_a_folders_single_date_still_dates_its_files(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "20240425" / "scene.tif", np.ones((6, 5, 5), np.uint16), names=BANDS)
    assert read_scenes([SceneSource(str(path))], Silent())[0].date == dt.date(2024, 4, 25)


def test_a_folder_of_folders_names_them(tmp_path: Path) -> None:
    write_season(tmp_path / "S2_10m")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"sub-folders.*S2_10m") as caught:
        stack_of(tmp_path)
    assert "empty" not in str(caught.value)


def test_rows_of_the_table_that_match_nothing_are_told(tmp_path: Path, season: list[Path]) -> None:
    entries = [DateEntry(p.stem, d) for p, d in zip(season, ("2024-04-26", "2024-06-21", "2024-08-16"))]
    reporter = Silent()
    mask = write_raster(tmp_path / "cloud.tif", np.zeros((1, 50, 70), np.uint8))
    layers = [SceneSource(str(mask))]
    entries += [DateEntry("S2_20240426", "2024-04-27")]
    folder = [SceneSource(str(season[0].parent))]
    with open_model_series(folder, need(), reporter, entries, "layer", layers) as stack:
        assert stack.dates[0] == dt.date(2024, 4, 26)
    (line,) = warnings_of(reporter)
    assert "S2_20240426" in line
    assert "S2_20240425" not in line


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tables_are_read_with_any_usual_delimiter(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "dates.csv"
    path.write_text(f"Layer{mark}Date{mark}Band\nMay{mark}2019-05-16{mark}2\n")
    assert read_dates(str(path)) == [DateEntry("May", "2019-05-16", 2)]


@pytest.mark.parametrize("beyond", [",", ",,", ", ,"])
def test_empty_cells_beyond_the_columns_of_a_table_are_passed_over(tmp_path: Path, beyond: str) -> None:
    path = tmp_path / "dates.csv"
    path.write_text(f"layer,date\nMay,2019-05-16{beyond}\n")
    assert read_dates(str(path)) == [DateEntry("May", "2019-05-16")]
    path.write_text(f"layer,date\nMay,2019-05-16{beyond}note\n")
    with pytest.raises(BadInput, match=r"more cells than the table has columns .note.: correct it[.]$"):
        read_dates(str(path))


@pytest.mark.parametrize(
    ("name", "band"),
    [
        *((f"LT05_L2SP_198025_20100516_20200828_02_T1_SR_B{n}.TIF", b) for n, b in
          ((1, "B02"), (2, "B03"), (3, "B04"), (4, "B8A"), (5, "B11"), (6, None), (7, "B12"))),
        ("LE07_L2SP_198025_20100516_20200828_02_T1_SR_B4.TIF", "B8A"),
        ("LT04_L2SP_198025_19890516_20200828_02_T1_SR_B1.TIF", "B02"),
        ("LE07_L2SP_198025_20100516_20200828_02_T1_QA_PIXEL.TIF", "QA_PIXEL"),
    ],
)  # fmt: skip
def test_early_landsats_count_their_bands_their_own_way(name: str, band: str | None) -> None:
    assert (band_of(name) or None) == band


@pytest.mark.parametrize("mask", ["auto", "scl", "none"])
def test_mask_layers_that_would_not_be_used_are_refused(mask: str) -> None:
    scenes = (SceneSource("a.tif"),)
    with pytest.raises(BadInput, match="choose 'layer'"):
        classify_job(scenes, "m", "map.tif", mask=mask, mask_layers=scenes)
    with pytest.raises(BadInput, match="needs mask layers"):
        classify_job(scenes, "m", "map.tif", mask="layer")
    with pytest.raises(BadInput, match="choose 'layer'"):
        Series(scenes, mask=mask, mask_layers=scenes)
