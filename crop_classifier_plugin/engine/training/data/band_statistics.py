"""Mean and standard deviation of the bands, of what a network is trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import Statistics
from ...splits.split import HELD_OUT, TRAIN
from .labelled_series import LabelledCube


def statistics(seasons: Sequence[LabelledCube]) -> Statistics:
    """Over the pixels with data in the blocks that hold training parcels, held-out parcels left out.

    In as many digits as the card keeps: a model is trained with the very numbers that it is run with.
    """
    total, square, count = (np.zeros(seasons[0].image.shape[1]) for _ in range(3))
    for season in seasons:
        for window in season.blocks(TRAIN):
            held_out = season.part[window.slices] == HELD_OUT
            for date in season.read(window)[season.shared :].astype(np.float64):
                date[:, held_out] = np.nan
                total += np.nansum(date, axis=(1, 2))
                square += np.nansum(date**2, axis=(1, 2))
                count += np.sum(~np.isnan(date), axis=(1, 2))
    mean = total / np.maximum(count, 1)
    std = np.sqrt(np.maximum(square / np.maximum(count, 1) - mean**2, 1e-6))
    return Statistics(_rounded(mean), _rounded(std))


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(f"{v:.5g}") for v in values.astype(np.float32))
