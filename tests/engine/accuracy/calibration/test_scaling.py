"""Whatever a calibration is: what it makes are probabilities, and a temperature keeps the order of the classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, log_softmax, logit

from crop_classifier_plugin.engine.accuracy.calibration.scaling import calibrated, parcel_confidence
from crop_classifier_plugin.shared.cards.calibration import Calibration, ParcelCalibration
from kits.strategies.calibrations import calibrations

CLASSES = 5


def drawn(seed: int) -> np.ndarray:
    """Probabilities of a small map, some of them 0 and 1."""
    rng = np.random.default_rng(seed)
    told = rng.dirichlet([0.3] * CLASSES, (6, 7)).transpose(2, 0, 1)
    told[:, 0, 0] = np.eye(CLASSES)[seed % CLASSES]
    return told.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), calibrations(CLASSES))
def test_calibrated_probabilities_sum_to_1_and_are_those_of_scipy(seed: int, calibration: Calibration) -> None:
    told = drawn(seed)
    found = calibrated(told, calibration)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-5)
    logs = np.log(np.maximum(told.astype(float), 1e-7))
    scores = logs / calibration.temperature
    if calibration.weights:
        scores += np.einsum("kj,jhw->khw", np.array(calibration.weights), logs)
    if calibration.bias:
        scores += np.array(calibration.bias)[:, None, None]
    np.testing.assert_allclose(found, np.exp(log_softmax(scores, axis=0)), atol=2e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_a_temperature_keeps_the_order_of_the_classes(seed: int, temperature: float) -> None:
    told = drawn(seed)
    other = calibrated(told, Calibration(temperature))
    ordered = np.take_along_axis(other, told.argsort(axis=0, kind="stable"), axis=0)
    assert (np.diff(ordered, axis=0) >= -1e-6).all()
    assert calibrated(told, Calibration()) is told


@settings(max_examples=40, deadline=None)
@given(st.floats(-5, 5), st.floats(0.05, 5), st.lists(st.floats(0.001, 0.999), min_size=1, max_size=20))
def test_a_parcels_confidence_is_logistic_and_rises_with_the_mean(
    intercept: float, slope: float, means: list[float]
) -> None:
    mean = np.sort(means)
    found = parcel_confidence(mean, ParcelCalibration(intercept, slope, 0.1, 0.05, 40))
    np.testing.assert_allclose(found, expit(intercept + slope * logit(mean)), atol=1e-9)
    assert (np.diff(found) >= 0).all()
    assert parcel_confidence(mean, None) is mean
    assert np.isnan(parcel_confidence(np.array([np.nan]), ParcelCalibration(0, 1, 0, 0, 40))).all()
    assert parcel_confidence(mean, ParcelCalibration(0, 1, 0, 0, 40)) == pytest.approx(mean)
