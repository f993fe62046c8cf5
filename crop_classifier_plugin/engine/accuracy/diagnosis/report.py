"""The report of a diagnosis: one document, written as JSON, CSV and HTML, so that all three say the same."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ....shared.jobs.accuracy import DiagnoseJob
from ....shared.legend import CropClass
from ....shared.metrics import METRICS
from ...execution.outputs import Outputs
from ...raster.grid import Grid
from ...reporting.charts import Drawing
from ...reporting.json_file import write_json
from ...reporting.templates import decimal, defined, percent, template
from ..calibration import Reliability
from ..confusion import RULE, Confusion, Scores
from .comparison import Excluded
from .confidence import diagram
from .error_layers import AGREEMENT, OUTCOMES
from .more_layers import SURENESS
from .preview import NOT_COMPARED

FIGURES = ("precision", "recall", "f1", "iou")
COUNTS = ("reference", "mapped", "tp", "fp", "fn", "tn")
_KAPPA_WORDS = ((0.8, "almost perfect"), (0.6, "substantial"), (0.4, "moderate"), (0.2, "fair"), (0.0, "slight"))
_MOST_CONFUSIONS = 5


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
class Facts:
    """Everything that a diagnosis found. `classes` are those of the confusion matrix, in its order."""

    class_map: str
    reference: str
    legend: LegendUse
    grid: Grid
    classes: tuple[CropClass, ...]
    confusion: Confusion
    excluded: Excluded
    notes: tuple[str, ...]
    layers: tuple[str, ...]
    simulated: bool  # map or reference
    job: dict[str, Any]
    reliability: Reliability | None = None  # where the map's confidence was given

    @cached_property
    def overall(self) -> dict[str, float | int | None]:
        figures = self.confusion.figures()
        return {key: defined(value) for key, value in figures.items()} | {"pixels": self.confusion.total}

    @property
    def headline(self) -> str:
        figures = ", ".join(f"{m.name} {decimal(self.overall[key])}" for key, m in METRICS.items() if key != "oa")
        return (
            f"Map and reference agree on {percent(self.overall['oa'])} of {self.confusion.total:,} compared pixels "
            f"({figures})."
        )

    def document(self) -> dict[str, Any]:
        """The whole report as JSON knows it; undefined figures are None."""
        width, height = self.grid.pixel
        rows = [self._row(c, s) for c, s in zip(self.classes, self.confusion.scores())]
        return {
            "map": self.class_map,
            "map_legend_from": self.legend.source,
            "simulated": self.simulated,
            "reference": self.reference,
            "grid": {
                "crs": self.grid.crs.to_string(),
                "unit": "degree" if self.grid.crs.is_geographic else self.grid.crs.linear_units,
                "pixel": [width, height],
                "width": self.grid.width,
                "height": self.grid.height,
            },
            "overall": self.overall,
            "axes": {"rows": "reference", "columns": "map"},
            "classes": rows,
            "matrix": self.confusion.n.tolist(),
            "pixel_counting": [asdict(area) for area in self.legend.areas],
            "mean_over": [row["name"] for row in rows if row["reference"]],
            "in_neither": list(self.legend.absent),
            "not_in_map": list(self.legend.missing),
            "largest_confusions": _confusions(self.classes, self.confusion),
            "rule": RULE,
            "excluded": {
                "map_no_data": self.excluded.map_no_data,
                "reference_no_data": self.excluded.reference_no_data,
                "disputed": self.excluded.disputed,
                "outside_area": self.excluded.outside_area,
                "edges": self.excluded.edges,
                "edges_right": self.excluded.edges_right,
                "outside_legend": [{"value": v, "pixels": n} for v, n in self.excluded.outside_legend],
            },
            "calibration": self._calibration(),
            "notes": list(self.notes),
            "class_layers": list(self.layers),
            "job": self.job,
        }

    def _calibration(self) -> dict[str, Any] | None:
        if self.reliability is None:
            return None
        return {"expected_error": defined(self.reliability.error), "bins": self.reliability.rows()}

    def _row(self, crop: CropClass, scores: Scores) -> dict[str, Any]:
        """Of a class that the map never names the code is None."""
        row = class_row(crop, scores)
        return row | {"code": None} if crop.name in self.legend.missing else row


def write_reports(facts: Facts, job: DiagnoseJob, picture: str, out: Outputs) -> None:
    """The document at the three places that the job names; `picture` is the agreement layer's data URI."""
    document = facts.document()
    write_json(out, job.report_json, document)
    out.write_text(job.report_csv, to_csv(document))
    chart = diagram(facts.reliability) if facts.reliability else None
    out.write_text(job.report_html, to_html(document, facts.headline, picture, chart))


