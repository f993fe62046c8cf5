"""Whether probabilities mean what they say.

Reliability and expected calibration error: Naeini et al. (2015), AAAI, with 15 bins of equal width as in Guo et al.
(2017), ICML.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15

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
