"""The report of a diagnosis: one document, written as JSON, CSV and HTML, so that all three say the same."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ....shared.jobs.accuracy import DiagnoseJob
from ....shared.legend import CropClass, plain
from ....shared.metrics import METRICS
from ...execution.outputs import Outputs
from ...raster.grid import Grid
from ...reporting.json_file import write_json
from ...reporting.templates import decimal, defined, percent
from ..calibration.reliability import Reliability
from ..class_rows import class_row
from ..confusion import RULE, Confusion, Scores
from .comparison import Excluded
from .findings.blocks import RULE as INTERVALS
from .findings.findings import Findings, place_of
from .findings.holes import FILLING
from .findings.parcels import ParcelCounts
from .findings.verdict import RULE as VERDICTS
from .findings.verdict import Verdict, verdict_of
from .report_csv import to_csv
from .report_page import Pictures, to_html

_MOST_UNMAPPED = 10  # parcels without a map that are named (choice)


@dataclass(frozen=True)
class ClassArea:
    """What counting the pixels of the whole map gives for a class: no estimate of the crop's area."""

    code: int
    name: str
    colour: str
    pixels: int
    hectares: float | None  # None in a system without an ellipsoid


@dataclass(frozen=True)
class LegendUse:
    """How the classes of a comparison stand to the map's legend."""

    source: str  # where the legend stands
    absent: tuple[str, ...]  # of the legend, but neither side has them
    missing: tuple[str, ...]  # of the reference, but the map never names them: they count as wrong
    areas: tuple[ClassArea, ...] = ()  # of the map's classes


