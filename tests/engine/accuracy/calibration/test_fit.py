"""What was put out of order is found and mended; what is in order, or cannot be told, stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from crop_classifier_plugin.engine.accuracy.calibration.candidates import CANDIDATES, _Loss, fitted
from crop_classifier_plugin.engine.accuracy.calibration.fit import _folds, fit_calibration
from crop_classifier_plugin.engine.accuracy.calibration.parcels import ParcelMeans, fit_parcels
from crop_classifier_plugin.engine.accuracy.calibration.reliability import Reliability
from crop_classifier_plugin.engine.accuracy.calibration.sample import Draw, Sample
from crop_classifier_plugin.engine.accuracy.calibration.scaling import calibrated, logs_of, parcel_confidence
from crop_classifier_plugin.shared.cards.calibration import Calibration
from kits.strategies.calibrations import calibrations, sampled


def error_of(sample: Sample, calibration: Calibration) -> float:
    told = calibrated(sample.probability, calibration)
    return Reliability.count(told.max(axis=0), told.argmax(axis=0) == sample.truth).error


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_the_temperature_that_was_put_in_is_found(temperature: float) -> None:
    found = fitted(CANDIDATES[0], sampled(1, temperature, parcels=3000), Calibration())
    assert found.temperature == pytest.approx(temperature, rel=0.08)
    assert found.keeps_classes


def test_the_bias_that_was_put_in_is_taken_out() -> None:
    bias = (1.5, 0.0, -1.5, 0.0)
    sample, fresh = (sampled(seed, 2.0, bias, parcels=1000) for seed in (1, 2))
    found = fit_calibration(sample, Calibration())
    assert found is not None
    assert found.calibration.bias
    assert error_of(fresh, Calibration()) > 0.1
    assert error_of(fresh, found.calibration) < 0.05
    assert found.after.pixels.error < found.before.pixels.error
    told = calibrated(fresh.probability, found.calibration).argmax(axis=0) == fresh.truth
    assert told.mean() > (fresh.probability.argmax(axis=0) == fresh.truth).mean() + 0.02


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.floats(0.5, 2), st.integers(5, 60))
def test_on_parcels_left_out_it_never_does_worse(seed: int, temperature: float, parcels: int) -> None:
    found = fit_calibration(sampled(seed, temperature, parcels=parcels), Calibration())
    assert found is not None
    assert found.after.loss <= found.before.loss
    assert found.after.accuracy >= found.before.accuracy
    assert found.after.pixels.error <= found.before.pixels.error
    if not found.title:
        assert found.calibration.temperature == 1
        assert found.calibration.keeps_classes


@pytest.mark.parametrize("seasons", [1, 2, 3])
def test_no_parcel_is_parted_and_of_three_seasons_each_is_left_out_whole(seasons: int) -> None:
    one = sampled(2, parcels=30)
    parts = [Sample(one.probability, one.truth, one.parcel + 30 * n, one.season + n) for n in range(seasons)]
    names = ("truth", "parcel", "season")
    rest = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
    sample = Sample(np.concatenate([part.probability for part in parts], axis=1), *rest)
    folds = _folds(sample)
    whole = sample.season if seasons > 2 else sample.parcel
    assert all(len(np.unique(folds[whole == number])) == 1 for number in np.unique(whole))
    assert len(np.unique(folds)) == (seasons if seasons > 2 else 5)
    found = fit_calibration(sample, Calibration())
    assert found is not None
    assert found.by_season == (seasons > 2)


def test_few_parcels_get_a_temperature_at_most_and_fewer_nothing() -> None:
    some = fit_calibration(sampled(1, 3.0, (2.0, 0.0, 0.0, 0.0), parcels=15), Calibration())
    assert some is not None
    assert some.calibration.keeps_classes
    assert some.calibration.parcels is None
    assert fit_calibration(sampled(1, 3.0, parcels=4), Calibration()) is None
    assert fit_calibration(Draw(3).sample, Calibration()) is None


def test_a_class_without_labels_keeps_its_weight() -> None:
    sample = sampled(3, 2.0, (1.0, 0.0, -1.0, 0.0))
    without = sample.some(sample.truth != 3)
    found = fitted(CANDIDATES[1], without, Calibration())
    assert found.bias[3] == 0
    assert sum(found.bias) == pytest.approx(0, abs=0.02)


@settings(max_examples=10, deadline=None)
@given(calibrations(4))
def test_a_fit_goes_on_from_what_the_model_has(base: Calibration) -> None:
    sample = sampled(4, 1.5, parcels=50)
    again = fitted(CANDIDATES[0], sample, base)  # nothing but the scale can move
    scale = base.temperature / again.temperature
    there = np.zeros((4, 4))
    for found, before in (
        (again.bias or there[0], base.bias or there[0]),
        (again.weights or there, base.weights or there),
    ):
        np.testing.assert_allclose(np.array(found), scale * np.array(before), rtol=0.02, atol=1e-3)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: f"{c.title} {c.penalty}")
def test_the_gradient_is_that_of_differences(candidate: object) -> None:
    sample = sampled(5, 2.0, parcels=20)
    logs = logs_of(sample.probability.astype(float))
    loss = _Loss(candidate, logs, logs * 0.7, sample.truth)
    x = np.random.default_rng(0).normal(0, 0.3, loss.size)
    np.testing.assert_allclose(loss(x)[1], approx_fprime(x, lambda v: loss(v)[0]), atol=1e-4)


def test_parcels_have_a_confidence_of_their_own() -> None:
    rng = np.random.default_rng(0)
    mean = rng.uniform(0.3, 0.99, 1500)
    chance = 1 / (1 + np.exp(-(1.0 + 1.5 * np.log(mean / (1 - mean)))))
    means = ParcelMeans(mean, rng.random(1500) < chance, np.arange(1500) % 5)
    found = fit_parcels(means)
    assert found is not None
    assert (found.intercept, found.slope) == (pytest.approx(1.0, abs=0.25), pytest.approx(1.5, abs=0.3))
    assert found.error_after < found.error_before
    np.testing.assert_allclose(parcel_confidence(mean, found), chance, atol=0.03)
    assert fit_parcels(ParcelMeans(mean[:20], means.right[:20], means.fold[:20])) is None


def test_a_parcel_is_of_the_crop_that_most_of_its_pixels_have() -> None:
    told = np.array([[0.9, 0.6, 0.2, 0.3], [0.1, 0.4, 0.8, 0.7]])
    means = ParcelMeans.of(told, np.array([0, 0, 0, 1]), np.array([7, 7, 7, 9]), np.array([1, 1, 1, 0]))
    np.testing.assert_allclose(means.mean, [(0.9 + 0.6 + 0.2) / 3, 0.7])
    assert means.right.tolist() == [True, True]
    assert means.fold.tolist() == [1, 0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.lists(st.integers(1, 300), min_size=1, max_size=8), st.integers(1, 5))
def test_a_draw_takes_at_most_so_many_pixels_of_a_parcel_whatever_the_windows(
    seed: int, sizes: list[int], parts: int
) -> None:
    rng = np.random.default_rng(seed)
    parcel = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    told, truth = rng.dirichlet([1, 1, 1], len(parcel)).T, parcel % 3
    drawn = Draw(3, seed)
    for piece in np.array_split(np.arange(len(parcel)), parts):
        drawn.add(2, told[:, piece], truth[piece], parcel[piece])
    sample = drawn.sample
    counts = np.sort(np.bincount(sample.parcel))
    assert counts.tolist() == sorted(min(size, 100) for size in sizes)
    rows = {tuple(row) for row in np.float32(told.T).tolist()}
    assert all(tuple(row) in rows for row in sample.probability.T.tolist())
    assert set(sample.season.tolist()) == {2}
    assert sample.thinned(1).size == len(sizes)


def test_a_draw_of_many_parcels_keeps_some_whole() -> None:
    drawn = Draw(2)
    for start in range(0, 6000, 500):
        parcel = np.repeat(np.arange(start, start + 500), 3)
        drawn.add(0, np.full((2, len(parcel)), 0.5), parcel % 2, parcel)
    sample = drawn.sample
    assert sample.parcels == 2000
    assert sample.size == 6000
    assert abs(np.median(sample.parcel) - 3000) < 300
