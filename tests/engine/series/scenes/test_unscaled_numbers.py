"""Landsat's numbers of Collection 2 without their scale, and pictures of 8 bits, are no reflectance x 10000."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.shared.errors import UnitUnclear
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

NAMES = ("SR_B4", "SR_B5", "SR_B6")
REFLECTANCE = np.random.default_rng(3).uniform(0.02, 0.35, (3, 24, 24))


def series(place: Path, name: str, array: np.ndarray, days: int = 2) -> Series:
    for day in range(days):
        write_raster(place / f"{name}_2019-05-{10 + day}.tif", array, names=NAMES)
    return Series((SceneSource(str(place)),))


@pytest.mark.parametrize("name", ["field", "Landsat8", "LC08_199024"])
def test_they_are_refused_with_their_scale(tmp_path: Path, name: str) -> None:
    numbers = np.rint((REFLECTANCE + 0.2) / 2.75e-5).astype(np.uint16)
    with pytest.raises(UnitUnclear, match=r"0\.0000275 - 0\.2.*gdal_edit\.py"):
        open_series(series(tmp_path, name, numbers), Silent())


def test_reflectance_x_10000_under_the_same_names_is_read(tmp_path: Path) -> None:
    numbers = np.rint(REFLECTANCE * 10_000).astype(np.int16)
    with open_series(series(tmp_path, "field", numbers), Silent()) as stack:
        np.testing.assert_array_equal(stack.read(Window(0, 0, 24, 24))[0], numbers)


def test_one_scene_of_bright_clouds_does_not_stop_a_series(tmp_path: Path) -> None:
    numbers = np.rint(REFLECTANCE * 10_000).astype(np.int16)
    write_raster(tmp_path / "field_2019-06-01.tif", np.full_like(numbers, 9000), names=NAMES)
    reporter = Silent()
    with open_series(series(tmp_path, "field", numbers), reporter) as stack:
        assert len(stack.dates) == 2
    assert [
        line for level, line in reporter.lines if level == "warning" and "2019-06-01" in line and "Left out" in line
    ]


def test_a_picture_of_8_bits_is_no_reflectance(tmp_path: Path) -> None:
    picture = np.rint(REFLECTANCE * 255).astype(np.uint8)
    with pytest.raises(UnitUnclear, match="like a picture of 8 bits"):
        open_series(series(tmp_path / "raw", "field", picture), Silent())
    write_raster(tmp_path / "told" / "field_2019-05-10.tif", picture, names=NAMES, scale=1 / 255)
    with open_series(Series((SceneSource(str(tmp_path / "told")),)), Silent()) as stack:
        found = stack.read(Window(0, 0, 24, 24))[0] / stack.spec.scale
    np.testing.assert_allclose(found, picture / 255, rtol=1e-5)