def to_csv(document: dict[str, Any]) -> str:
    """Four tables, a blank line between them: confusion matrix, classes, hectares, overall. Empty = undefined."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    names = [row["name"] for row in document["classes"]]
    table.writerow(["reference \\ map", *names, "total"])
    for row, counts in zip(document["classes"], document["matrix"]):
        table.writerow([row["name"], *counts, row["reference"]])
    table.writerow(["total", *(row["mapped"] for row in document["classes"]), document["overall"]["pixels"]])
    table.writerow([])
    table.writerow(["code", "class", *COUNTS, *FIGURES])
    for row in document["classes"]:
        table.writerow([row["code"], row["name"], *(row[c] for c in COUNTS), *(_cell(row[f]) for f in FIGURES)])
    table.writerow([])
    table.writerow(["code", "class", "pixels of the whole map", "hectares by pixel counting"])
    for row in document["pixel_counting"]:
        table.writerow([row["code"], row["name"], row["pixels"], _cell(row["hectares"])])
    table.writerow([])
    table.writerow(["figure", "value"])
    for key, metric in METRICS.items():
        table.writerow([metric.name, _cell(document["overall"][key])])
    table.writerow(["compared pixels", document["overall"]["pixels"]])
    if document["calibration"]:
        table.writerow(["expected calibration error", _cell(document["calibration"]["expected_error"])])
    for reason, pixels in _reasons(document):
        table.writerow([f"left out: {reason}", pixels])
    return text.getvalue()


def to_html(document: dict[str, Any], headline: str, picture: str, chart: Drawing | None = None) -> str:
    """One page without scripts or outside files."""
    return template("report.html.j2", Path(__file__).parent).render(
        d=document,
        headline=headline,
        picture=picture,
        chart=chart,
        not_compared=NOT_COMPARED,
        metrics=METRICS,
        tips={
            "oa": "of the compared pixels have the same class in the map and in the reference.",
            "kappa": f"agreement beyond what chance would give: {kappa_words(document['overall']['kappa'])}. "
            "1 is perfect, 0 is chance.",
        },
        outcomes=OUTCOMES,
        sureness=SURENESS,
        agreement=AGREEMENT,
        reasons=_reasons(document),
        map_name=Path(document["map"]).name,
        reference_name=Path(document["reference"]).name,
    )


def kappa_words(kappa: float | None) -> str:
    """Landis and Koch (1977), Biometrics 33: a habit of speech, not a test."""
    if kappa is None:
        return "undefined"
    return next((words for above, words in _KAPPA_WORDS if kappa > above), "no better than chance")


def class_row(crop: CropClass, scores: Scores) -> dict[str, Any]:
    row: dict[str, Any] = {"code": crop.code, "name": crop.name, "colour": crop.colour}
    row |= {count: getattr(scores, count) for count in COUNTS}
    return row | {figure: defined(getattr(scores, figure)) for figure in FIGURES}


def _confusions(classes: tuple[CropClass, ...], confusion: Confusion) -> list[dict[str, Any]]:
    """The largest cells beside the diagonal."""
    wrong = confusion.n.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_CONFUSIONS]
    cells = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, wrong.shape))]
    return [
        {"reference": classes[i].name, "map": classes[j].name, "pixels": int(wrong[i, j])}
        for i, j in cells
        if wrong[i, j]
    ]


def _reasons(document: dict[str, Any]) -> list[tuple[str, int]]:
    left_out = document["excluded"]
    reasons = [
        ("the map has no data", left_out["map_no_data"]),
        ("the reference has no data", left_out["reference_no_data"]),
        ("polygons of different classes overlap", left_out["disputed"]),
    ]
    if document["job"]["limits"]["area"]:
        reasons.append(("outside the area", left_out["outside_area"]))
    if document["job"]["limits"]["boundary"]:
        reasons.append((f"a boundary is near ({left_out['edges_right']:,} of them agree)", left_out["edges"]))
    outside = [(f"the map has no class {row['value']}", row["pixels"]) for row in left_out["outside_legend"]]
    return reasons + outside


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
