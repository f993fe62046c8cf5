"""Indices: the catalogue's formulas against formulas written by hand from the papers, and the job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.operations.indices.formulas import (
    RADAR_INDICES,
    compute,
    formula,
    needed,
)
from crop_classifier_plugin.engine.series.operations.indices.job import compute_indices
from crop_classifier_plugin.shared.choices import INDICES
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.series import IndexJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

BANDS = ("B02", "B03", "B04", "B05", "B08", "B11", "VV", "VH")
BY_HAND = {  # of blue, green, red, red edge, near infrared, short-wave infrared, VV, VH
    "NDVI": lambda b, g, r, e, n, s, vv, vh: (n - r) / (n + r),
    "EVI": lambda b, g, r, e, n, s, vv, vh: 2.5 * (n - r) / (n + 6 * r - 7.5 * b + 1),
    "EVI2": lambda b, g, r, e, n, s, vv, vh: 2.5 * (n - r) / (n + 2.4 * r + 1),
    "NDWI": lambda b, g, r, e, n, s, vv, vh: (g - n) / (g + n),
    "NDMI": lambda b, g, r, e, n, s, vv, vh: (n - s) / (n + s),
    "SAVI": lambda b, g, r, e, n, s, vv, vh: 1.5 * (n - r) / (n + r + 0.5),
    "NDRE": lambda b, g, r, e, n, s, vv, vh: (n - e) / (n + e),
    "LSWI": lambda b, g, r, e, n, s, vv, vh: (n - s) / (n + s),
    "RVI": lambda b, g, r, e, n, s, vv, vh: 4 * vh / (vv + vh),
    "VHVV": lambda b, g, r, e, n, s, vv, vh: vh / vv,
}


@pytest.mark.parametrize("name", INDICES)
def test_formula_is_the_papers(name: str) -> None:
    """Of surfaces darker in blue than in red, as land is: EVI has a pole where clouds are bright in blue."""
    cube = np.random.default_rng(0).uniform(0.01, 0.6, (3, len(BANDS), 4, 5)).astype(np.float32)
    cube[:, 0] = cube[:, 2] / 2
    cube[:, 4] = np.minimum(cube[:, 4], 2 * cube[:, 2] + 0.1)
    np.testing.assert_allclose(compute(name, cube, BANDS), BY_HAND[name](*cube.swapaxes(0, 1)), rtol=1e-4, atol=1e-6)


def test_no_data_and_division_by_zero_are_no_data() -> None:
    cube = np.array([[np.nan, 0.4], [0.0, 0.0], [0.2, 0.4]], np.float32).reshape(3, 2, 1, 1)
    made = compute("NDVI", cube, ("B04", "B8A"))[:, 0, 0]
    assert np.isnan(made[:2]).all()
    assert made[2] == pytest.approx(1 / 3)
    assert needed(("NDVI", "EVI")) == (("B08", "B8A"), ("B04",), ("B02",))


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    for day in ("20230501", "20230511", "20230521"):
        array = rng.integers(100, 4000, (4, 8, 9)).astype(np.uint16)
        array[3] = 9 if day == "20230511" else 4
        array[3, 0, 0] = 8
        write_raster(tmp_path / "s" / f"S2_{day}.tif", array, names=("B02", "B04", "B8A", "SCL"), nodata=0)
        radar = -rng.uniform(5, 20, (2, 8, 9)).astype(np.float32)
        write_raster(tmp_path / "r" / f"S1_{day}.tif", radar, names=("VV", "VH"))
    return tmp_path / "s"


def job(folder: Path, *indices: str, **changes: Any) -> IndexJob:
    return IndexJob(Series((SceneSource(str(folder)),)), str(folder.parent / "i.tif"), indices, **changes)


def test_series_of_indices_is_masked_named_and_a_series_again(scenes: Path) -> None:
    reporter = Silent()
    result = compute_indices(job(scenes, "NDVI", "EVI", valid_dates=str(scenes.parent / "n.tif")), reporter)
    with rasterio.open(scenes.parent / "i.tif") as file, rasterio.open(scenes.parent / "n.tif") as count:
        made, number = file.read(), count.read()
        assert file.descriptions[2:4] == ("NDVI 2023-05-21", "EVI 2023-05-01")
        assert np.isnan(file.nodata)
    raw = rasterio.open(scenes / "S2_20230501.tif").read().astype(float)
    expected = (raw[2] - raw[1]) / (raw[2] + raw[1])
    expected[0, 0] = np.nan
    np.testing.assert_allclose(made[0], expected, atol=1e-6)
    assert np.isnan(made[1]).all()
    assert number[0, 0, 0] == 0
    assert number[0, 1, 1] == 2
    assert result["indices"] == {"NDVI": formula("NDVI"), "EVI": formula("EVI")}
    assert any("Without a clear pixel: 2023-05-11" in text for _, text in reporter.lines)
    with open_series(Series((SceneSource(str(scenes.parent / "i.tif")),)), Silent()) as again:
        assert again.spec.bands == ("NDVI", "EVI")
        np.testing.assert_array_equal(again.read(Window(0, 0, 8, 9))[:, 0], made[:3])


def test_radar_in_decibel_is_taken_in_linear_power(scenes: Path) -> None:
    compute_indices(job(scenes.parent / "r", *RADAR_INDICES), Silent())
    vv, vh = 10 ** (rasterio.open(scenes.parent / "r" / "S1_20230501.tif").read().astype(float) / 10)
    with rasterio.open(scenes.parent / "i.tif") as file:
        np.testing.assert_allclose(file.read(1), 4 * vh / (vv + vh), rtol=1e-4)
        np.testing.assert_allclose(file.read(4), vh / vv, rtol=1e-4)


@pytest.mark.parametrize(
    ("indices", "says"),
    [
        (("NDMI",), "No scene has the band B11 (the series has B02, B04, B8A, SCL)"),
        (("NDVI", "RVI"), "RVI is made of radar and the others of light: compute them in two runs."),
        (("GREEN",), "The index 'GREEN' is unknown: choose among NDVI"),
        ((), "No index was named: choose among NDVI"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(scenes: Path, indices: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadInput) as caught:
        compute_indices(job(scenes, *indices), Silent())
    assert says in caught.value.sentence
    assert sorted(p.name for p in scenes.parent.iterdir()) == ["r", "s"]
