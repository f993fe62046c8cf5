"""Values are counted as numpy counts them, whatever is expected of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from crop_classifier_plugin.engine.execution.value_counts import level_counts, value_counts

SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=23)
LEVELS = st.sampled_from([np.uint8, np.uint16]).flatmap(lambda dtype: arrays.arrays(dtype, SHAPES))


@given(LEVELS, st.sets(st.integers(0, 300), max_size=20))
def test_levels_are_counted_as_numpy_does(values: NDArray[np.uint8], expected: set[int]) -> None:
    np.testing.assert_array_equal(level_counts(values, expected), np.bincount(values.ravel()))


@given(LEVELS)
def test_whatever_is_there_may_be_expected(values: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(level_counts(values, set(values.ravel().tolist())), np.bincount(values.ravel()))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32])
@given(data=st.data())
def test_values_are_told_as_numpy_tells_them(dtype: type, data: st.DataObject) -> None:
    limits = {} if np.issubdtype(dtype, np.integer) else {"elements": st.integers(-300, 300)}
    values = data.draw(arrays.arrays(dtype, SHAPES, **limits))
    for own, known in zip(value_counts(values), np.unique(values, return_counts=True), strict=True):
        np.testing.assert_array_equal(own, known)
    assert value_counts(values)[0].dtype == values.dtype
