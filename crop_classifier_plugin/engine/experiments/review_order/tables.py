"""How soon the wrong parcels are found, as results."""

from __future__ import annotations

from collections.abc import Sequence

from ..results import Cell, Column, Heading, Part, Results, Table, Text, spread
from .study import SEEDS, SHARES, WRONG_DECLARED, Reviewed

_ABOUT = (
    "Share of the wrong parcels that lie in the first part of a list, over all that are wrong; and the same of their "
    "hectares. A parcel is wrong where most of it is mapped as another crop than the one it was simulated with. "
    "Confidence alone: the mean probability of the mapped crop, the least first. With declarations: those of "
    "{wrong:.0%} of the parcels were changed to another crop at random; mean, least and largest of {seeds} draws."
)
_SPREAD = "{mean:.0%} ({low:.0%} to {high:.0%})"
_COUNTED = Column("list"), *(Column(f"first {share:.0%}", _SPREAD) for share in SHARES)


def results(found: Sequence[Reviewed], model: str, by: str) -> Results:
    parts: list[Part] = [Text(_ABOUT), Text(f"The maps are of the shipped model {model}.")]
    for season in found:
        head = f"{season.season.title}: {season.wrong} of {season.parcels} parcels are wrong"
        parts += [Heading(head), _table(season, "errors", "parcels"), _table(season, "hectares", "hectares")]
    facts = {"wrong": WRONG_DECLARED, "seeds": len(SEEDS)}
    return Results("The order of a review", by, tuple(parts), facts)


def _table(season: Reviewed, kind: str, counted: str) -> Table:
    titles = dict.fromkeys(order.title for order in season.orders)
    rows: list[tuple[Cell, ...]] = []
    for title in titles:
        lists = [getattr(order, kind) for order in season.orders if order.title == title]
        rows.append((title, *(_cell(values) for values in zip(*lists, strict=True))))
    columns = (Column(f"list; share of the wrong {counted}"), *_COUNTED[1:])
    return Table(f"{season.season.seed} {counted}", columns, tuple(rows))


def _cell(values: Sequence[float]) -> Cell:
    return spread(values) if len(values) > 1 else f"{values[0]:.0%}"
