"""The report of a crop gain: one document, written as JSON, CSV and HTML, so that all three say the same."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....shared.jobs.fusion import CropGainJob
from ....shared.metrics import METRICS
from ...accuracy.confusion import Confusion
from ...execution.outputs import Outputs
from ...reporting.charts import Axis, Drawing, Margins
from ...reporting.csv_table import CsvTable
from ...reporting.json_file import write_json
from ...reporting.templates import template
from .features import GainImages, Row
from .pixel_sampling import Census, Draw

LEAK = (
    "LEAKING SPLIT: pixels are parted at random, so neighbours of tested pixels are learnt from and their values are "
    "among the features. These figures are too high and say nothing about new fields; they only compare with papers "
    "that split so."
)
_SPLITS = {
    "parcel": "whole {unit} are held out",
    "block": "whole blocks of {block} pixels are held out",
    "pixel": "random pixels are held out (LEAKS)",
}
_COLOURS = ("#3f88c5", "#e3b505", "#4f9d4e", "#c8553d", "#7b4b94", "#2ca9a1", "#8c5e3c", "#e377c2")
_EARLY = "#7f8c85"
_HIGH, _STEP = 220, 34  # of the chart, and from bar to bar


@dataclass(frozen=True, eq=False)
class Line:
    """A line of the table: one confusion matrix a seed."""

    row: Row
    tests: tuple[Confusion, ...]

    def values(self, figure: str) -> list[float]:
        return [test.figures()[figure] for test in self.tests]

    @property
    def kappa(self) -> float:
        return mean(self.values("kappa"))


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything that was measured. The first line is the early season."""

    job: CropGainJob
    images: GainImages
    census: Census
    lines: tuple[Line, ...]
    draws: tuple[Draw, ...]
    untested: tuple[str, ...]
    labels_simulated: bool

    @property
    def early(self) -> Line:
        return self.lines[0]

    @property
    def best(self) -> Line:
        return max(self.lines, key=lambda line: line.kappa if line.kappa == line.kappa else -math.inf)

    @property
    def leaks(self) -> bool:
        return self.job.split.method == "pixel"

    def gains(self, line: Line) -> list[float]:
        """Kappa above the early season's, seed by seed: both saw the same pixels."""
        return [a - b for a, b in zip(line.values("kappa"), self.early.values("kappa"))]

    def document(self) -> dict[str, Any]:
        """The report as JSON knows it; undefined figures are None."""
        job, census = self.job, self.census
        counts = census.counts.sum(axis=0).tolist()
        return {
            "index": job.index,
            "simulated": self.images.simulated or self.labels_simulated,
            "split": job.split.method,
            "leaks": self.leaks,
            "warning": LEAK if self.leaks else "",
            "split_rule": _split_rule(job),
            "held_out": job.split.held_out,
            "seeds": list(range(job.seed, job.seed + job.seeds)),
            "forest": {**asdict(job.forest), "pixels_a_class": job.split.pixels},
            "features": "3 x 3 values of every date",
            "early_dates": [str(day) for day in self.images.early_dates],
            "predictions": [
                {"strategy": p.strategy, "date": str(p.date), "path": p.path} for p in self.images.predicted
            ],
            "labels": job.labels.path,
            "pixels": {
                "labelled": census.labelled,
                "with_a_value_on_every_date": sum(counts),
                "learnt_from": [len(d.train) for d in self.draws],
                "tested": [len(d.test) for d in self.draws],
            },
            "classes": [{"name": n, "pixels": c} for n, c in zip(census.classes, counts) if c],
            "classes_never_both_learnt_and_tested": list(self.untested),
            "rows": [self._row(line) for line in self.lines],
            "verdict": self.verdict(),
        }

    def _row(self, line: Line) -> dict[str, Any]:
        row = {"name": line.row.name, "strategy": line.row.strategy, "dates": [str(d) for d in line.row.dates]}
        figures = {figure: _told(line.values(figure)) for figure in figure_names()}
        return {**row, **figures, "gain": _told(self.gains(line))}

    def verdict(self) -> str:
        if not any(line.row.strategy for line in self.lines):
            return ""
        below = [line.row.name for line in self.lines[1:] if not mean(self.gains(line)) >= 0]
        first = f"Early season: kappa {self.early.kappa:.4f}. Best: {self.best.row.name}, {self.best.kappa:.4f}."
        if below:
            return f"{first} Below the early season: {'; '.join(below)}."
        return f"{first} Every prediction is at or above the early season."

    def told(self) -> list[str]:
        """A line of the log a row, and the verdict."""
        rows = [f"{r['name']}: kappa {_both(r['kappa'])}, gain {_both(r['gain'])}" for r in self.document()["rows"]]
        return [*rows, self.verdict()]


def _split_rule(job: CropGainJob) -> str:
    unit = "parcels" if job.labels.class_field or job.labels.layer else "connected regions"
    return _SPLITS[job.split.method].format(block=job.split.block, unit=unit)


