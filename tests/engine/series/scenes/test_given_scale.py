"""Whoever follows the advice of a sentence about units, to the letter, has his next run succeed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.shared.errors import (
    BadInput,
    CropClassifierError,
    IndexOutOfRange,
    OffsetMissing,
    UnitUnclear,
)
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

BANDS = ("B04", "B08")
_EDIT = re.compile(r"gdal_edit\.py ([^)]+)\)")


def edit(path: Path, flags: str) -> None:
    """What gdal_edit.py does to all bands of a file, by these of its flags."""
    words = flags.split()
    with rasterio.open(path, "r+") as file:
        for flag, value in zip(words[::2], words[1::2]):
            if flag == "-units":
                file.units = (value,) * file.count
            elif flag == "-scale":
                file.scales = (float(value),) * file.count
            elif flag == "-offset":
                file.offsets = (float(value),) * file.count
            else:
                assert flag == "-a_nodata"
                file.nodata = float(value)


def read(folder: Path, scale: float = 0.0) -> tuple[np.ndarray, Silent]:
    """(C, H, W) reflectance 0-1, or the index, of the one date."""
    reporter = Silent()
    with open_series(Series((SceneSource(str(folder)),), scale=scale), reporter) as stack:
        return stack.read(Window(0, 0, stack.grid.height, stack.grid.width))[0] / stack.spec.scale, reporter


def write(folder: Path, numbers: np.ndarray, name: str = "RT_T31UFS_20190421", **profile: object) -> Path:
    return write_raster(folder / f"{name}.tif", numbers, **({"names": BANDS} | profile))  # type: ignore[arg-type]


def refusal(folder: Path, error: type[CropClassifierError]) -> str:
    with pytest.raises(error) as caught:
        read(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("factor", "dtype", "scale"),
    [(1, "float32", None), (1, "float32", 1.0), (1, "float32", 10_000.0), (100, "float32", None), (100, "uint8", 1.5),
     (10_000, "uint16", 0.01)],
)  # fmt: skip
def test_following_the_advice_about_units_gives_reflectance(
    factor: float, dtype: str, scale: float | None, tmp_path: Path
) -> None:
    """Decimals without a scale, with the scale 1, with the inverse of the right scale; percent; a wrong scale."""
    wanted = np.stack([np.full((20, 20), v, np.float32) for v in (0.05, 0.3)])
    wanted[1, :10] = 0.4
    path = write(
        tmp_path, np.rint(wanted * factor).astype(dtype) if dtype != "float32" else wanted * factor, scale=scale
    )
    sentence = refusal(tmp_path, UnitUnclear)
    given = re.search(r"--scale ([\d.e-]+)", sentence)
    assert given, sentence
    found, reporter = read(tmp_path, float(given[1]))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    assert any("as given" in text for _, text in reporter.lines)
    assert any("In place of their own scale" in text for _, text in reporter.lines) == (scale not in (None, 1.0))
    edit(path, _EDIT.search(sentence)[1])  # type: ignore[index]
    np.testing.assert_allclose(read(tmp_path)[0], wanted, rtol=1e-5)


def test_numbers_of_no_usual_unit_are_taken_with_a_scale(tmp_path: Path) -> None:
    numbers = np.stack([np.full((20, 20), v, np.uint16) for v in (20_000, 60_000)])
    write(tmp_path, numbers)
    assert "(--scale, Scale in QGIS)" in refusal(tmp_path, UnitUnclear)
    np.testing.assert_allclose(read(tmp_path, 1e-5)[0], numbers * 1e-5, rtol=1e-5)


def test_unknown_fill_that_covers_most_is_declared_as_advised(tmp_path: Path) -> None:
    numbers = np.full((2, 20, 20), -3000, np.int16)
    numbers[:, :5] = 900
    path = write(tmp_path, numbers)
    sentence = refusal(tmp_path, UnitUnclear)
    assert "around -3000, negative" in sentence
    assert "gdal_edit.py -a_nodata" in sentence
    edit(path, "-a_nodata -3000")
    found = read(tmp_path)[0]
    assert np.isnan(found[:, 5:]).all()
    np.testing.assert_allclose(found[:, :5], 0.09, rtol=1e-5)


def test_the_advice_about_offsets_works(tmp_path: Path) -> None:
    numbers = np.full((2, 20, 20), 1500, np.uint16)
    path = write(tmp_path, numbers, "S2A_MSIL2A_20230421T105031_N0509_R051_T31UFS_20230421T152255")
    edit(path, _EDIT.search(refusal(tmp_path, OffsetMissing))[1])  # type: ignore[index]
    np.testing.assert_allclose(read(tmp_path)[0], 0.05, rtol=1e-4)


def test_the_advice_about_indices_works(tmp_path: Path) -> None:
    path = write(tmp_path, np.full((1, 20, 20), 7000, np.int16), "NDVI_20190421", names=("NDVI",))
    sentence = refusal(tmp_path, IndexOutOfRange)
    assert "--scale" in sentence
    np.testing.assert_allclose(read(tmp_path, 1e-4)[0], 0.7, rtol=1e-5)
    edit(path, "-scale 0.0001")
    np.testing.assert_allclose(read(tmp_path)[0], 0.7, rtol=1e-5)


def test_a_scale_leaves_radar_masks_and_offsets_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "s", np.full((3, 20, 20), 1500, np.uint16), names=("B04", "B08", "SCL"))
    edit(path, "-offset -0.1")
    with rasterio.open(path, "r+") as file:
        file.write(np.full((20, 20), 4, np.uint16), 3)
    np.testing.assert_allclose(read(tmp_path / "s", 1e-4)[0], 0.05, rtol=1e-4)
    write(tmp_path / "r", np.full((2, 20, 20), 0.05, np.float32), "S1A_IW_20190421", names=("VV", "VH"))
    np.testing.assert_allclose(read(tmp_path / "r", 1e-4)[0], 0.05, rtol=1e-6)


@pytest.mark.parametrize("scale", [-1.0, float("nan"), float("inf")])
def test_a_scale_that_cannot_be_meant_is_refused(scale: float) -> None:
    with pytest.raises(BadInput, match="negative or no number"):
        Series((SceneSource("x.tif"),), scale=scale)
