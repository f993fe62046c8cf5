"""How unsure class probabilities are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def entropy_of(probability: Floats) -> Floats:
    """(...) Shannon's entropy of (K, ...) as a share of its maximum, ln K: 0 = sure, 1 = nothing known. NaN where a
    probability is; of a single class 0."""
    known = np.maximum(probability, 0)
    total = known.sum(axis=0)
    shares = known / np.where(total > 0, total, np.nan)
    terms = np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1)), 0)
    spread = np.clip(-terms.sum(axis=0) / max(np.log(len(probability)), 1e-12), 0, 1)
    unsure: Floats = np.where(np.isfinite(shares).all(axis=0), spread, np.nan)
    return unsure


def margin_of(probability: Floats) -> Floats:
    """(...) the highest of (K, ...) less the next: 1 = sure, 0 = a draw."""
    if len(probability) == 1:
        alone: Floats = probability[0]
        return alone
    second, first = np.partition(probability, -2, axis=0)[-2:]
    margin: Floats = first - second
    return margin
