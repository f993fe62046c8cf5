"""What fused images added to a crop map, as results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..results import Cell, Column, Results, Table, Text
from ..tsstfn.simulated_place import BATCH, EPOCHS, LEARNT, USED
from .study import PIXELS, SIDE, SPLITS

_ABOUT = (
    f"A simulated place of {SIDE} x {SIDE} px of 10 m, {LEARNT} and {USED}, on the days of TSSTFN's paper (base images "
    f"without clouds; MODIS of 250 m every 16 days). TSSTFN (preset small, {EPOCHS} epochs, {BATCH} tiles a step) "
    f"learns {LEARNT} and never sees July or August of {USED}; STARFM has the pair of 25 June. Random forest as in the "
    f"paper (40 trees, depth 25, leaves of 20, 3 x 3 px), at most {PIXELS:,} pixels a class; kappa on the pixels of "
    f"held-out parcels, mean ± standard deviation of {SPLITS} splits, and the gain over the early season, split by "
    "split. Simulated crops: the order says something, the figures nothing about real fields."
)


def results(document: Mapping[str, Any], seconds: float, by: str) -> Results:
    """`document`: the report of the crop gain job; `seconds` of the whole run."""
    early, *rows = document["rows"]
    below = [row["name"] for row in rows if row["gain"]["mean"] < 0]
    parts = (
        Text("One run."),
        Text(_ABOUT),
        Text("Early season ({early_dates} dates to 25 June): **{early_mean:.3f} ± {early_sd:.3f}**"),
        _table(rows),
        Text("{verdict} Tested pixels a split: {tested}. The whole run took {minutes:.0f} minutes."),
    )
    facts = {
        "early_dates": len(document["early_dates"]),
        "early_mean": early["kappa"]["mean"],
        "early_sd": early["kappa"]["sd"],
        "verdict": f"Below the early season: {'; '.join(below)}."
        if below
        else "Every line is at or above the early season.",
        "tested": ", ".join(f"{n:,}" for n in document["pixels"]["tested"]),
        "minutes": seconds / 60,
    }
    return Results("Crop gain", by, parts, facts)


def _table(rows: list[dict[str, Any]]) -> Table:
    strategies = list(dict.fromkeys(row["strategy"] for row in rows))
    days = sorted({tuple(row["dates"]) for row in rows}, key=lambda d: (len(d), d))
    cells = {(row["strategy"], tuple(row["dates"])): _cell(row) for row in rows}
    columns = Column("early season and"), *(Column(s, "{kappa:.3f} ± {sd:.3f} ({gain:+.3f})") for s in strategies)
    return Table("kappa", columns, tuple((" and ".join(d), *(cells[s, d] for s in strategies)) for d in days))


def _cell(row: dict[str, Any]) -> Cell:
    return {"kappa": row["kappa"]["mean"], "sd": row["kappa"]["sd"], "gain": row["gain"]["mean"]}
