"""A calibration applied: to the probabilities of pixels, and to what is said of a parcel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.calibration import Calibration, ParcelCalibration

LEAST = 1e-7  # of a probability: logarithms are finite (choice)
_SURE = 1e-3  # of a parcel's mean probability, and one less it: its odds are finite (choice)

Floats = NDArray[np.floating]


def logs_of(probability: Floats) -> Floats:
    """Logarithms of probabilities, of none too."""
    found: Floats = np.log(np.maximum(probability, probability.dtype.type(LEAST)))
    return found


def scores_of(logs: Floats, calibration: Calibration) -> Floats:
    """(K, ...) scores of the classes, whose softmax is calibrated, from log probabilities."""
    scores: Floats = logs * logs.dtype.type(1 / calibration.temperature)
    if calibration.weights:
        scores += np.tensordot(np.array(calibration.weights, logs.dtype), logs, axes=1)
    if calibration.bias:
        scores += np.array(calibration.bias, logs.dtype).reshape(-1, *(1,) * (logs.ndim - 1))
    return scores


def softmax(scores: Floats) -> Floats:
    """(K, ...) probabilities from scores."""
    raised = np.exp(scores - scores.max(axis=0))
    found: Floats = raised / raised.sum(axis=0)
    return found


def calibrated(probability: Floats, calibration: Calibration) -> Floats:
    """(K, ...) probabilities as the calibration tells them; as they are where it changes nothing."""
    if calibration.temperature == 1 and calibration.keeps_classes:
        return probability
    return softmax(scores_of(logs_of(probability), calibration))


def odds_of(mean: Floats) -> Floats:
    """Logarithms of the odds of mean probabilities."""
    kept = np.clip(mean, _SURE, 1 - _SURE)
    found: Floats = np.log(kept / (1 - kept))
    return found


def parcel_confidence(mean: Floats, calibration: ParcelCalibration | None) -> Floats:
    """(P,) chance that each parcel's crop is right, from the mean probability of that crop; that itself where nothing
    better is known. NaN stays."""
    if calibration is None:
        return mean
    chance: Floats = 1 / (1 + np.exp(-(calibration.intercept + calibration.slope * odds_of(mean))))
    return chance
