"""How soon the wrong parcels are found, as results."""

from __future__ import annotations

from collections.abc import Sequence

from ..results import Cell, Column, Heading, Part, Results, Table, Text, spread
from .study import CALIBRATING, SEEDS, SHARES, WRONG_DECLARED, Reviewed

_ABOUT = (
    "Share of the wrong parcels that lie in the first part of a list, over all that are wrong; and the same of their "
    "hectares. A parcel is wrong where most of it is mapped as another crop than the one it was simulated with. "
    "Confidence alone: the mean probability of the mapped crop, the least first. With declarations: those of "
    "{wrong:.0%} of the parcels were changed to another crop at random; mean, least and largest of {seeds} draws."
)
_MAPS = (
    "The maps are of the shipped model {model}, as it comes and calibrated on {calibrating} other simulated "
    "seasons: that makes another map, whose own errors are counted. What is listed by units without declarations "
    "is the order of confidence, calibrated or not: only weighed against hectares or a declaration does it matter"
    " how sure is meant. With declarations the first fifth of the list holds {before:.0%} of the wrong parcels of"
    " the demo's season as the model comes, {after:.0%} calibrated."
)
_SPREAD = "{mean:.0%} ({low:.0%} to {high:.0%})"
_COUNTED = Column("list"), *(Column(f"first {share:.0%}", _SPREAD) for share in SHARES)


def results(found: Sequence[Reviewed], model: str, by: str) -> Results:
    parts: list[Part] = [Text(_ABOUT), Text(_MAPS)]
    for season in found:
        how = ", calibrated" if season.calibrated else ""
        head = f"{season.season.title}{how}: {season.wrong} of {season.parcels} parcels are wrong"
        parts += [Heading(head), _table(season, "errors", "parcels"), _table(season, "hectares", "hectares")]
    facts: dict[str, float | int | str] = {"wrong": WRONG_DECLARED, "seeds": len(SEEDS), "model": model}
    facts |= {"calibrating": len(CALIBRATING), "before": _early(found[0]), "after": _early(found[1])}
    return Results("The order of a review", by, tuple(parts), facts)


def _early(season: Reviewed) -> float:
    """Share of the wrong parcels in the first fifth, by units with declarations."""
    lists = [order.errors[1] for order in season.orders if order.title == "review_list by units, with declarations"]
    return float(spread(lists)["mean"])


def _table(season: Reviewed, kind: str, counted: str) -> Table:
    titles = dict.fromkeys(order.title for order in season.orders)
    rows: list[tuple[Cell, ...]] = []
    for title in titles:
        lists = [getattr(order, kind) for order in season.orders if order.title == title]
        rows.append((title, *(_cell(values) for values in zip(*lists, strict=True))))
    columns = (Column(f"list; share of the wrong {counted}"), *_COUNTED[1:])
    which = "calibrated " if season.calibrated else ""
    return Table(f"{season.season.seed} {which}{counted}", columns, tuple(rows))


def _cell(values: Sequence[float]) -> Cell:
    return spread(values) if len(values) > 1 else f"{values[0]:.0%}"
