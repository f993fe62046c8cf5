"""How well a temperature of one season calibrates others, as results."""

from __future__ import annotations

from collections.abc import Sequence

from ..results import Cell, Column, Results, Table, Text, spread
from .study import Fitted

TARGET = 0.02
_ABOUT = (
    "Expected calibration error (ECE, 15 bins) of the shipped model {model}, which was trained on none of these "
    "simulated seasons: every third pixel of the parcels along rows and columns. Each season in turn fits a "
    "temperature; the others are scaled by it: mean, least and largest. Last: its own ECE by one temperature of the "
    "other three together."
)
_TOLD = (
    "On the other seasons ECE is {before:.3f} before and {after:.3f} after in the mean; {reached} of {pairs} pairs of "
    "seasons reach the target of {target:g}; by the temperature of three seasons the fourth has {pooled:.3f}. The "
    "seasons ask for different temperatures, and even the own one leaves more than the target on three of four."
)
_SPREAD = "{mean:.3f} ({low:.3f} to {high:.3f})"


def results(found: Sequence[Fitted], model: str, by: str) -> Results:
    before = [error for fitted in found for error in fitted.others_before]
    after = [error for fitted in found for error in fitted.others]
    facts: dict[str, float | int | str] = {"model": model, "target": TARGET, "pairs": len(after)}
    facts |= {"before": spread(before)["mean"], "after": spread(after)["mean"]}
    facts["pooled"] = spread([fitted.by_others for fitted in found])["mean"]
    facts["reached"] = sum(error <= TARGET for error in after)
    return Results("Calibration", by, (Text(_ABOUT), _table(found), Text(_TOLD)), facts)


def _table(found: Sequence[Fitted]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for f in found:
        who = f"seed {f.season.seed}, {f.season.year}"
        rows.append(
            (who, f.accuracy, f.temperature, f.before, f.own, spread(f.others_before), spread(f.others), f.by_others)
        )
    columns = (
        Column("fitted on"),
        Column("its accuracy", "{:.3f}"),
        Column("temperature", "{:.2f}"),
        Column("its ECE before", "{:.3f}"),
        Column("its ECE after", "{:.3f}"),
        Column("ECE of the others before", _SPREAD),
        Column("after", _SPREAD),
        Column("its own by the others'", "{:.3f}"),
    )
    return Table("calibration", columns, tuple(rows))
