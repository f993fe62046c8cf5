"""Laws of the 3 x 3 neighbourhood features."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.raster.neighbourhood import COUNT, OFFSETS, neighbours

CENTRE = OFFSETS.index((0, 0))


@st.composite
def cubes(draw):
    shape = tuple(draw(st.integers(1, 4)) for _ in range(4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cube = rng.normal(size=shape).astype(np.float32)
    cube[rng.random(shape) < draw(st.sampled_from([0, 0.3, 1]))] = np.nan
    return cube


@given(cubes())
def test_each_feature_is_the_value_at_its_offset_or_stands_in_for_it(cube):
    """Pixel by pixel, as the docstring says it."""
    dates, bands, high, wide = cube.shape
    found = neighbours(cube).reshape(COUNT, dates, bands, high, wide)
    for (n, (down, right)), t, c in ((pair, t, c) for pair in enumerate(OFFSETS) for t, c in np.ndindex(dates, bands)):
        for row, col in np.ndindex(high, wide):
            centre = cube[t, c, row, col]
            near = cube[t, c, min(max(row + down, 0), high - 1), min(max(col + right, 0), wide - 1)]
            expected = centre if np.isnan(centre) or np.isnan(near) else near
            np.testing.assert_equal(found[n, t, c, row, col], expected)


@given(cubes())
def test_a_pixel_has_features_exactly_where_it_has_data(cube):
    found = neighbours(cube).reshape(COUNT, *cube.shape)
    assert (np.isnan(found) == np.isnan(cube)).all()
    np.testing.assert_equal(found[CENTRE], cube)


def test_the_input_is_left_alone_and_the_result_is_float32():
    cube = np.full((1, 1, 3, 3), np.nan, np.float32)
    cube[0, 0, 1, 1] = 7
    kept = cube.copy()
    found = neighbours(cube)
    np.testing.assert_equal(cube, kept)
    assert found.dtype == np.float32
    assert found.shape == (9, 3, 3)
    assert (found[:, 1, 1] == 7).all()  # eight empty neighbours take the centre's value


def test_without_gaps_the_features_are_numpys_windows_of_the_image_with_repeated_edges():
    cube = np.random.default_rng(1).normal(size=(2, 3, 5, 4)).astype(np.float32)
    padded = np.pad(cube, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))  # (T,C,H,W,3,3)
    found = neighbours(cube).reshape(COUNT, *cube.shape)
    for n, (down, right) in enumerate(OFFSETS):
        np.testing.assert_array_equal(found[n], windows[..., 1 + down, 1 + right])