def figure_names() -> tuple[str, ...]:
    """Kappa first, which TSSTFN's paper tells."""
    return ("kappa", *(key for key in METRICS if key != "kappa"))


def mean(values: list[float]) -> float:
    return float(np.mean(values))


def _told(values: list[float]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds (of one seed there is none), and each seed's value."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return {"mean": _defined(mean(values)), "sd": _defined(spread), "values": [_defined(v) for v in values]}


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _both(told: dict[str, Any]) -> str:
    first = "–" if told["mean"] is None else f"{told['mean']:.4f}"
    return first if told["sd"] is None else f"{first} ± {told['sd']:.4f}"


def write_reports(facts: Facts, job: CropGainJob, out: Outputs) -> None:
    document = facts.document()
    write_json(out, job.report_json, document)
    out.write_text(job.report_csv, to_csv(document))
    out.write_text(job.report_html, to_html(document))


def to_csv(document: dict[str, Any]) -> str:
    """A line a row of the table; empty = undefined."""
    table = CsvTable()
    names = (*figure_names(), "gain")
    figures = [f"{name}_{part}" for name in names for part in ("mean", "sd")]
    table.writerow(["strategy", "dates", *figures, "seeds", "split", "leaks", "simulated"])
    for row in document["rows"]:
        cells = ["" if (v := row[name][part]) is None else f"{v:.6f}" for name in names for part in ("mean", "sd")]
        marks = ["yes" if document[mark] else "no" for mark in ("leaks", "simulated")]
        days = " + ".join(row["dates"])
        table.writerow(
            [row["strategy"] or "early season", days, *cells, len(document["seeds"]), document["split"], *marks]
        )
    return table.text


def to_html(document: dict[str, Any]) -> str:
    """One page without scripts or outside files."""
    page = template("gain.html.j2", Path(__file__).parent, both=_both)
    return page.render(
        d=document,
        table=_table(document),
        chart=_chart(document),
        figures={key: METRICS[key].name for key in figure_names()},
    )


def _table(document: dict[str, Any]) -> dict[str, Any]:
    """As the paper's: predicted dates down, strategies across."""
    rows = document["rows"][1:]
    strategies = list(dict.fromkeys(r["strategy"] for r in rows))
    dates = sorted({tuple(r["dates"]) for r in rows}, key=lambda d: (len(d), d))
    cells = {(r["strategy"], tuple(r["dates"])): r for r in rows}
    lines = [{"dates": " + ".join(d), "cells": [cells.get((s, d)) for s in strategies]} for d in dates]
    return {"strategies": strategies, "lines": lines}


def _chart(document: dict[str, Any]) -> Drawing:
    """Bars of mean kappa with one standard deviation on either side, from the highest round figure below them all."""
    rows = [r for r in document["rows"] if r["kappa"]["mean"] is not None]
    low = min((r["kappa"]["mean"] - (r["kappa"]["sd"] or 0) for r in rows), default=0.0)
    high = max((r["kappa"]["mean"] + (r["kappa"]["sd"] or 0) for r in rows), default=1.0)
    floor, top = math.floor(low * 10 - 0.5) / 10, math.ceil(high * 10) / 10
    up = Axis(floor, max(top, floor + 0.1), _HIGH, upright=True)
    below = 20 + 6.5 * max((len(r["name"]) for r in rows), default=0)  # room for the names, which stand upright
    width = _STEP * len(rows) + 16
    drawing = Drawing(width, _HIGH, Margins(40, 12, 10, below), "Kappa of every line")
    drawing.size(max(width + 50, 360))
    steps = np.arange(floor, top + 0.05, 0.1).round(1).tolist()
    drawing.grid([(up(value), f"{value:.1f}") for value in steps], beside=6)
    order = list(dict.fromkeys(r["strategy"] for r in rows if r["strategy"]))
    for number, row in enumerate(rows):
        colour = _COLOURS[order.index(row["strategy"]) % len(_COLOURS)] if row["strategy"] else _EARLY
        _add_bar(drawing, up, 8 + _STEP * number, row, colour)
    early = up(rows[0]["kappa"]["mean"]) if rows else 0
    drawing.add("path", d=f"M0 {early:g}H{width}", stroke="#1d2a21", stroke_dasharray="4 3")
    return drawing


def _add_bar(drawing: Drawing, up: Axis, x: int, row: dict[str, Any], colour: str) -> None:
    """A line's bar with its whisker and its name below it."""
    value, spread = row["kappa"]["mean"], row["kappa"]["sd"] or 0
    title, height = f"{row['name']}: {_both(row['kappa'])}", max(round(_HIGH - up(value), 1), 0)
    drawing.add("rect", title=title, x=x, y=up(value), width=24, height=height, fill=colour)
    drawing.whisker(x + 12, up(value + spread), up(value - spread))
    drawing.add("text", row["name"], transform=f"translate({x + 16} {_HIGH + 8}) rotate(90)")
