"""What the recipes are worth, as results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ....shared.choices import RECIPES
from ....shared.networks import NETWORKS
from ..results import Cell, Column, Heading, Part, Results, Table, Text
from .study import FOREST, LEARNERS, SEASONS, Run, Season

ENOUGH = 0.95  # of the final mean F1
SHARES = (0.25, 0.5, 0.75, 1.0)  # of the time, at which the curves are read
_ABOUT = (
    "Every network (preset small) on simulated seasons of 512 x 512 px with eight crops, three dates and six bands, as "
    "the train job does it with all defaults, but with {minutes:g} min to learn, counted by the processor on one "
    "core. The paper's recipe was broken off after the same time and its best epoch so far made the model. Held out: "
    "30 % of the labelled area, scored on the map. The forest is the plugin's own; the majority class is what naming "
    "the commonest held-out crop everywhere would give. {done} of {all} runs are in the tables; one seed each."
)
_CURVE = (
    "How they learnt: the best validation mean F1 so far at shares of those minutes, and the processor's seconds until "
    "it reached 95 % of the best of the whole training."
)
Found = Mapping[Run, Mapping[str, Any]]


def results(found: Found, wanted: Sequence[Run], by: str) -> Results:
    facts: dict[str, float] = {"minutes": wanted[0].minutes, "done": len(found), "all": len(wanted)}
    parts: list[Part] = [Text(_ABOUT)]
    for season in SEASONS:
        here = {run: value for run, value in found.items() if run.season == season}
        if here:
            parts += _season(season, here)
    return Results("The recipes of the networks", by, tuple(parts), facts)


def _season(season: Season, found: Found) -> Iterator[Part]:
    yield Heading(f"{season.title} (seed {season.seed}, {season.year})")
    yield _accuracy(season, found)
    yield Text(_CURVE)
    yield _curves(season, found)


def _accuracy(season: Season, found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (NETWORKS[run.network].name, run.recipe, value["oa"], value["mean_f1"]) for run, value in _of_networks(found)
    ]
    for run, value in found.items():
        if run.network == FOREST:
            rows += [("Random forest", "", value["oa"], value["mean_f1"]), ("Majority class", "", value["share"], None)]
    columns = Column(""), Column("recipe"), Column("held-out OA", "{:.3f}"), Column("held-out mean F1", "{:.3f}")
    return Table(f"accuracy, seed {season.seed}", columns, tuple(rows))


def _curves(season: Season, found: Found) -> Table:
    rows = []
    for run, value in _of_networks(found):
        curve = [(seconds, score) for seconds, score in value["curve"] if score is not None]
        at = [best_until(curve, 60 * run.minutes * share) for share in SHARES]
        rows.append((NETWORKS[run.network].name, run.recipe, *at, time_to(curve), len(curve)))
    marks = [Column(f"after {share:.0%}", "{:.3f}") for share in SHARES]
    columns = Column(""), Column("recipe"), *marks, Column("seconds to 95 %", "{:.0f}"), Column("epochs", "{:.0f}")
    return Table(f"curves, seed {season.seed}", columns, tuple(rows))


def _of_networks(found: Found) -> list[tuple[Run, Mapping[str, Any]]]:
    """In the order of the catalogue, the default recipe above the paper's."""
    order = {name: number for number, name in enumerate(LEARNERS)}
    kinds = list(RECIPES)
    of_networks = [(run, value) for run, value in found.items() if run.network in order]
    return sorted(of_networks, key=lambda pair: (order[pair[0].network], kinds.index(pair[0].recipe)))


def best_until(curve: Sequence[tuple[float, float]], seconds: float) -> float | None:
    """The best score of a curve up to a time, with the end of an epoch that is under way; None before the first."""
    scores = [score for at, score in curve if at <= 1.1 * seconds]
    return max(scores) if scores else None


def time_to(curve: Sequence[tuple[float, float]], share: float = ENOUGH) -> float | None:
    """Seconds until a curve reaches a share of its best score; None of an empty one."""
    best = max((score for _, score in curve), default=None)
    return next((at for at, score in curve if score >= share * best), None) if best is not None else None