@dataclass(frozen=True)
class Compared:
    """The two sides of a comparison, and how it was asked for."""

    class_map: str
    reference: str
    notes: tuple[str, ...]
    simulated: bool  # map or reference
    job: dict[str, Any]
    made: dict[str, Any]  # when, in how many seconds, by which packages


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything that a diagnosis found. `classes` are those of the confusion matrix, in its order."""

    compared: Compared
    legend: LegendUse
    grid: Grid
    classes: tuple[CropClass, ...]
    all_names: tuple[str, ...]  # of all compared classes, by the findings' positions
    confusion: Confusion
    excluded: Excluded
    layers: tuple[str, ...]
    findings: Findings
    reliability: Reliability | None = None  # where the map's confidence was given

    @cached_property
    def overall(self) -> dict[str, float | int | None]:
        figures = self.confusion.figures()
        return {key: defined(value) for key, value in figures.items()} | {"pixels": self.confusion.total}

    @cached_property
    def verdict(self) -> Verdict:
        return verdict_of([crop.name for crop in self.classes], self.confusion)

    @property
    def headline(self) -> str:
        figures = ", ".join(f"{m.name} {decimal(self.overall[key])}" for key, m in METRICS.items() if key != "oa")
        return (
            f"Map and reference agree on {percent(self.overall['oa'])} of {self.confusion.total:,} compared pixels "
            f"({figures})."
        )

    def document(self) -> dict[str, Any]:
        """The whole report as JSON knows it; undefined figures are None."""
        rows = [self._row(k, s) for k, s in enumerate(self.confusion.scores())]
        return {
            "map": self.compared.class_map,
            "map_legend_from": self.legend.source,
            "simulated": self.compared.simulated,
            "reference": self.compared.reference,
            "grid": self._grid(),
            "verdict": asdict(self.verdict) | {"rule": VERDICTS},
            "overall": self.overall,
            "axes": {"rows": "reference", "columns": "map"},
            "intervals": self._intervals(),
            "classes": rows,
            "matrix": self.confusion.n.tolist(),
            "pixel_counting": [asdict(area) | {"estimate": self._estimate(area.name)} for area in self.legend.areas],
            "mean_over": [row["name"] for row in rows if row["reference"]],
            "in_neither": list(self.legend.absent),
            "not_in_map": list(self.legend.missing),
            "largest_confusions": self._confusions(),
            "look_first": {"sure": self.findings.sure, "regions": self._regions()},
            "parcels": self._parcels(self.findings.parcels),
            "holes": self.holes(),
            "rule": RULE,
            "excluded": asdict(self.excluded)
            | {"outside_legend": [{"value": v, "pixels": n} for v, n in self.excluded.outside_legend]},
            "calibration": self._calibration(),
            "notes": list(self.compared.notes),
            "class_layers": list(self.layers),
            "job": self.compared.job,
            "map_record": self.findings.record,
            "made": self.compared.made,
        }

    def _grid(self) -> dict[str, Any]:
        crs, size = self.grid.crs, {"width": self.grid.width, "height": self.grid.height}
        unit = "degree" if crs.is_geographic else crs.linear_units
        return {"crs": crs.to_string(), "unit": unit, "pixel": list(self.grid.pixel), **size}

    def _calibration(self) -> dict[str, Any] | None:
        if self.reliability is None:
            return None
        return {"expected_error": defined(self.reliability.error), "bins": self.reliability.rows()}

    def _row(self, place: int, scores: Scores) -> dict[str, Any]:
        """Of a class that the map never names the code is None."""
        crop, intervals = self.classes[place], self.findings.intervals
        row = class_row(crop, scores)
        if crop.name in self.legend.missing:
            row["code"] = None
        for figure in ("recall", "precision", "f1"):
            low, high = getattr(intervals, figure)[place].tolist()
            row[f"{figure}_interval"] = None if np.isnan(low) else [low, high]
        return row

    def _intervals(self) -> dict[str, Any]:
        found = self.findings.intervals
        overall = None if np.isnan(found.overall[0]) else list(found.overall)
        return {"oa": overall, "square_px": found.side, "squares": found.blocks, "rule": INTERVALS}

    def _estimate(self, name: str) -> dict[str, float | None] | None:
        """Hectares of a class by the area estimate, with half of their interval."""
        return (self.findings.estimate or {}).get(plain(name))

    def _confusions(self) -> list[dict[str, Any]]:
        reference = {crop.name: count for crop, count in zip(self.classes, self.confusion.reference)}
        return [
            {
                "reference": (name := self.all_names[each.reference]),
                "map": self.all_names[each.mapped],
                "pixels": each.pixels,
                "share": each.pixels / reference[name],
                "densest": {"pixels": each.here, **place_of(self.grid, *each.place)},
            }
            for each in self.findings.mistakes
        ]

    def _regions(self) -> list[dict[str, Any]]:
        return [
            {
                "reference": self.all_names[each.reference],
                "map": self.all_names[each.mapped],
                "pixels": each.pixels,
                "hectares": defined(each.hectares),
                "confidence": each.confidence,
                **place_of(self.grid, each.row, each.col),
            }
            for each in self.findings.regions
        ]

    def _parcels(self, found: ParcelCounts | None) -> dict[str, Any] | None:
        if found is None:
            return None
        figures = found.confusion.figures()
        named = [{"pixels": n, **place_of(self.grid, r, c)} for r, c, n in found.unmapped[:_MOST_UNMAPPED]]
        return {
            "parcels": found.total,
            "with_map": found.confusion.total,
            "right": sum(found.confusion.hits),
            "without_map": len(found.unmapped),
            "largest_without_map": named,
            "overall": {key: defined(value) for key, value in figures.items()},
        }

    def holes(self) -> dict[str, Any]:
        """What the map says nothing of, and what would fill it."""
        holes, record = self.findings.holes, self.findings.record or {}
        told = record.get("no_data", {}).get("advice")
        found = self.findings.parcels
        return {
            "pixels": holes.pixels,
            "share": defined(holes.share),
            "hectares": defined(holes.hectares),
            "parcels": None if found is None else len(found.unmapped),
            "filling": told if isinstance(told, str) else FILLING,
        }


def write_reports(facts: Facts, job: DiagnoseJob, picture: str, out: Outputs) -> None:
    """The document at the three places that the job names; `picture` is the agreement layer's data URI."""
    document = facts.document()
    write_json(out, job.report_json, document)
    out.write_text(job.report_csv, to_csv(document))
    pictures = Pictures(picture, facts.findings.picture, tuple(each.picture for each in facts.findings.mistakes))
    out.write_text(job.report_html, to_html(document, facts.headline, pictures, facts.reliability))
