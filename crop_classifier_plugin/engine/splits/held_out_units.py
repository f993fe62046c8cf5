"""Which units of pixels are tested on, drawn at random: whole parcels of each class, or whole blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TRIES = 50  # random splits by block, of which that with most classes on both sides is taken (choice)
Counts = NDArray[np.int64]  # (units, classes) pixels
Held = NDArray[np.bool_]  # (units,)


def held_out_parcels(counts: Counts, share: float, rng: np.random.Generator) -> Held:
    """Of each class's parcels in random order, those up to the wished share of its pixels; one at least stays."""
    held = np.zeros(len(counts), bool)
    for sizes in counts.T:
        order = rng.permutation(np.flatnonzero(sizes))
        if len(order) > 1:
            held[_up_to(share, order, sizes[order])] = True
    return held


def held_out_blocks(counts: Counts, share: float, rng: np.random.Generator) -> Held:
    """Random blocks; of some draws the one with most classes on both sides, then nearest to the wished share.

    Two blocks at least must have pixels.
    """
    used = np.flatnonzero(counts.sum(axis=1))
    draws = (_random_blocks(counts, used, share, rng) for _ in range(_TRIES))
    return max(draws, key=lambda held: _worth(counts, held, share))


def _random_blocks(counts: Counts, used: NDArray[np.int64], share: float, rng: np.random.Generator) -> Held:
    order = rng.permutation(used)
    held = np.zeros(len(counts), bool)
    held[_up_to(share, order, counts[order].sum(axis=1))] = True
    return held


def _up_to(share: float, order: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The units in this order, of these sizes, up to the wished share of their sum: one at least, and never all."""
    chosen = (np.cumsum(sizes) - sizes / 2) / sizes.sum() < share
    chosen[0], chosen[-1] = True, False
    return np.asarray(order[chosen])


def _worth(counts: Counts, held: Held, share: float) -> tuple[int, float]:
    tested, learnt = counts[held].sum(axis=0), counts[~held].sum(axis=0)
    return int(((tested > 0) & (learnt > 0)).sum()), -abs(float(tested.sum() / counts.sum()) - share)
