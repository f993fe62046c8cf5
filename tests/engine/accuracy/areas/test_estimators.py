"""The estimators give the published example to its digits, and what many samples of a known truth show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.areas.allocation import allocate, size_for
from crop_classifier_plugin.engine.accuracy.areas.estimators import Sample, StratifiedEstimator

# Olofsson et al. (2014), Remote Sensing of Environment 148, table 8: rows are the map, columns the reference
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
HECTARES = np.array([200_000, 150_000, 3_200_000, 6_450_000]) * 0.09  # pixels of 30 m


def sample_of(counts):
    """One unit for each count, with the map's classes as strata."""
    mapped, reference = (np.repeat(side.ravel(), counts.ravel()) for side in np.indices(counts.shape))
    return Sample(mapped, mapped, reference, np.ones(len(mapped)))


def rounded(estimates, digits):
    return [(round(e.value, digits), round(e.half_width, digits)) for e in estimates]


def test_the_worked_example_of_olofsson_and_others() -> None:
    estimator = StratifiedEstimator(sample_of(COUNTS), HECTARES)
    areas = [estimator.area(k) for k in range(4)]
    users = rounded([estimator.users(k) for k in range(4)], 2)
    producers = rounded([estimator.producers(k) for k in range(4)], 2)
    assert [round(a.value) for a in areas] == [21_158, 11_686, 285_770, 581_386]
    assert [round(a.half_width) for a in areas] == [6_158, 3_756, 15_510, 16_282]
    assert users == [(0.88, 0.07), (0.73, 0.10), (0.93, 0.04), (0.96, 0.02)]
    assert producers == [(0.75, 0.21), (0.85, 0.25), (0.93, 0.03), (0.96, 0.02)]
    assert rounded([estimator.overall()], 2) == [(0.95, 0.02)]
    assert estimator.matrix(4).sum() == pytest.approx(1)
    assert estimator.matrix(4).sum(axis=1) * HECTARES.sum() == pytest.approx([a.value for a in areas])


def test_the_sample_size_of_the_same_paper() -> None:
    """Section 5.1.1: 641 units for a standard error of 0.01."""
    shares, users = np.array([0.020, 0.015, 0.320, 0.645]), np.array([0.70, 0.60, 0.90, 0.95])
    assert size_for(0.01, shares, users) == 641


def _truth(seed, n=40_000):
    """Strata, map, reference and sizes of a whole population; strata are not the map's classes."""
    rng = np.random.default_rng(seed)
    strata = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    mapped = np.where(rng.random(n) < 0.8, strata, rng.integers(0, 3, n))
    reference = np.where(rng.random(n) < 0.85, mapped, rng.integers(0, 3, n))
    return strata, mapped, reference, rng.lognormal(0, 0.6, n)


@pytest.mark.parametrize("random", [False, True], ids=["stratified", "random"])
@pytest.mark.parametrize("equal", [True, False], ids=["pixels", "parcels"])
def test_many_samples_of_a_known_population_hit_its_truth(random: bool, equal: bool) -> None:
    """The mean of the estimates is the truth, their spread is the error that they tell, 95 % of the intervals hold."""
    strata, mapped, reference, size = _truth(1)
    size = np.ones(len(size)) if equal else size
    areas = np.bincount(strata, size)
    rng = np.random.default_rng(2)
    told = {"area": [], "overall": [], "producers": []}
    for _ in range(300):
        taken = _draw(rng, strata, random)
        estimator = StratifiedEstimator(
            Sample(strata[taken], mapped[taken], reference[taken], size[taken]), areas, random
        )
        told["area"].append(estimator.area(1))
        told["overall"].append(estimator.overall())
        told["producers"].append(estimator.producers(2))
    hits = mapped == reference
    truths = {
        "area": size[reference == 1].sum(),
        "overall": size[hits].sum() / size.sum(),
        "producers": size[hits & (reference == 2)].sum() / size[reference == 2].sum(),
    }
    for name, estimates in told.items():
        values, errors = np.array(estimates).T
        inside = np.abs(values - truths[name]) <= 1.96 * errors
        assert values.mean() == pytest.approx(truths[name], rel=0.02)
        assert values.std() == pytest.approx(errors.mean(), rel=0.15)
        assert 0.87 <= inside.mean() <= 0.99  # linearized errors are a little short in small strata of unequal units


def _draw(rng, strata, random):
    if random:
        return rng.choice(len(strata), 300, replace=False)
    parts = [rng.choice(np.flatnonzero(strata == h), 100, replace=False) for h in range(3)]
    return np.concatenate(parts)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_areas_of_all_classes_are_the_whole_and_a_unit_change_changes_only_units(seed: int) -> None:
    strata, mapped, reference, size = (part[:200] for part in _truth(seed, 400))
    areas = np.array([50.0, 20.0, 5.0])
    one = StratifiedEstimator(Sample(strata, mapped, reference, size), areas)
    other = StratifiedEstimator(Sample(strata, mapped, reference, 7 * size), 3 * areas)
    assert sum(one.area(k).value for k in range(3)) == pytest.approx(75)
    assert 3 * np.array(one.area(1)) == pytest.approx(np.array(other.area(1)), nan_ok=True)
    assert np.array(one.users(0)) == pytest.approx(np.array(other.users(0)), nan_ok=True)


def test_a_stratum_with_one_unit_has_no_error_and_a_class_without_units_no_figure() -> None:
    estimator = StratifiedEstimator(sample_of(np.array([[5, 1], [0, 1]])), np.array([10.0, 1.0]))
    assert np.isnan(estimator.overall().error)
    assert not np.isnan(estimator.overall().value)
    assert np.isnan(estimator.users(4).value)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=8),
    st.integers(1, 3000),
    st.sampled_from(["proportional", "equal", "optimal"]),
    st.integers(2, 80),
)
@example([1, 1, 3], 5, "equal", 2)
def test_allocations_keep_their_bounds_and_their_sum(units: list[int], size: int, rule: str, least: int) -> None:
    there = np.array(units)
    users = np.linspace(0.6, 0.9, len(units))
    counts = allocate(size, there / there.sum(), users, rule, least, there)
    floor = np.minimum(least, there)
    assert (counts >= floor).all()
    assert (counts <= there).all()
    assert counts.sum() == min(max(size, floor.sum()), there.sum())
