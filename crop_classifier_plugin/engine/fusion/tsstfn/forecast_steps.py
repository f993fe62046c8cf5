"""Which days a network that fuses is fed: base pairs before a target, and the targets one after another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ....shared.errors import BadInput
from ...products import dates as calendar


@dataclass(frozen=True)
class Step:
    """One forecast: its target and the base days, by date. The fine image of a day in `made` is a forecast itself."""

    target: dt.date
    bases: tuple[dt.date, ...]
    made: tuple[dt.date, ...] = ()


def training_step(requested: str, pairs: int, fine: Collection[dt.date], coarse: Collection[dt.date]) -> Step:
    """The target that is learnt, as wished or the last day with both images, and the base days before it."""
    both = sorted(set(fine) & set(coarse))
    if requested:
        target = calendar.parse(requested, "the target")
        if target not in both:
            raise BadInput(
                f"There is no fine and coarse image of the target {target} ({_days_of(fine, coarse)}): add them, "
                "or name another day."
            )
    elif not both:
        raise BadInput(f"No day has both a fine and a coarse image ({_days_of(fine, coarse)}): align the dates first.")
    else:
        target = both[-1]
    return Step(target, _last([day for day in both if day < target], pairs, target, fine, coarse))


def forecast_steps(
    targets: Sequence[dt.date],
    pairs: tuple[int, int],
    fine: Collection[dt.date],
    coarse: Collection[dt.date],
    sequential: bool,
) -> tuple[Step, ...]:
    """The forecasts by date. `pairs`: how many base pairs the first and the later ones take.

    A fine image of a target's day is never used. In sequence, each forecast is a base pair of those after it.
    """
    both = set(fine) & set(coarse) - set(targets)
    steps: list[Step] = []
    for number, target in enumerate(sorted(targets)):
        made = [step.target for step in steps] if sequential else []
        days = sorted([day for day in both if day < target] + made)
        bases = _last(days, pairs[min(number, 1)], target, fine, coarse)
        steps.append(Step(target, bases, tuple(day for day in bases if day in made)))
    return tuple(steps)


def targets_of(requested: Sequence[str], fine: Collection[dt.date], coarse: Collection[dt.date]) -> tuple[dt.date, ...]:
    """The days to predict, by date: as wished, or the coarse dates after the last fine one."""
    if not requested:
        found = sorted(day for day in coarse if day > max(fine))
        if not found:
            raise BadInput(
                f"No coarse image is later than the fine ones ({_days_of(fine, coarse)}): name the target's date."
            )
        return tuple(found)
    days = {calendar.parse(text, "the target") for text in requested}
    missing = [day for day in days if day not in coarse]
    if missing:
        raise BadInput(f"No coarse image is of the target {_listed(missing)} (they are of {_listed(coarse)}): add it.")
    return tuple(sorted(days))


def _last(
    days: Sequence[dt.date], pairs: int, target: dt.date, fine: Collection[dt.date], coarse: Collection[dt.date]
) -> tuple[dt.date, ...]:
    if len(days) < pairs:
        raise BadInput(
            f"TSSTFN needs {pairs} base pairs (a fine and a coarse image of one day) before the target {target}, there "
            f"are {len(days)} ({_days_of(fine, coarse)}): add images of the same days, align the dates, or train a "
            "model of fewer pairs."
        )
    return tuple(days[-pairs:])


def _days_of(fine: Collection[dt.date], coarse: Collection[dt.date]) -> str:
    return f"fine: {_listed(fine)}; coarse: {_listed(coarse)}"


def _listed(days: Collection[dt.date]) -> str:
    return ", ".join(str(day) for day in sorted(days)) or "none"
