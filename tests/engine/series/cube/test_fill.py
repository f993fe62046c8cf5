"""Holes of the chosen scene are filled from the other scenes of its window; where it is clear, nothing changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.reducers import first_clear
from crop_classifier_plugin.shared.cards.parts import DateSpec
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.seasons import JULY, JUNE, MAY, need, optical
from kits.stacks import open_model_series

DAYS = {
    MAY: ("2023-05-04", "2023-05-19", "2023-05-27"),
    JUNE: ("2023-06-11",),
    JULY: ("2023-07-03", "2023-07-28"),
}
SPEC = need(dates=DateSpec((MAY, JUNE, JULY)))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for day in (day for days in DAYS.values() for day in days):
        optical(tmp_path, day, clouds=0.4)
    return tmp_path


def read(place: Path, **options: bool) -> tuple[np.ndarray, tuple]:
    with open_model_series([SceneSource(str(place))], SPEC, Silent(), **options) as series:
        return series.read(Window(0, 0, 24, 30)), series.dates


def scene(place: Path, day: str) -> np.ndarray:
    """(2, 24, 30): NaN under cloud."""
    with rasterio.open(place / f"S2_{day.replace('-', '')}.tif") as file:
        values = file.read()
    return np.where(values[2] == 9, np.nan, values[:2]).astype(np.float32)


def test_each_pixel_comes_from_the_clearest_scene_that_shows_it(place: Path) -> None:
    found, dates = read(place, fill=True)
    plain, same = read(place)
    assert dates == same
    for values, chosen, (_, days) in zip(found, dates, DAYS.items()):
        cubes = {day: scene(place, day) for day in days}
        order = sorted(days, key=lambda day: (day != chosen.isoformat(), np.isnan(cubes[day][0]).mean(), day))
        expected = cubes[order[0]].copy()
        for day in order[1:]:
            hole = np.isnan(expected).any(axis=0)
            expected[:, hole] = cubes[day][:, hole]
        np.testing.assert_array_equal(values, expected)
    kept = ~np.isnan(plain)
    np.testing.assert_array_equal(found[kept], plain[kept])
    assert np.isnan(found).sum() < 0.6 * np.isnan(plain).sum()


def test_one_scene_a_window_changes_nothing(place: Path) -> None:
    for day in ("2023-05-04", "2023-05-19", "2023-07-03"):
        (place / f"S2_{day.replace('-', '')}.tif").unlink()
    np.testing.assert_array_equal(read(place, fill=True)[0], read(place)[0])


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(np.float32, (3, 2, 4, 5), elements=st.sampled_from([np.nan, 1.0, 2.0, 3.0])))
def test_the_first_clear_image_is_found_pixel_by_pixel(cube: np.ndarray) -> None:
    found = first_clear(cube)
    for row, col in np.ndindex(4, 5):
        whole = [t for t in range(3) if not np.isnan(cube[t, :, row, col]).any()]
        np.testing.assert_array_equal(found[:, row, col], cube[whole[0] if whole else 0, :, row, col])
