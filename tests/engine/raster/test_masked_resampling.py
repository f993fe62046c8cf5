"""Resampling in pieces gives what resampling the whole gives, in another coordinate system too."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.masked_resampling import resample, source_window, warp

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


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([10, 15, 20, 30, 60]),
    st.sampled_from([0, 5, 10, 3.7]),
    st.sampled_from([0, 0.1, 0.6]),
    st.booleans(),
)
def test_finer_pixels_are_those_of_gdals_warper(seed: int, pixel: float, shift: float, gaps: float, south_up: bool):
    """Beside gaps and at the edges too, where a pixel has a value only if its middle lies in a pixel that has one."""
    rng = np.random.default_rng(seed)
    crs, shape = CRS.from_epsg(32631), (int(rng.integers(1, 4)), 14, 17)
    step = pixel if south_up else -pixel
    source = Grid(crs, Affine(pixel, 0, 6e5, 0, step, 5e6 - 14 * pixel if south_up else 5e6), *shape[1:])
    target = Grid(crs, Affine(10, 0, 6e5 - 30 + shift, 0, -10, 5e6 + 50 - shift), 60, 70)
    values = rng.uniform(0, 1000, shape).astype(np.float32)
    values[:, rng.random(shape[1:]) < gaps] = np.nan
    if seed % 3 == 0:
        values[0, 3, 4] = np.nan  # in one band only: GDAL's own way
    found, expected = resample(values, source, target), warp(values, source, target)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=3e-7)
