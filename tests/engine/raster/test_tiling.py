"""Laws of tiles: every pixel once, weights that sum to one, mirrored edges."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.raster.tiling import Tiling, reflected, strips
from crop_classifier_plugin.shared.errors import BadInput


@st.composite
def tilings(draw: st.DrawFn) -> Tiling:
    size = draw(st.integers(2, 64))
    overlap = draw(st.integers(0, size // 2))
    return Tiling(size, overlap, draw(st.integers(0, max(overlap - 1, 0) // 2)))


@given(tilings(), st.integers(1, 300))
def test_weights_of_all_tiles_sum_to_one_inside(tiling: Tiling, length: int) -> None:
    """Where two tiles meet their weights sum to 1; near the raster's ends one tile stands alone with a weight > 0."""
    starts = tiling.starts(length)
    total = np.zeros(length)
    tiles = np.zeros(length, int)
    for start in starts:
        inside = slice(max(start, 0), min(start + tiling.size, length))
        ramp = tiling.ramp()[inside.start - start : inside.stop - start]
        total[inside] += ramp
        tiles[inside] += ramp > 0
    assert (tiles >= 1).all()
    assert (total > 0).all()
    shared = tiles == 2
    np.testing.assert_allclose(total[shared], 1, atol=1e-6)
    assert tiles.max() <= 2


@given(tilings(), st.integers(1, 300))
def test_no_tile_is_superfluous(tiling: Tiling, length: int) -> None:
    starts = tiling.starts(length)
    assert starts[0] == -tiling.margin
    assert all(b - a == tiling.stride for a, b in pairwise(starts))
    if len(starts) > 1:
        assert starts[-2] + tiling.size - tiling.margin < length


@given(st.integers(-200, 200), st.integers(1, 80), st.integers(1, 90))
def test_reflection_equals_numpy_padding(start: int, size: int, length: int) -> None:
    pad = 300
    padded = np.pad(np.arange(length), pad, mode="reflect") if length > 1 else np.zeros(2 * pad + 1, int)
    expected = padded[start + pad : start + pad + size] if start + pad + size <= padded.size else None
    if expected is not None:
        np.testing.assert_array_equal(reflected(start, size, length), expected)


@given(st.integers(1, 30000), st.integers(1, 4096))
def test_strips_cover_each_column_once(width: int, limit: int) -> None:
    parts = strips(width, limit)
    assert parts[0][0] == 0
    assert parts[-1][1] == width
    assert all(a[1] == b[0] for a, b in pairwise(parts))
    assert all(0 < b - a <= limit for a, b in parts)


@pytest.mark.parametrize(("size", "overlap", "margin"), [(8, 5, 0), (8, -1, 0), (8, 4, 2), (8, 0, 1)])
def test_impossible_tilings_are_refused(size: int, overlap: int, margin: int) -> None:
    with pytest.raises(BadInput):
        Tiling(size, overlap, margin)


def test_margin_is_the_radius_where_it_fits() -> None:
    assert Tiling.for_network(64, 17, 8).margin == 8
    assert Tiling.for_network(64, 16, 8).margin == 4
    assert Tiling.for_network(64, 16, 0).margin == 4
