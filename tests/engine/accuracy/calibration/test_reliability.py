"""The calibration error is that of a slow version, and adds up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.calibration.reliability import BINS, Reliability


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80), st.integers(0, 80))
def test_the_error_is_that_of_a_slow_version_and_adds_up(pairs: list[tuple[float, bool]], cut: int) -> None:
    confidence, right = (np.array(side) for side in zip(*pairs))
    expected = 0.0
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        here = (confidence * BINS > number) & (confidence * BINS <= number + 1)
        here |= (confidence == 0) & (low == 0)
        if here.any():
            expected += here.mean() * abs(confidence[here].mean() - right[here].mean())
        assert high > low
    whole = Reliability.count(confidence, right)
    parts = Reliability.count(confidence[:cut], right[:cut]) + Reliability.count(confidence[cut:], right[cut:])
    assert whole.error == pytest.approx(expected)
    assert parts.error == pytest.approx(expected)
    assert sum(row["pixels"] for row in whole.rows()) == len(pairs)
