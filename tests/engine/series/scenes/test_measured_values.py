"""Fill that no header declares is no data, as if the header did; and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.backscatter import in_decibel
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.operations.composite.job import composite
from crop_classifier_plugin.shared.errors import UnitUnclear
from crop_classifier_plugin.shared.jobs.series import CompositeJob
from crop_classifier_plugin.shared.jobs.sources import BandNoData, SceneSource, Series
from kits.rasters import BANDS, write_raster, write_season
from kits.stacks import need, open_model_series

TOLD = "cannot be measured"
FILLS = [("int16", -9999), ("int16", -32768), ("int16", 32767), ("uint16", 65535), ("float32", -9999.0),
         ("float32", -3.4028234663852886e38), ("float32", -3.4e38), ("float32", 65535.0)]  # fmt: skip
FEW = (Phase.explicit, Phase.reuse, Phase.generate)  # rasters are slow to shrink
DAYS = ("20190421", "20190511", "20190601")


def write(folder: Path, arrays: list[np.ndarray], prefix: str = "S2", **profile: object) -> Path:
    for day, array in zip(DAYS, arrays):
        write_raster(folder / f"{prefix}_{day}.tif", array, **profile)  # type: ignore[arg-type]
    return folder


def read(folder: Path, window: Window | None = None) -> tuple[np.ndarray, list[str]]:
    """(T, C, H, W) and the warnings about fill."""
    reporter = Silent()
    with open_series(Series((SceneSource(str(folder)),)), reporter) as stack:
        cube = stack.read(window or Window(0, 0, stack.grid.height, stack.grid.width))
    return cube, [text for level, text in reporter.lines if level == "warning" and TOLD in text]


@pytest.mark.parametrize(("dtype", "fill"), FILLS)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.02, 0.9), coarse=st.booleans())
@settings(max_examples=6, deadline=None, phases=FEW)
def test_undeclared_fill_is_read_as_declared_fill(
    dtype: str, fill: float, seed: int, share: float, coarse: bool
) -> None:
    """On the file's own grid and on another, where a fill beside a pixel would be blended in; told, with its share."""
    rng = np.random.default_rng(seed)
    arrays = [rng.integers(100, 6000, (2, 12, 14)).astype(dtype) for _ in DAYS]
    filled = rng.random((2, 12, 14)) < share
    arrays[0][filled] = fill
    names = ("B11", "B12") if coarse else ("B04", "B08")
    with TemporaryDirectory() as temporary:
        for kind, nodata in (("declared", fill), ("not", None)):
            folder = write(Path(temporary) / kind, arrays, names=names, nodata=nodata, pixel=20.0 if coarse else 10.0)
            if coarse:
                fine = np.full((1, 24, 28), 900, np.uint16)
                write(folder, [fine] * 3, "S2_fine", names=("B02",), nodata=0)
        expected, silent = read(Path(temporary) / "declared")
        found, told = read(Path(temporary) / "not")
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert not silent
    assert len(told) == int(filled.any())
    if told:
        assert f"S2_{DAYS[0]}.tif" in told[0]
        assert f"{fill:.6g}" in told[0]
        assert "% of the pixels looked at" in told[0]


def test_no_data_of_one_band_is_not_blended_into_it(tmp_path: Path) -> None:
    """GDAL warps a file's bands together, and takes no data for a value where another band has one."""
    array = np.full((2, 12, 14), 3000, np.int16)
    array[0, 4:8, 4:8] = -9999
    for kind, nodata in (("declared", -9999), ("not", None)):
        folder = write(tmp_path / kind, [array], names=("B11", "B12"), nodata=nodata, pixel=20.0)
        write(folder, [np.full((1, 24, 28), 900, np.uint16)], "S2_fine", names=("B02",), nodata=0)
        found = read(folder)[0][0]
        assert np.nanmin(found[1]) == 3000
        assert np.isnan(found[1]).sum() == 64
        assert (found[2] == 3000).all()


