"""The order of a review: chances by Bayes' rule, and more errors early than by confidence alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.review.priority import chance_of_error, priority_of

CHANCES = st.floats(0.01, 0.99)


def chance(mapped, declared, differs, agrees, right):
    sides = (np.array([value]) for value in (mapped, declared))
    return float(chance_of_error(*sides, np.array([differs]), np.array([agrees]), right)[0])


@settings(deadline=None)
@given(CHANCES, CHANCES, CHANCES)
def test_chances_are_bayes_rule_over_who_is_right(mapped: float, declared: float, right: float) -> None:
    """Where they differ: the declaration right and the map's probability on it, against the other way round."""
    expected = right * declared / (right * declared + (1 - right) * mapped)
    assert chance(mapped, declared, True, False, right) == pytest.approx(expected)
    assert chance(mapped, np.nan, False, False, right) == pytest.approx(1 - mapped)
    assert chance(mapped, mapped, False, True, right) <= 1 - mapped or right < 0.5


@settings(deadline=None)
@given(CHANCES, CHANCES, CHANCES, st.floats(0.001, 0.2))
def test_more_doubt_is_never_less_chance(mapped: float, declared: float, right: float, more: float) -> None:
    for differs, agrees in ((True, False), (False, True), (False, False)):
        before = chance(mapped, declared, differs, agrees, right)
        assert chance(max(mapped - more, 0.001), declared, differs, agrees, right) >= before - 1e-12


def test_what_hangs_on_it_is_hectares_or_units() -> None:
    chances, hectares = np.array([0.5, 0.4]), np.array([1.0, 10.0])
    assert priority_of(chances, hectares, "hectares").argmax() == 1
    assert priority_of(chances, hectares, "units").argmax() == 0


def test_declarations_find_more_errors_early_than_confidence_alone() -> None:
    """Simulated parcels: a map that is sometimes wrong, sure of it or not, and declarations that are 90 % right."""
    rng = np.random.default_rng(5)
    n, crops = 4000, 6
    truth = rng.integers(0, crops, n)
    wrong = rng.random(n) < 0.15
    mapped = np.where(wrong, (truth + rng.integers(1, crops, n)) % crops, truth)
    declared = np.where(rng.random(n) < 0.9, truth, (truth + rng.integers(1, crops, n)) % crops)
    sure = np.clip(np.where(wrong, rng.beta(5, 2, n), rng.beta(9, 1.2, n)), 0.2, 0.999)
    support = np.where(declared == truth, (1 - sure) * 0.7, (1 - sure) * 0.1)
    ordered = np.argsort(-chance_of_error(sure, support, mapped != declared, mapped == declared, 0.9))
    by_confidence = np.argsort(sure)
    first = n // 5
    assert wrong[ordered[:first]].sum() > 1.25 * wrong[by_confidence[:first]].sum()
