"""Whether a training learns anything: said while time is left to do something about it, and of the finished model."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ....shared.legend import Legend
from ...accuracy.confusion import Confusion
from ..loop.epochs import EpochLog, Learning, best_epoch
from ..loop.evaluation import KAPPA, MEAN_F1

_LEAST = 0.1  # kappa below which nothing was learnt: 0 is guessing, and few validation parcels lift it (choice)
_WHAT_TO_DO = (
    "check that the labels are of the scenes' place and season and that their field is that of the crop; then give "
    "more minutes or labels, or take the default recipe"
)


def a_third(epochs: int) -> int:
    """The number of the epoch at which a third of them is done."""
    return max(1, math.ceil(epochs / 3))


def doubt_of(history: Sequence[EpochLog], epochs: int) -> str:
    """The warning of a training that after a third of its epochs, or when it ended before, was no better than naming
    the most frequent class everywhere; "" where it was, and where nothing was validated."""
    seen = history[: a_third(epochs)]
    best = best_epoch(seen, MEAN_F1, False)
    kappa = seen[best].metrics.get(KAPPA.name, math.nan) if seen else math.nan
    if math.isnan(kappa) or kappa > _LEAST:
        return ""
    return (
        f"After {len(seen)} of {epochs} epochs the network is no better than naming the most frequent class everywhere "
        f"(kappa {kappa:.2f} on the validation parcels, 0 would be that): {_WHAT_TO_DO}."
    )


def warnings_of(learning: Learning, tested: Sequence[tuple[str, Confusion]], legend: Legend) -> tuple[str, ...]:
    """What the report and the record of the run warn of."""
    recipe = learning.recipe
    found = doubt_of(learning.history, recipe.epochs) if recipe else "", verdict_of(tested, legend)
    return tuple(filter(None, found))


def verdict_of(tested: Sequence[tuple[str, Confusion]], legend: Legend) -> str:
    """The warning of a model that is not above the majority class where it was tested first; "" of a better one."""
    if not tested:
        return ""
    on, confusion = tested[0]
    counts = confusion.reference
    share = max(counts) / max(confusion.total, 1)
    if sum(count > 0 for count in counts) < 2 or confusion.oa > share or confusion.kappa > _LEAST:
        return ""
    return (
        f"The model is not usable: on the {on} it names {confusion.oa:.0%} of the pixels right, "
        f"{legend.names[counts.index(max(counts))]} everywhere would be right on {share:.0%}: {_WHAT_TO_DO}."
    )
