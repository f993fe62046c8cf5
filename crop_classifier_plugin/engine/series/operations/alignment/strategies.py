"""One year's calendar brought to another's: the date strategies A to E of TSSTFN's paper, and rules of one's own.

TSSTFN learns on one year (training) and predicts in another (prediction). Both need the same number of base dates; the
strategies differ in which days of the year those are, and in where a value comes from on a day without an image.
Source: the reading of the paper's strategies in which its dates, seasons and weights agree (docs/papers/tsstfn.md,
section 3.5; the test holds the table).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .....shared.errors import BadInput


@dataclass(frozen=True)
class Strategy:
    """`days`: own (each year keeps its dates), prediction, training, union, or early_union (the union up to the last
    prediction date); `rule`: how a day without an image gets a value, linear or nearest."""

    days: str
    rule: str


PAPER = {
    "A": Strategy("own", "nearest"),
    "B": Strategy("prediction", "linear"),
    "C": Strategy("early_union", "linear"),
    "D": Strategy("prediction", "nearest"),
    "E": Strategy("union", "nearest"),
}


@dataclass(frozen=True)
class ValueSource:
    """Where one year's value of a row comes from."""

    day: dt.date  # in that year
    rule: str  # observed, linear or nearest
    sources: tuple[tuple[dt.date, float], ...]  # dates with an image, and their weights, which sum to 1
    outside: bool = False  # the day lies before the first or after the last image


@dataclass(frozen=True)
class DatePair:
    """A base date of both years, or the target, which only the training year has an image of."""

    training: ValueSource
    prediction: ValueSource | None


def align(
    training: Sequence[dt.date],
    prediction: Sequence[dt.date],
    strategy: Strategy,
    count: int,
    training_before: dt.date | None = None,
    prediction_before: dt.date | None = None,
) -> tuple[DatePair, ...]:
    """`count` base dates of both years, by date. Base dates lie before `..._before`; None = all dates are base dates.

    The training year's values may come from all its dates, the prediction year's from its base dates alone: what
    follows is not known yet. Raises BadInput when there are too few dates.
    """
    years = years_between(training, prediction)
    early = [d for d in training if not training_before or d < training_before]
    base = [d for d in prediction if not prediction_before or d < prediction_before]
    for name, found, limit in (("training", early, training_before), ("prediction", base, prediction_before)):
        if not found:
            raise BadInput(f"The {name} series has no date before {limit}: choose a later day, or add scenes.")
    if strategy.days == "own":
        pairs = list(zip(_last(early, count, "training"), _last(base, count, "prediction")))
        return tuple(DatePair(value(t, training, strategy.rule), value(p, base, strategy.rule)) for t, p in pairs)
    mapped = [moved(d, years) for d in early]
    days = {
        "prediction": base,
        "training": mapped,
        "union": [*base, *mapped],
        "early_union": [*base, *(d for d in mapped if d <= base[-1])],
    }[strategy.days]
    chosen = _last(days, count, "aligned")
    return tuple(
        DatePair(value(moved(d, -years), training, strategy.rule), value(d, base, strategy.rule)) for d in chosen
    )


def target(
    training: Sequence[dt.date],
    requested: dt.date | None,
    strategy: Strategy,
    years: int,
    training_before: dt.date | None,
    training_target: dt.date | None,
) -> ValueSource:
    """What the training year has for the prediction year's target day `requested`.

    A linear strategy interpolates to that day of the training year. The others take an observed image: the one named,
    else the first that is no base date (choice: the paper takes 19 August, which is not the nearest to 31 August).
    """
    if training_target:
        return value(training_target, training, strategy.rule)
    if requested and strategy.rule == "linear":
        return value(moved(requested, -years), training, "linear")
    later = [d for d in training if training_before and d >= training_before]
    if not later:
        raise BadInput("There is no training image for the target: name the training series' target date.")
    return value(later[0], training, "nearest")


def value(day: dt.date, dates: Sequence[dt.date], rule: str) -> ValueSource:
    """The value of a day by the dates of its year (rising): observed, linear between its neighbours, or nearest.

    Outside the dates the nearest is taken, and that is marked; of two equally near dates the earlier.
    """
    if day in dates:
        return ValueSource(day, "observed", ((day, 1.0),))
    before, after = [d for d in dates if d < day], [d for d in dates if d > day]
    outside = not (before and after)
    if rule == "linear" and not outside:
        share = (day - before[-1]) / (after[0] - before[-1])
        return ValueSource(day, "linear", ((before[-1], 1 - share), (after[0], share)))
    closest = min(dates, key=lambda d: abs((d - day).days))
    return ValueSource(day, "nearest", ((closest, 1.0),), outside)


def years_between(training: Sequence[dt.date], prediction: Sequence[dt.date]) -> int:
    """By how many whole years the prediction series lies later."""
    return round((prediction[0] - training[0]).days / 365.25)


def moved(day: dt.date, years: int) -> dt.date:
    """The same day of another year; 29 February becomes 28 February where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _last(days: Iterable[dt.date], count: int, name: str) -> list[dt.date]:
    found = sorted(set(days))
    if len(found) < count:
        listed = ", ".join(d.isoformat() for d in found)
        raise BadInput(
            f"{count} base dates are wanted, the {name} series has {len(found)} ({listed}): add scenes or ask for less."
        )
    return found[-count:]