@given(seed=st.integers(0, 2**32 - 1), low=st.integers(-4999, 0), scaled=st.booleans())
@settings(max_examples=15, deadline=None, phases=FEW)
def test_small_negative_and_bright_reflectance_is_measured(seed: int, low: int, scaled: bool) -> None:
    rng = np.random.default_rng(seed)
    array = rng.integers(300, 4000, (1, 9, 9)).astype(np.int16)
    array[0, 0] = rng.integers(low, 20_000, 9)
    array[array == 0] = 1
    with TemporaryDirectory() as temporary:
        folder = write(Path(temporary), [array], names=("B04",), scale=1e-4 if scaled else None)
        found, told = read(folder)
    np.testing.assert_allclose(found[0], array, rtol=1e-5, atol=1e-2)
    assert not told


@pytest.mark.parametrize("decibel", [False, True])
@given(seed=st.integers(0, 2**32 - 1), columns=st.integers(0, 11))
@settings(max_examples=8, deadline=None, phases=FEW)
def test_radar_borders_of_zero_are_no_data(decibel: bool, seed: int, columns: int) -> None:
    """However much of a scene they are, the unit is judged by what was measured."""
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(0.01, 0.3, (2, 12, 12)).astype(np.float32) for _ in DAYS[:2]]
    arrays = [(10 * np.log10(a)).astype(np.float32) if decibel else a for a in arrays]
    wanted = np.stack(arrays)
    wanted[0, :, :, :columns] = np.nan
    arrays[0][:, :, :columns] = 0
    with TemporaryDirectory() as temporary:
        folder = write(Path(temporary), arrays, "S1A_IW", names=("VV", "VH"))
        found, told = read(folder)
        with open_series(Series((SceneSource(str(folder)),)), Silent()) as stack:
            assert in_decibel(stack, Silent()) is decibel
    np.testing.assert_array_equal(found, wanted)
    assert len(told) == int(columns > 0)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, 1e35, -1.7e30])
def test_infinite_and_huge_numbers_are_told(bad: float, tmp_path: Path) -> None:
    array = np.full((1, 6, 6), 900, np.float32)
    array[0, 0, 0] = bad
    found, told = read(write(tmp_path, [array], names=("B04",)))
    assert np.isnan(found).sum() == 1
    assert len(told) == 1


def test_fill_that_the_samples_miss_is_told_when_it_is_read(tmp_path: Path) -> None:
    array = np.full((1, 900, 900), 900, np.uint16)
    array[0, 70:75, 70:75] = 65535
    found, told = read(write(tmp_path, [array], names=("B04",)))
    assert np.isnan(found).sum() == 25
    assert len(told) == 1


def test_many_files_are_one_sentence_cut_after_ten(tmp_path: Path) -> None:
    array = np.full((1, 6, 6), 900, np.int16)
    array[0, 0] = -9999
    for day in range(10, 25):
        write_raster(tmp_path / f"S2_201904{day}.tif", array, names=("B04",))
    told = read(tmp_path)[1]
    assert len(told) == 1
    assert told[0].count("-9999") == 10
    assert "and 5 more" in told[0]


def test_mean_of_two_scenes_leaves_the_fill_out(tmp_path: Path) -> None:
    first, second = (np.stack([np.full((40, 40), v + k) for v in (500, 3000)]).astype(np.int16) for k in (0, 100))
    first[:, :10] = -9999
    write(tmp_path / "s", [first, second], names=("B04", "B08"))
    stack = str(tmp_path / "c.tif")
    series = Series((SceneSource(str(tmp_path / "s")),))
    composite(CompositeJob(series, stack=stack, method="mean", period="days", days=60), Silent())
    made = read(tmp_path / "c.tif")[0][0]
    (row, _) = json.loads((tmp_path / "c.run.json").read_text())["not_measured"]
    assert row == {"file": str(tmp_path / "s" / f"S2_{DAYS[0]}.tif"), "band": "B04", "numbers": [-9999], "share": 0.25}
    np.testing.assert_array_equal(made[:, 0, 0], [600, 3100])
    np.testing.assert_array_equal(made[:, 20, 0], [550, 3050])


