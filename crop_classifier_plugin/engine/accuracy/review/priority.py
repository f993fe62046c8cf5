"""What a look at a unit is likely to gain: the chance that the map is wrong there, times what hangs on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def chance_of_error(mapped: Floats, declared: Floats, differs: Bools, agrees: Bools, right: float) -> Floats:
    """(n,) probability that the map's class is wrong.

    `mapped` (n,) the map's probability of its class, `declared` (n,) of the declared one (NaN where nothing was
    declared), `right` the share of declarations that are right. Map and declaration are taken for independent
    witnesses (Bayes' rule, choice): where they differ, either the declaration is right and the map wrong, or the other
    way round; where they agree, the doubt is what both leave.
    """
    mapped = np.clip(np.nan_to_num(mapped, nan=0.5), 1e-6, 1 - 1e-6)
    declared = np.clip(np.nan_to_num(declared), 1e-6, 1 - 1e-6)
    against = right * declared
    differing = against / (against + (1 - right) * mapped)
    both = right * mapped
    agreeing = (1 - right) * (1 - mapped) / ((1 - right) * (1 - mapped) + both)
    chance: Floats = np.where(differs, differing, np.where(agrees, agreeing, 1 - mapped))
    return chance


def priority_of(chance: Floats, hectares: Floats, gain: str) -> Floats:
    """(n,) what a look gains: hectares, or units, that it is likely to change."""
    return chance * hectares if gain == "hectares" else chance
