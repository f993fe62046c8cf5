"""Whether probabilities mean what they say, and how they are made to.

Reliability and expected calibration error: Naeini et al. (2015), AAAI, with 15 bins of equal width as in Guo et al.
(2017), ICML, from which temperature scaling is too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from ...shared.cards.calibration import Calibration

BINS = 15
_LEAST = 1e-7  # of a probability: logarithms are finite
_HOTTEST = 20.0  # of temperatures that are looked at, and the coldest is its inverse (choice)

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Reliability:
    """By bins of the highest probability, (BINS,) each."""

    pixels: NDArray[np.int64]
    confidence: NDArray[np.float64]  # sum over the pixels
    right: NDArray[np.int64]

    @classmethod
    def count(cls, confidence: Floats, right: NDArray[np.bool_]) -> Reliability:
        """From (n,) highest probabilities, 0 to 1, and whether the class is right."""
        place = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
        sums = (np.bincount(place, weights, BINS) for weights in (None, confidence, right.astype(float)))
        pixels, told, hits = sums
        return cls(pixels.astype(np.int64), told.astype(float), hits.astype(np.int64))

    def __add__(self, other: Reliability) -> Reliability:
        return Reliability(self.pixels + other.pixels, self.confidence + other.confidence, self.right + other.right)

    @property
    def error(self) -> float:
        """Expected calibration error: the mean distance of confidence and accuracy over the bins, by their pixels; NaN
        of nothing."""
        total = self.pixels.sum()
        return float(np.abs(self.confidence - self.right).sum() / total) if total else float("nan")

    def rows(self) -> list[dict[str, float | int | None]]:
        """One a bin, as JSON knows it; undefined figures are None."""
        rows = zip(self.pixels.tolist(), self.confidence.tolist(), self.right.tolist())
        return [
            {
                "from": number / BINS,
                "to": (number + 1) / BINS,
                "pixels": pixels,
                "confidence": told / pixels if pixels else None,
                "accuracy": right / pixels if pixels else None,
            }
            for number, (pixels, told, right) in enumerate(rows)
        ]


def calibrated(probability: Floats, temperature: float) -> Floats:
    """(K, ...) probabilities at another temperature: proportional to p^(1 / T)."""
    if temperature == 1:
        return probability
    logits = np.log(np.maximum(probability, _LEAST)) * probability.dtype.type(1 / temperature)
    raised = np.exp(logits - logits.max(axis=0))
    scaled: Floats = raised / raised.sum(axis=0)
    return scaled


def fit_temperature(probability: Floats, truth: NDArray[np.int64]) -> Calibration:
    """The temperature that makes (K, n) probabilities of the classes (n,) likeliest; none of it for no pixels."""
    if not truth.size:
        return Calibration()

    def loss(log_temperature: float) -> float:
        told = calibrated(probability.astype(np.float64), float(np.exp(log_temperature)))
        return -float(np.log(np.maximum(told[truth, np.arange(truth.size)], _LEAST)).mean())

    found = minimize_scalar(loss, bounds=(-np.log(_HOTTEST), np.log(_HOTTEST)), method="bounded")
    temperature = round(float(np.exp(found.x)), 4)
    right = probability.argmax(axis=0) == truth
    errors = [Reliability.count(calibrated(probability, t).max(axis=0), right).error for t in (1.0, temperature)]
    return Calibration(temperature, round(errors[0], 4), round(errors[1], 4), int(truth.size))
