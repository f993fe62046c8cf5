"""North-up, one rule for scenes, maps, references and labels: a hundredth of a pixel over the raster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.diagnosis.job import diagnose
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import upright
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits import diagnosis
from kits.rasters import write_raster

SIZE = 40
sizes = st.integers(1, 20_000)


@given(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02), sizes, sizes, st.sampled_from([10.0, -10.0]))
def test_a_turn_of_a_hundredth_of_a_pixel_is_rounding(x: float, y: float, height: int, width: int, down: float) -> None:
    """`x`, `y`: how far the raster's last row and column lie off, in pixels."""
    given = Affine(10, 10 * x / height, 500000, 10 * y / width, -down, 5600000)
    if max(abs(x), abs(y)) > 0.0101:
        with pytest.raises(BadInput, match=r"rotated .*gdalwarp"):
            upright("a.tif", given, height, width)
    elif max(abs(x), abs(y)) < 0.0099:
        found = upright("a.tif", given, height, width)
        assert found == Affine(10, 0, 500000, 0, -down, 5600000)
        corner, moved = found @ (width, height), given @ (width, height)
        assert max(abs(a - b) for a, b in zip(corner, moved, strict=True)) <= 0.1


def test_columns_that_run_against_the_coordinate_system_are_refused() -> None:
    """As GDAL gives a cube whose dimensions are time, x, y; windows of it would be read as empty."""
    with pytest.raises(BadInput, match=r"columns of a\.nc run against .*time, y, x"):
        upright("a.nc", Affine(-10, 0, 5600000, 0, -10, 500140), 14, 14)


def turned(angle: float) -> Affine:
    return Affine(10, angle, 500000, angle, -10, 5600000)


def crops() -> np.ndarray:
    values = np.ones((1, SIZE, SIZE), np.uint8)
    values[:, :, SIZE // 2 :] = 2
    return values


@pytest.mark.parametrize("which", ["map", "reference"])
def test_a_map_and_a_reference_that_rounding_turned_are_compared_as_they_stand(tmp_path: Path, which: str) -> None:
    paths = {
        name: write_raster(tmp_path / f"{name}.tif", crops(), nodata=0, transform=turned(1e-13 if name == which else 0))
        for name in ("map", "reference")
    }
    result, _ = diagnosis.run(tmp_path, str(paths["map"]), str(paths["reference"]))
    assert (result["oa"], result["pixels"]) == (1.0, SIZE * SIZE)
    really = write_raster(tmp_path / "turned.tif", crops(), nodata=0, transform=turned(1.0))
    job = diagnosis.job(tmp_path, str(paths["map"]), str(paths["reference"]))
    given = {
        "map": replace(job, class_map=str(really)),
        "reference": diagnosis.job(tmp_path, job.class_map, str(really)),
    }
    with pytest.raises(BadInput, match=r"turned\.tif is rotated .*gdalwarp"):
        diagnose(given[which], Silent())


def test_a_scene_that_rounding_turned_lies_on_the_grid_of_the_others(tmp_path: Path) -> None:
    for day, angle in (("20240425", 0.0), ("20240620", 1e-13)):
        write_raster(
            tmp_path / f"S2_{day}.tif", np.ones((1, SIZE, SIZE), np.uint16), names=("B04",), transform=turned(angle)
        )
    found = read_scenes([SceneSource(str(tmp_path))], Silent())
    assert len({ref.transform for scene in found for ref in scene.refs}) == 1
