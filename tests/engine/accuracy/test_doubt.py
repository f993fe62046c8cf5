"""Entropy is SciPy's, the margin that of a sort; the sure and the clueless are at the ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from crop_classifier_plugin.engine.accuracy.doubt import entropy_of, margin_of


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_entropy_is_scipys_and_margin_is_that_of_a_sort(weights: list[float]) -> None:
    total = sum(weights)
    if total < 1e-6:
        return
    given_ = np.array(weights)[:, None] / total
    ordered = np.sort(given_[:, 0])
    assert entropy_of(given_)[0] == pytest.approx(entropy(weights) / np.log(len(weights)), abs=1e-9)
    assert margin_of(given_)[0] == pytest.approx(ordered[-1] - ordered[-2])


@pytest.mark.parametrize("classes", [2, 5, 9])
def test_the_sure_and_the_clueless_are_at_the_ends(classes: int) -> None:
    sure, clueless = np.eye(classes), np.full((classes, 3), 1 / classes)
    assert entropy_of(sure) == pytest.approx(0)
    assert margin_of(sure) == pytest.approx(1)
    assert entropy_of(clueless) == pytest.approx(1)
    assert margin_of(clueless) == pytest.approx(0)


def test_what_is_not_known_stays_unknown() -> None:
    assert np.isnan(entropy_of(np.array([[np.nan], [0.5]])))[0]
    assert margin_of(np.ones((1, 4))).tolist() == [1, 1, 1, 1]
