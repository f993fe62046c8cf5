"""Coarse images brought to a fine grid cubically, as the cubic convolution of Keys (1981, a = -1/2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.fusion.image_pairs import Images, fine_grid, read_images
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

COARSE, STEP = 14, 8  # px; fine pixels a coarse one


def keys(distance: np.ndarray) -> np.ndarray:
    d = np.abs(distance)
    near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.where(d < 1, near, np.where(d < 2, far, 0))


def cubic(values: np.ndarray) -> np.ndarray:
    """The slow way: every fine pixel from the whole coarse image, away from its edges."""
    centres = (np.arange(COARSE * STEP) + 0.5) / STEP - 0.5
    weights = keys(centres[:, None] - np.arange(COARSE)[None])
    return weights @ values @ weights.T


def opened(folder: Path, values: np.ndarray, masked: np.ndarray | None = None, **options: bool) -> Images:
    folder.mkdir(parents=True, exist_ok=True)
    fine = np.zeros((1, COARSE * STEP, COARSE * STEP), np.float32)
    write_raster(folder / "fine_20240501.tif", fine, names=("NDVI",))
    coarse = write_raster(folder / "c" / "coarse_20240501.tif", values[None].astype(np.float32), names=("NDVI",),
                          pixel=10.0 * STEP, nodata=np.nan)  # fmt: skip
    if masked is not None:
        write_raster(folder / "c" / "mask_20240501_pixel_reliability.tif", masked[None], pixel=10.0 * STEP)
    sharp, blurred = (
        list(read_images({"image": Series((SceneSource(str(p)),))}, "NDVI", Silent())["image"].values())
        for p in (folder / "fine_20240501.tif", coarse.parent)
    )
    return Images(blurred, "NDVI", fine_grid(sharp, blurred, "NDVI", None), Silent(), **options)


def whole(images: Images) -> np.ndarray:
    with images:
        return images.read(Window(0, 0, COARSE * STEP, COARSE * STEP))[0]


@pytest.mark.parametrize("masked", [False, True])
def test_cubic_is_keys_convolution(tmp_path: Path, masked: bool) -> None:
    """With a mask a scene is masked on its own grid first: another road to the same values."""
    values = np.random.default_rng(3).uniform(-0.2, 0.9, (COARSE, COARSE)).astype(np.float32)
    mask = np.zeros((COARSE, COARSE), np.int8) if masked else None
    inner = (slice(2 * STEP, -2 * STEP),) * 2
    found = whole(opened(tmp_path, values, mask, cubic=True))
    np.testing.assert_allclose(found[inner], cubic(values.astype(float))[inner], atol=2e-6)
    straight = whole(opened(tmp_path, values, mask))
    assert np.abs(straight - found)[inner].max() > 0.01
    assert straight.max() <= values.max() + 1e-6


@pytest.mark.parametrize("masked", [False, True])
def test_cubic_in_pieces_equals_the_whole(tmp_path: Path, masked: bool) -> None:
    values = np.random.default_rng(5).uniform(-0.2, 0.9, (COARSE, COARSE)).astype(np.float32)
    values[6, 7] = np.nan
    mask = np.zeros((COARSE, COARSE), np.int8) if masked else None
    once = whole(opened(tmp_path, values, mask, cubic=True))
    with opened(tmp_path, values, mask, cubic=True) as images:
        parts = [images.read(Window(r, c, 28, 28))[0] for r in range(0, 112, 28) for c in range(0, 112, 28)]
    pieces = np.block([[parts[4 * i + j] for j in range(4)] for i in range(4)])
    np.testing.assert_allclose(pieces, once, atol=1e-5)


def test_a_clouded_pixel_is_not_blended_in(tmp_path: Path) -> None:
    """Whatever the cloud's value: nothing changes."""
    values = np.random.default_rng(7).uniform(0.2, 0.8, (COARSE, COARSE)).astype(np.float32)
    mask = np.zeros((COARSE, COARSE), np.int8)
    mask[5:7, 6] = 3
    seen = []
    for cloud in (-0.2, 1.0):
        values[5:7, 6] = cloud
        seen.append(whole(opened(tmp_path / str(cloud), values, mask, cubic=True)))
    np.testing.assert_array_equal(*seen)
    assert np.isnan(seen[0]).any()
    assert np.nanmin(seen[0]) > 0
