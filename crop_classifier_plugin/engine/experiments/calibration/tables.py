"""How well a model is calibrated on seasons that it has not seen, as results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..results import Cell, Column, Results, Table, Text, spread
from .study import COUNTS, DRAWS, SIDE, TESTED, Figures, Tested

TARGET = 0.02
_ABOUT = (
    "Expected calibration error (ECE, 15 bins) of the shipped model {model}, which was trained on none of these "
    "{seasons} simulated seasons of {side} x {side} px: as it comes, by one temperature of the seven other seasons, by "
    "the calibration that the program fits on these (temperature, bias and matrix of classes, whatever does best on "
    "seasons left out), and fitted on some labelled parcels of the season itself, by themselves or on top of the other "
    "seasons. What was fitted on is never tested on. Mean, least and largest of the seasons; with labels of the season "
    "of {draws} draws each."
)
_PARCELS = (
    "The same of whole parcels: how far the confidence in a parcel's crop is from the share of parcels whose crop is "
    "right. By the mean of the pixels' probabilities, and by the confidence that parcels have of their own."
)
_TOLD = (
    "The target is {target:g} on a season that is not known. As it comes the error is {raw:.3f}; without a label of "
    "the season it is {others:.3f} ({reached} of {seasons} seasons reach the target), where a temperature alone leaves "
    "{temperature:.3f}. With {counts} labelled parcels of the season it is {own}, on top of other seasons {both}. "
    "Accuracy goes with it from {accuracy_raw:.3f} to {accuracy_others:.3f} in the mean without labels of the season "
    "(on {worse} of the seasons it falls) and to {accuracy_own:.3f} with {most} parcels: crops that the season makes "
    "look like others are weighed anew."
)
_WHY = (
    "Why a temperature does not do: what goes wrong in another season is that some crops are taken for others, surely; "
    "a temperature makes all pixels less sure alike, those that are right too. And why few parcels do not do: the "
    "pixels of a parcel are right or wrong together, so that it is parcels that count, not pixels."
)
_SPREAD = "{mean:.3f} ({low:.3f} to {high:.3f})"


def results(found: Sequence[Tested], model: str, by: str) -> Results:
    facts: dict[str, float | int | str] = {"model": model, "target": TARGET, "side": SIDE, "draws": DRAWS}
    facts |= {"seasons": len(TESTED), "counts": _listed(map(str, COUNTS)), "most": COUNTS[-1]}
    for name in ("raw", "temperature", "others"):
        facts[name] = _mean(getattr(each, name).error for each in found)
    facts["reached"] = sum(each.others.error <= TARGET for each in found)
    facts["worse"] = sum(each.others.accuracy < each.raw.accuracy for each in found)
    for name in ("own", "both"):
        facts[name] = _listed(f"{_mean(_errors(found, name, count)):.3f}" for count in COUNTS)
    for name in ("raw", "others"):
        facts[f"accuracy_{name}"] = _mean(getattr(each, name).accuracy for each in found)
    facts["accuracy_own"] = _mean(figures.accuracy for each in found for figures in each.own[COUNTS[-1]])
    parts = Text(_ABOUT), _table(found), Text(_TOLD), Text(_WHY), Text(_PARCELS), _parcels(found), _seasons(found)
    return Results("Calibration", by, parts, facts)


def _errors(found: Sequence[Tested], name: str, count: int) -> list[float]:
    return [figures.error for each in found for figures in getattr(each, name)[count]]


def _ways(found: Sequence[Tested]) -> list[tuple[str, list[Figures]]]:
    """Each way of calibrating with the figures of all seasons and draws."""
    first = [
        ("as it comes", [each.raw for each in found]),
        ("a temperature of the other seasons", [each.temperature for each in found]),
        ("calibrated on the other seasons", [each.others for each in found]),
    ]
    for name, title in (("own", "{} parcels of the season"), ("both", "other seasons, then {} parcels of this one")):
        first += [(title.format(n), [f for each in found for f in getattr(each, name)[n]]) for n in COUNTS]
    return first


def _table(found: Sequence[Tested]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (title, spread([f.error for f in figures]), spread([f.accuracy for f in figures]))
        for title, figures in _ways(found)
    ]
    columns = Column("calibration"), Column("ECE of pixels", _SPREAD), Column("accuracy", _SPREAD)
    return Table("calibration", columns, tuple(rows))


def _parcels(found: Sequence[Tested]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (title, spread([f.parcels_mean for f in figures]), spread([f.parcels for f in figures]))
        for title, figures in _ways(found)
    ]
    columns = Column("calibration"), Column("ECE by the mean", _SPREAD), Column("ECE by their own", _SPREAD)
    return Table("parcels", columns, tuple(rows))


def _seasons(found: Sequence[Tested]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            f"seed {each.seed}, {each.year}",
            each.raw.accuracy,
            each.raw.error,
            each.temperature.error,
            each.others.error,
            each.others.accuracy,
            *(spread([f.error for f in each.own[count]]) for count in COUNTS),
        )
        for each in found
    ]
    columns = (
        Column("season"),
        Column("accuracy", "{:.3f}"),
        Column("ECE", "{:.3f}"),
        Column("by a temperature of others", "{:.3f}"),
        Column("calibrated on others", "{:.3f}"),
        Column("accuracy then", "{:.3f}"),
        *(Column(f"{count} own parcels", _SPREAD) for count in COUNTS),
    )
    return Table("seasons", columns, tuple(rows))


def _mean(values: Iterable[float]) -> float:
    return float(spread(list(values))["mean"])


def _listed(texts: Iterable[str]) -> str:
    *first, last = texts
    return f"{', '.join(first)} and {last}"
