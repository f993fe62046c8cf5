"""The tables of the comparison, from the outcomes that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ..results import Cell, Column, Heading, Part, Table, Text, spread
from .entrants import ENTRANTS, Entrant
from .figures import Figure, Outcome, Outcomes, best, confusion, mean_f1, parcel_oa, pixel_oa, task
from .square import SHARE_OF

SPREAD = "{mean:.3f} ({low:.3f}..{high:.3f})"
_FIGURES: tuple[tuple[str, Figure], ...] = (("pixel OA", pixel_oa), ("mean F1", mean_f1))
_LIMIT = (
    " {%s_unknown} px are of crops that no parcel of the other side has: at best the pixel OA is {%s_best_oa:.3f} and "
    "the mean F1 {%s_best_f1:.3f}."
)


def everyone(outcomes: Outcomes) -> Iterator[Part]:
    """A table a direction: every entrant. Its sentences name facts, see `facts`."""
    columns = (
        Column(""),
        Column("series"),
        Column("parameters", "{:,}"),
        *(Column(title, SPREAD) for title in ("pixel OA", "parcel OA", "mean F1")),
        Column("seeds"),
    )
    for side in SHARE_OF:
        yield Heading(f"{side.capitalize()}ern parcels held out", 3)
        told = task(outcomes, side)
        if told:
            limit = _LIMIT % ((side,) * 3) if told["unknown"] else ""
            yield Text(f"{{{side}_pixels}} px of {{{side}_crops}} crops.{limit}")
        yield Table(
            f"{side} held out", columns, tuple(_row(e, outcomes.get((e.name, side, 1.0), [])) for e in ENTRANTS)
        )
        if sentence := _verdict(outcomes, side):
            yield Text(sentence)


def facts(outcomes: Outcomes) -> dict[str, float]:
    return {f"{side}_{name}": value for side in SHARE_OF for name, value in task(outcomes, side).items()}


def _row(entrant: Entrant, here: Sequence[Outcome]) -> tuple[Cell, ...]:
    size = (here[0]["parameters"] or None) if here else None
    figures = (_cell(here, figure) for figure in (pixel_oa, parcel_oa, mean_f1))
    return (entrant.title, entrant.series, size, *figures, len(here))


def _verdict(outcomes: Outcomes, side: str) -> str:
    networks = [e for e in ENTRANTS if not e.forest]
    first, rival = (best(outcomes, side, each) for each in (networks, [e for e in ENTRANTS if e.forest]))
    if not (first and rival):
        return ""
    word = "above" if first[1] > rival[1] else "below"
    return (
        f"Best network: {first[0].title}, {first[0].series} ({first[1]:.3f}), {word} the best forest, "
        f"{rival[0].title}, {rival[0].series} ({rival[1]:.3f}), by the mean of pixel OA."
    )


def ablation(outcomes: Outcomes) -> Table:
    names = ("model_1", "model_3", "model_7", "model_9")
    return _by_side("ablation", outcomes, [e for e in ENTRANTS if e.name in names], lambda e: e.title)


def modalities(outcomes: Outcomes) -> Table:
    chosen = [e for e in ENTRANTS if e.network == "attention_3dcnn" or e.trees]
    return _by_side("modalities", outcomes, chosen, lambda e: f"{e.title}, {e.series}")


def _by_side(name: str, outcomes: Outcomes, chosen: Iterable[Entrant], title: Callable[[Entrant], str]) -> Table:
    columns = [Column(f"{figure}, {side} held out", SPREAD) for side in SHARE_OF for figure, _ in _FIGURES]
    rows: list[tuple[Cell, ...]] = []
    for e in chosen:
        each = [outcomes.get((e.name, side, 1.0), []) for side in SHARE_OF]
        rows.append((title(e), *(_cell(here, figure) for here in each for _, figure in _FIGURES)))
    return Table(name, (Column(""), *columns), tuple(rows))


def label_efficiency(outcomes: Outcomes, shares: Sequence[float]) -> Table:
    columns = [Column(f"{figure} at {share:.0%}", SPREAD) for share in (*shares, 1) for figure, _ in _FIGURES]
    rows: list[tuple[Cell, ...]] = []
    for e in ENTRANTS:
        if e.thinned:
            each = [outcomes.get((e.name, "south", float(share)), []) for share in (*shares, 1)]
            rows.append((e.title, e.series, *(_cell(here, figure) for here in each for _, figure in _FIGURES)))
    return Table("fewer parcels", (Column(""), Column("series"), *columns), tuple(rows))


def cloud_robustness(outcomes: Outcomes, rates: Sequence[float]) -> Iterator[Table]:
    """Pixel accuracy without a share of the optical dates, in both directions."""
    for side in SHARE_OF:
        columns = Column(f"{side} held out"), Column("series"), *(Column(f"{r:g} dropped", SPREAD) for r in (0, *rates))
        rows: list[tuple[Cell, ...]] = []
        for e in ENTRANTS:
            if e.gaps:
                here = outcomes.get((e.name, side, 1.0), [])
                rows.append((e.title, e.series, _cell(here, pixel_oa), *(_gaps(here, rate) for rate in rates)))
        yield Table(f"fewer optical dates, {side} held out", columns, tuple(rows))


def _gaps(here: Sequence[Outcome], rate: float) -> Cell:
    drawn = [found for outcome in here for found in outcome.get("gaps", {}).get(str(rate), [])]
    mapped = [found for found in drawn if confusion(found).total]
    return _cell(mapped, pixel_oa) if mapped else "no map" if drawn else None


def _cell(here: Sequence[Outcome], figure: Figure) -> Cell:
    return spread([figure(outcome) for outcome in here]) if here else None
