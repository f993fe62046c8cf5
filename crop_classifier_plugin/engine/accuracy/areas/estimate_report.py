"""What an area estimate tells: one document, as JSON, CSV and a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.jobs.accuracy import AreaEstimateJob
from ....shared.legend import CropClass
from ...execution.outputs import Outputs
from ...reporting.csv_table import CsvTable
from ...reporting.json_file import write_json
from ...reporting.templates import defined, template
from .estimators import Estimate, StratifiedEstimator

RULE = (
    "Rows are the reference, columns the map. Areas and accuracies weigh every unit by the area that it stands for "
    "(Stehman 2014; where the strata are the map's classes, Olofsson et al. 2014); intervals are of 95 %. Hectares "
    "by pixel counting are what the map shows, with its errors, and no estimate."
)


@dataclass(frozen=True, eq=False)
class Estimates:
    """A sample's estimates by class, and what is to be said of them."""

    estimator: StratifiedEstimator
    classes: tuple[CropClass, ...]
    strata: tuple[str, ...]
    counted: NDArray[np.float64] | None  # (K of the map,) hectares by pixel counting; None without a map
    notes: tuple[str, ...]
    open: int
    simulated: bool  # the map

    @property
    def headline(self) -> str:
        overall = self.estimator.overall()
        return (
            f"{100 * overall.value:.1f} ± {100 * overall.half_width:.1f} % of {self.estimator.hectares:,.0f} ha are "
            f"mapped right, by {len(self.estimator.sample.mapped):,} units."
        )

    def document(self) -> dict[str, Any]:
        """As JSON knows it; undefined figures are None."""
        used = [k for k in range(len(self.classes)) if self._used(k)]
        return {
            "units": len(self.estimator.sample.mapped),
            "open": self.open,
            "simulated": self.simulated,
            "hectares": self.estimator.hectares,
            "overall": _told(self.estimator.overall()),
            "axes": {"rows": "reference", "columns": "map"},
            "classes": [self._row(k) for k in used],
            "matrix": self._counts()[np.ix_(used, used)].tolist(),
            "area_shares": self.estimator.matrix(len(self.classes))[np.ix_(used, used)].tolist(),
            "strata": self._strata(),
            "rule": RULE,
            "sampling": "random" if self.estimator.random else "stratified",
            "notes": list(self.notes),
        }

    def _used(self, crop: int) -> bool:
        sample = self.estimator.sample
        return bool((sample.mapped == crop).any() or (sample.reference == crop).any())

    def _row(self, crop: int) -> dict[str, Any]:
        known, estimator = self.classes[crop], self.estimator
        counted = self.counted
        return {
            "code": known.code,
            "name": known.name,
            "colour": known.colour,
            "reference": int((estimator.sample.reference == crop).sum()),
            "mapped": int((estimator.sample.mapped == crop).sum()),
            "counted_ha": None if counted is None or crop >= len(counted) else float(counted[crop]),
            "area_ha": _told(estimator.area(crop)),
            "users": _told(estimator.users(crop)),
            "producers": _told(estimator.producers(crop)),
        }

    def _counts(self) -> NDArray[np.int64]:
        k, sample = len(self.classes), self.estimator.sample
        return np.bincount(sample.reference * k + sample.mapped, minlength=k * k).reshape(k, k).astype(np.int64)

    def _strata(self) -> list[dict[str, Any]]:
        n = np.bincount(self.estimator.sample.stratum, minlength=len(self.strata))
        rows = zip(self.strata, self.estimator.areas.tolist(), n.tolist())
        return [{"stratum": name, "hectares": area, "units": units} for name, area, units in rows]


def _told(estimate: Estimate) -> dict[str, float | None]:
    return {
        "value": defined(estimate.value),
        "standard_error": defined(estimate.error),
        "half_width": defined(estimate.half_width),
    }


def write_reports(document: dict[str, Any], headline: str, job: AreaEstimateJob, out: Outputs) -> None:
    """The document at the three places that the job names."""
    write_json(out, job.report_json, document)
    out.write_text(job.report_csv, to_csv(document))
    out.write_text(job.report_html, to_html(document, headline, job))


def to_csv(document: dict[str, Any]) -> str:
    """Three tables, a blank line between them: classes, matrix of the units, overall. Empty = undefined."""
    table = CsvTable()
    figures = ("area_ha", "users", "producers")
    heads = [f"{name}{end}" for name in figures for end in ("", "_half_width")]
    table.writerow(["code", "class", "counted_ha", *heads])
    for row in document["classes"]:
        cells = [_cell(row[name][part]) for name in figures for part in ("value", "half_width")]
        table.writerow([row["code"], row["name"], _cell(row["counted_ha"]), *cells])
    table.writerow([])
    table.writerow(["reference \\ map", *(row["name"] for row in document["classes"])])
    for row, counts in zip(document["classes"], document["matrix"]):
        table.writerow([row["name"], *counts])
    table.writerow([])
    table.writerow(["figure", "value", "half_width"])
    overall = document["overall"]
    table.writerow(["overall accuracy", _cell(overall["value"]), _cell(overall["half_width"])])
    table.writerow(["hectares", _cell(document["hectares"]), ""])
    return table.text


def to_html(document: dict[str, Any], headline: str, job: AreaEstimateJob) -> str:
    """One page without scripts or outside files."""
    filters = {"interval": _interval, "area": _area}
    page = template("area_estimate.html.j2", Path(__file__).parent, **filters)
    names = {"sample_name": Path(job.sample.path).name, "map_name": Path(job.class_map).name if job.class_map else ""}
    return page.render(d=document, headline=headline, **names)


def _interval(figure: dict[str, float | None]) -> str:
    """A share with its interval, in per cent."""
    value, half = figure["value"], figure["half_width"]
    if value is None:
        return "–"
    return f"{100 * value:.1f} ± {'?' if half is None else f'{100 * half:.1f}'} %"


def _area(figure: dict[str, float | None]) -> str:
    """Hectares with their interval."""
    value, half = figure["value"], figure["half_width"]
    if value is None:
        return "–"
    return f"{value:,.1f} ± {'?' if half is None else f'{half:,.1f}'}"


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
