"""Cloud masks against what the package s2cloudless 1.7.3 itself gives for the same pixels (package_output.npz)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.operations.cloud_masks import detector, job
from crop_classifier_plugin.shared.errors import BadInput, CloudsMissing
from crop_classifier_plugin.shared.jobs.cloud_masks import CloudMasksJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

pytest.importorskip("lightgbm", reason="cloud masks are installed on request")
DAYS = ("20190421", "20190511")
NAME = "S2A_MSIL1C_{}T105031_N0207_R051_T31UFS_{}T130000"


@pytest.fixture(scope="module")
def package() -> dict[str, np.ndarray]:
    with np.load(Path(__file__).with_name("package_output.npz")) as file:
        return {name: file[name] for name in file.files}


def write(folder: Path, numbers: np.ndarray, day: str = DAYS[0], name: str = NAME, **profile: Any) -> Path:
    settings = {"names": detector.BANDS, "nodata": 0, "pixel": 60.0, "scale": 1e-4} | profile
    return write_raster(folder / f"{name.format(day, day)}.tif", numbers, **settings)


def made(folder: Path, reporter: Silent | None = None, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    """(T, H, W) masks and probabilities in percent."""
    paths = [str(folder / f"{name}.tif") for name in ("mask", "probability")]
    series = Series((SceneSource(str(folder / "in")),))
    job.cloud_masks(CloudMasksJob(series, *paths, **settings), reporter or Silent())
    with rasterio.open(paths[0]) as mask, rasterio.open(paths[1]) as probability:
        assert mask.descriptions[0] == f"cloud {DAYS[0][:4]}-{DAYS[0][4:6]}-{DAYS[0][6:]}"
        return mask.read(), probability.read()


def test_masks_are_the_packages_own(tmp_path: Path, package: dict[str, np.ndarray]) -> None:
    reporter = Silent()
    write(tmp_path / "in", package["numbers"])
    mask, probability = made(tmp_path, reporter)
    np.testing.assert_array_equal(mask[0], package["mask"])
    np.testing.assert_allclose(probability[0], 100 * package["probability"], atol=0.5001)
    assert any(f"{package['mask'].mean():.0%} cloud" in text for _, text in reporter.lines)
    direct = detector.CloudDetector().probability(package["numbers"] / np.float32(10_000))
    np.testing.assert_allclose(direct, package["probability"], atol=1e-6)


def test_windows_give_what_the_whole_gives(
    tmp_path: Path, package: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in", package["numbers"])
    monkeypatch.setattr(job, "windows", lambda grid, planes: list(grid.blocks(7)))
    np.testing.assert_array_equal(made(tmp_path)[0][0], package["mask"])


def test_no_data_stays_so_and_is_no_cloud_to_its_neighbours(tmp_path: Path, package: dict[str, np.ndarray]) -> None:
    numbers = package["numbers"].copy()
    numbers[3, :5] = 0
    write(tmp_path / "in", numbers)
    mask, probability = made(tmp_path)
    assert (mask[0, :5] == 255).all()
    assert (probability[0, :5] == 255).all()
    np.testing.assert_array_equal(mask[0, 7:], package["mask"][7:])


def test_pixels_are_those_of_the_resolution_asked_for(tmp_path: Path, package: dict[str, np.ndarray]) -> None:
    numbers = package["numbers"].repeat(6, axis=1).repeat(6, axis=2)
    write(tmp_path / "in", numbers, pixel=10.0)
    mask, _ = made(tmp_path)
    assert mask.shape[1:] == package["mask"].shape
    assert (mask[0] == package["mask"]).mean() > 0.8  # bilinear: neighbours are mixed in
    assert made(tmp_path, resolution=10.0)[0].shape[1:] == numbers.shape[1:]


def test_a_mask_serves_as_the_mask_layer_of_a_series(tmp_path: Path, package: dict[str, np.ndarray]) -> None:
    for day in DAYS:
        write(tmp_path / "in", package["numbers"], day)
        write_raster(tmp_path / "s" / f"S2_{day}.tif", np.full((1, 24, 31), 900, np.uint16), names=("B04",), pixel=60.0)
    mask, _ = made(tmp_path)
    assert len(mask) == 2
    series = Series(
        (SceneSource(str(tmp_path / "s")),), mask="layer", mask_layers=(SceneSource(str(tmp_path / "mask.tif")),)
    )
    with open_series(series, Silent()) as stack:
        cube = stack.read(Window(0, 0, 24, 31))[:, 0]
    np.testing.assert_array_equal(np.isnan(cube), np.stack([package["mask"]] * 2) > 0)


def test_what_it_cannot_work_on_is_refused(tmp_path: Path, package: dict[str, np.ndarray]) -> None:
    names = tuple(band for band in detector.BANDS if band != "B10")
    write(tmp_path / "a" / "in", np.delete(package["numbers"], 7, axis=0), names=names)
    with pytest.raises(BadInput, match=r"no scene has B10: give L1C \(L2A has no B10\)"):
        made(tmp_path / "a")
    write(tmp_path / "b" / "in", package["numbers"], name=NAME.replace("L1C", "L2A"))
    with pytest.raises(BadInput, match="L2A has no B10"):
        made(tmp_path / "b")
    with pytest.raises(BadInput, match="no probability"):
        made(tmp_path / "b", threshold=1.5)


def test_packages_that_are_not_installed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(CloudsMissing, match=r"lacks lightgbm.*requirements-clouds\.txt"):
        made(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(detector, "_TREES", "s2cloudless/models/gone.txt")
    with pytest.raises(CloudsMissing, match="lacks s2cloudless"):
        made(tmp_path)
