"""Which clear observations are hidden: single ones, runs, whole dates. Series are (T,H,W) with NaN under clouds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Hidden = NDArray[np.bool_]  # (T,H,W)


def hidings(values: Floats) -> dict[str, Hidden]:
    return {
        "single (20 %)": hide_single(values, 0.2),
        "runs of 5": hide_runs(values, 5),
        "whole dates (20 %)": hide_dates(values, 0.2),
    }


def hide_single(values: Floats, share: float) -> Hidden:
    return np.asarray(~np.isnan(values) & (np.random.default_rng(1).random(values.shape) < share), np.bool_)


def hide_runs(values: Floats, length: int) -> Hidden:
    """In every pixel one run of consecutive clear observations, never the first or last of the series."""
    rng, hidden = np.random.default_rng(2), np.zeros(values.shape, bool)
    for row, col in np.ndindex(values.shape[1:]):
        clear = np.flatnonzero(~np.isnan(values[:, row, col]))
        if len(clear) > length + 2:
            first = rng.integers(1, len(clear) - length)
            hidden[clear[first : first + length], row, col] = True
    return hidden


def hide_dates(values: Floats, share: float) -> Hidden:
    dates = np.random.default_rng(3).random(len(values)) < share
    return np.asarray(~np.isnan(values) & dates[:, None, None], np.bool_)
