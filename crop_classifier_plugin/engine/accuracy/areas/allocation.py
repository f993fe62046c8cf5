"""How large a stratified sample is, and how it is shared among the strata.

Olofsson et al. (2014), Remote Sensing of Environment 148, section 5.1: the size by equation 13, from Cochran (1977),
equation 5.25; rare classes get a fixed least number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def spread(users: Floats) -> Floats:
    """Standard deviation of right and wrong in strata of these user's accuracies."""
    return np.sqrt(users * (1 - users))


def size_for(error: float, shares: Floats, users: Floats) -> int:
    """Units of the whole sample, so that the standard error of overall accuracy is `error`.

    `shares` (H,) of the area in each stratum, `users` (H,) the user's accuracies that are expected.
    """
    return int(np.ceil((float((shares * spread(users)).sum()) / error) ** 2 - 1e-9))


def allocate(size: int, shares: Floats, users: Floats, rule: str, least: int, units: Ints) -> Ints:
    """(H,) units of each stratum: at least `least`, at most the `units` that it has; the others share what remains.

    `rule`: proportional (to the area), equal, or optimal (Neyman: area times spread). The sum is `size`, or more where
    the least numbers ask for it, or less where the strata have no more. Raises BadInput.
    """
    if size < 1:
        raise BadInput(f"A sample of {size} units is none: ask for at least one.")
    wishes = {"proportional": shares, "equal": np.ones_like(shares), "optimal": shares * spread(users)}[rule]
    floor = np.minimum(least, units)
    counts: Ints = floor.copy()
    open_strata = np.ones(len(shares), bool)
    while open_strata.any():
        rest = size - counts[~open_strata].sum()
        share = wishes[open_strata] / max(float(wishes[open_strata].sum()), 1e-300)
        counts[open_strata] = _rounded(max(int(rest), 0), share)
        bound = open_strata & ((counts < floor) | (counts > units))
        if not bound.any():
            break
        short = bound & (counts < floor)
        held = short if short.any() else bound
        counts[held] = np.clip(counts, floor, units)[held]
        open_strata &= ~held
    return _filled(counts, units, min(max(size, int(floor.sum())), int(units.sum())), wishes)


def _filled(counts: Ints, units: Ints, total: int, wishes: Floats) -> Ints:
    """What rounding left of the total goes to strata that have units, the most wished for first."""
    for _ in range(total - int(counts.sum())):
        eager = np.where(counts < units, wishes / (counts + 1), -np.inf)
        counts[int(eager.argmax())] += 1
    return counts


def _rounded(total: int, shares: Floats) -> Ints:
    """Whole numbers of this total, by the largest remainders."""
    exact = total * shares
    counts = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - counts), kind="stable")[: total - int(counts.sum())]
    counts[order] += 1
    return counts
