"""Temperature scaling finds the temperature that was put in; the calibration error is that of a slow version."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.calibration import BINS, Reliability, calibrated, fit_temperature
from crop_classifier_plugin.shared.cards.calibration import Calibration
from crop_classifier_plugin.shared.errors import BadInput


def drawn(seed, temperature, n=20_000, classes=5):
    """Probabilities that are `temperature` times too sure, and classes drawn from the true ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (classes, n))
    true = np.exp(logits) / np.exp(logits).sum(axis=0)
    truth = (rng.random(n) < true.cumsum(axis=0)).argmax(axis=0)
    told = np.exp(logits * temperature)
    return (told / told.sum(axis=0)).astype(np.float32), truth


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_put_in_is_found(temperature: float) -> None:
    told, truth = drawn(0, temperature)
    found = fit_temperature(told, truth)
    assert found.temperature == pytest.approx(temperature, rel=0.05)
    assert found.error_after <= 0.015
    assert found.error_before >= found.error_after - 0.003
    fresh, other = drawn(1, temperature)
    right = fresh.argmax(axis=0) == other
    assert Reliability.count(calibrated(fresh, found.temperature).max(axis=0), right).error <= 0.02


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_another_temperature_keeps_order_and_sum(seed: int, temperature: float) -> None:
    told, _ = drawn(seed, 1.0, 50)
    other = calibrated(told, temperature)
    assert other.sum(axis=0) == pytest.approx(1, abs=1e-5)
    assert (other.argmax(axis=0) == told.argmax(axis=0)).all()
    assert calibrated(told, 1.0) is told
    assert np.isfinite(calibrated(np.zeros((3, 2), np.float32), 0.05)).all()


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


def test_nothing_to_fit_on_leaves_all_as_it_is_and_cards_keep_what_was_found() -> None:
    nothing = fit_temperature(np.zeros((3, 0), np.float32), np.zeros(0, np.int64))
    assert nothing == Calibration()
    assert nothing.to_dict() == {}
    found = Calibration(1.7, 0.08, 0.01, 900)
    assert Calibration.from_dict(found.to_dict()) == found
    assert Calibration.from_dict({}) == Calibration()
    with pytest.raises(BadInput, match="temperature"):
        Calibration.from_dict({"temperature": 0})
