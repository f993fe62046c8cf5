"""What the outcome of a run is worth, and the outcomes that are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...accuracy.confusion import Confusion
from .entrants import Entrant
from .runs import Run
from .square import SHARE_OF

Outcome = dict[str, Any]  # of a run: confusion, parcels, unmapped, parameters, and perhaps gaps
Outcomes = dict[tuple[str, str, float], list[Outcome]]  # of an entrant, a side and a share of parcels: one a seed
Figure = Callable[[Outcome], float]


def read(every: Iterable[Run], cache: Path) -> Outcomes:
    """What is there of the runs."""
    found: Outcomes = {}
    for run in every:
        if (file := run.file(cache)).exists():
            outcome = json.loads(file.read_text(encoding="utf-8"))
            found.setdefault((run.entrant.name, run.side, run.share), []).append(outcome)
    return found


def pixel_oa(outcome: Outcome) -> float:
    return confusion(outcome).oa


def mean_f1(outcome: Outcome) -> float:
    return confusion(outcome).mean_f1


def parcel_oa(outcome: Outcome) -> float:
    return float(np.mean([truth == found for truth, found in outcome["parcels"]]))


def confusion(outcome: Outcome) -> Confusion:
    return Confusion(np.array(outcome["confusion"], np.int64))


# --- a direction -----------------------------------------------------------------------------------------------------


def reference(outcomes: Outcomes, side: str) -> NDArray[np.int64]:
    """(K,) pixels a class among the held-out parcels."""
    found = [np.array(r["confusion"]).sum(axis=1) for key, each in outcomes.items() if key[1] == side for r in each]
    return np.max(found, axis=0) if found else np.zeros(1, np.int64)


def task(outcomes: Outcomes, side: str) -> dict[str, float]:
    """What is tested, and the best that can be reached where the other side lacks a crop; {} before a run."""
    here, there = (reference(outcomes, s) for s in (side, *(s for s in SHARE_OF if s != side)))
    if not (here.any() and there.any()):
        return {}
    unknown = int(here[there == 0].sum())
    crops = int(np.count_nonzero(here))
    facts: dict[str, float] = {"pixels": int(here.sum()), "crops": crops, "unknown": unknown}
    best_f1 = int(np.count_nonzero(here * there)) / crops
    return facts | {"best_oa": float(1 - unknown / here.sum()), "best_f1": best_f1}


def best(outcomes: Outcomes, side: str, entrants: Iterable[Entrant]) -> tuple[Entrant, float] | None:
    """Who has the highest mean of pixel OA; None where none of them ran."""
    here = ((e, outcomes.get((e.name, side, 1.0), [])) for e in entrants)
    means = [(e, float(np.mean([pixel_oa(outcome) for outcome in each]))) for e, each in here if each]
    return max(means, key=lambda pair: pair[1], default=None)
