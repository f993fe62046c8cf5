"""Resampling in pieces gives what resampling the whole gives, in another coordinate system too."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.masked_resampling import resample, source_window

PLACES = {
    "same system, 20 m": (CRS.from_epsg(32631), Affine(20, 0, 499000, 0, -20, 5651000)),
    "web mercator, 32 m": (CRS.from_epsg(3857), Affine(32, 0, 333000, 0, -32, 6623000)),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_pixel_does_not_depend_on_its_window(place: str) -> None:
    source = Grid(*PLACES[place], 200, 200)
    target = Grid(CRS.from_epsg(32631), Affine(10, 0, 500000, 0, -10, 5650000), 120, 160)
    values = np.random.default_rng(1).uniform(0, 1000, (2, 200, 200)).astype(np.float32)

    def piece(window: Window) -> np.ndarray:
        part = source_window(target.sub(window), source)
        assert part is not None
        rows, cols = part.slices
        return resample(values[:, rows, cols], source.sub(part), target.sub(window))

    whole = piece(Window(0, 0, 120, 160))
    assert np.isfinite(whole).all()
    halves = np.concatenate([piece(Window(0, 0, 120, 70)), piece(Window(0, 70, 120, 90))], axis=2)
    np.testing.assert_allclose(halves, whole, atol=0.01)
