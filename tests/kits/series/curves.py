"""Curves of a season whose dates are known."""

from __future__ import annotations

import numpy as np

from crop_classifier_plugin.engine.series.operations.phenology.season_curve import (
    END,
    PEAK,
    START,
)

DAYS = (START, PEAK, END)


def double_logistic(days: np.ndarray, low: float, high: float, up: float, down: float) -> np.ndarray:
    """Half of the rise is reached on day `up`, half of the fall on day `down`; rates as of a summer crop."""
    return low + (high - low) * (1 / (1 + np.exp(-0.12 * (days - up))) + 1 / (1 + np.exp(0.1 * (days - down))) - 1)