def test_one_scene_of_bright_pixels_is_left_out_and_most_stop_the_job(tmp_path: Path) -> None:
    """What a mask leaves of a clouded scene may be cloud alone."""
    arrays = [np.full((1, 20, 20), v, np.uint16) for v in (900, 1000, 20_000)]
    write(tmp_path / "s", arrays, names=("B04",), nodata=0)
    reporter = Silent()
    with open_series(Series((SceneSource(str(tmp_path / "s")),)), reporter) as stack:
        assert [day.isoformat() for day in stack.dates] == ["2019-04-21", "2019-05-11"]
        assert np.isfinite(stack.read(Window(0, 0, 20, 20))).all()
    told = [text for level, text in reporter.lines if level == "warning" and "Left out" in text]
    assert len(told) == 1
    assert "2019-06-01 (around 2e+04, too large)" in told[0]
    write(tmp_path / "most", [arrays[0], arrays[2], arrays[2]], names=("B04",), nodata=0)
    with pytest.raises(UnitUnclear, match=r"20190511.*too large"):
        open_series(Series((SceneSource(str(tmp_path / "most")),)), Silent())


@pytest.mark.parametrize("coarse", [False, True])
def test_no_data_of_a_layer_is_used_as_the_user_set_it(coarse: bool, tmp_path: Path) -> None:
    """What QGIS adds is no data without a word; the file's own, switched off, is a value like any other."""
    array = np.full((2, 12, 14), 3000, np.int16)
    array[:, :3], array[:, 9:] = 77, 0
    names = ("B11", "B12")
    write(tmp_path, [array], names=names, nodata=0, pixel=20.0 if coarse else 10.0)
    shown = (BandNoData(1, more=((70.0, 80.0), (5000.0, 1e300))), BandNoData(2, of_file=False))
    source = SceneSource(str(tmp_path / f"S2_{DAYS[0]}.tif"), no_data=shown)
    sources = [source]
    if coarse:
        fine = write(tmp_path / "fine", [np.full((1, 24, 28), 900, np.uint16)], names=("B02",), nodata=0)
        sources.append(SceneSource(str(fine)))
    reporter = Silent()
    with open_series(Series(tuple(sources)), reporter) as stack:
        cube = stack.read(Window(0, 0, stack.grid.height, stack.grid.width))[0][-2:]
    step = 2 if coarse else 1
    rows = np.arange(12).repeat(step)
    assert (np.isnan(cube[0]).all(axis=1) == ((rows < 3) | (rows >= 9))).all()
    assert not np.isnan(cube[1]).any()
    assert cube[1].min() == 0
    assert np.isnan(cube[0]).any(axis=1).sum() == 6 * step
    assert not [text for level, text in reporter.lines if TOLD in text]


def test_a_model_takes_the_next_scene_of_a_window_whose_clearest_is_all_cloud(tmp_path: Path) -> None:
    """The scene that its mask missed is the clearest: it is left out, named, and the dates are chosen anew."""
    season = write_season(tmp_path / "s")
    array = np.full((6, 50, 70), 20_000, np.uint16)
    write_raster(tmp_path / "s" / "S2_20240622.tif", array, names=BANDS, nodata=0)
    with rasterio.open(season[1], "r+") as file:
        some = file.read()
        some[:, :20] = 0
        file.write(some)
    reporter = Silent()
    with open_model_series([SceneSource(str(tmp_path / "s"))], need(), reporter) as series:
        assert [str(day) for day in series.dates] == ["2024-04-25", "2024-06-20", "2024-08-15"]
    told = [text for level, text in reporter.lines if level == "warning" and "Left out" in text]
    assert len(told) == 1
    assert "2024-06-22 (around 2e+04, too large)" in told[0]
    assert reporter.noted["left_out"] == [{"date": "2024-06-22", "reason": "around 2e+04, too large"}]
