"""What a summary of parcels tells: hectares by crop, and how far the map agrees with what was declared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ....shared.legend import CropClass, Legend, plain
from ....shared.metrics import METRICS
from ...execution.outputs import Outputs
from ...reporting.charts import Drawing
from ...reporting.colours import Uncoloured, colours_of
from ...reporting.csv_table import CsvTable
from ...reporting.json_file import write_json
from ...reporting.templates import defined, percent, template
from ..calibration.diagram import diagram
from ..calibration.reliability import Reliability
from ..confusion import RULE, Confusion, Scores
from .summary import AGREES, DISAGREES, UNKNOWN, Measured


@dataclass(frozen=True, eq=False)
class ParcelFacts:
    """P parcels as the report tells them."""

    table: geopandas.GeoDataFrame
    legend: Legend
    measured: Measured
    small: int  # parcels of less than a pixel
    notes: tuple[str, ...]
    simulated: bool  # the map

    @property
    def headline(self) -> str:
        counts = self._agreement()
        told = f"{len(self.table):,} parcels of {self.table['area_ha'].sum():,.1f} ha"
        compared = counts[AGREES] + counts[DISAGREES]
        if not compared:
            return f"{told}, {int(self.table['map_name'].notna().sum()):,} of them with a crop in the map."
        return (
            f"{told}: map and declaration agree on {counts[AGREES]:,} of {compared:,} "
            f"({percent(counts[AGREES] / compared)}), {counts[UNKNOWN]:,} could not be compared."
        )

    def document(self) -> dict[str, Any]:
        """As JSON knows it; undefined figures are None."""
        classes = self._classes()
        counts, areas = (self._matrix(classes, weight) for weight in (None, "area_ha"))
        confusion = Confusion(counts.astype(np.int64)) if classes else None
        figures = confusion.figures() if confusion else {}
        scores = confusion.scores() if confusion else ()
        mapped, declared = self._sums("map_name"), self._sums("declared_name")
        return {
            "simulated": self.simulated,
            "parcels": len(self.table),
            "hectares": float(self.table["area_ha"].sum()),
            "smaller_than_a_pixel": self.small,
            "without_a_crop": int(self.table["map_name"].isna().sum()),
            "agreement": self._agreement(),
            "overall": {key: defined(value) for key, value in figures.items()},
            "overall_by_area": defined(float(np.trace(areas) / areas.sum())) if areas.sum() else None,
            "axes": {"rows": "declared", "columns": "map"},
            "classes": [self._row(crop, each) for crop, each in zip(classes, scores)],
            "matrix": counts.astype(int).tolist(),
            "matrix_ha": areas.tolist(),
            "mapped": [_of_crop(crop, mapped, declared) for crop in self.legend],
            "calibration": self._calibration(),
            "rule": RULE,
            "notes": list(self.notes),
        }

    @cached_property
    def reliability(self) -> dict[str, Reliability]:
        """Whether the compared parcels are as sure as they are right: by their field, of those that have a value."""
        rows = self._compared()
        right = (rows["agreement"] == AGREES).to_numpy()
        known = {name: rows[name].to_numpy(float) for name in ("map_prob", "mean_prob")}
        there = {name: ~np.isnan(values) for name, values in known.items()}
        return {n: Reliability.count(v[there[n]], right[there[n]]) for n, v in known.items() if there[n].any()}

    def _calibration(self) -> dict[str, Any] | None:
        found = self.reliability
        if not found:
            return None
        return {
            "own": self.measured.calibration is not None,  # whether the model's card has one of parcels
            "expected_error": found["map_prob"].error,
            "expected_error_of_mean": found["mean_prob"].error,
            "bins": found["map_prob"].rows(),
        }

    def _agreement(self) -> dict[str, int]:
        found = self.table["agreement"].value_counts()
        return {word: int(found.get(word, 0)) for word in (AGREES, DISAGREES, UNKNOWN)}

    def _compared(self) -> geopandas.GeoDataFrame:
        return self.table[self.table["agreement"] != UNKNOWN]

    def _classes(self) -> list[CropClass]:
        """Of the map and, behind them, of the declarations; only those that a compared parcel has."""
        rows = self._compared()
        used = {plain(name) for name in (*rows["map_name"], *rows["declared_name"])}
        known = [crop for crop in self.legend if plain(crop.name) in used]
        names = {plain(crop.name) for crop in known}
        others: dict[str, str] = {}
        for name in rows["declared_name"]:
            if plain(name) not in names:
                others.setdefault(plain(name), name)
        code, names_left = max(self.legend.codes), sorted(others.values())
        colours = colours_of([Uncoloured((name,)) for name in names_left], {crop.colour for crop in self.legend})
        more = [CropClass(code + i, n, colour) for i, (n, colour) in enumerate(zip(names_left, colours), start=1)]
        return known + more

    def _matrix(self, classes: list[CropClass], weight: str | None) -> NDArray[np.float64]:
        """(K, K) parcels, or hectares: rows declared, columns map."""
        rows, count = self._compared(), len(classes)
        places = {plain(crop.name): place for place, crop in enumerate(classes)}
        cells = [places[plain(a)] * count + places[plain(b)] for a, b in zip(rows["declared_name"], rows["map_name"])]
        weights = None if weight is None else rows[weight].to_numpy(float)
        flat = np.bincount(np.array(cells, np.int64), weights, count * count)
        return flat.reshape(count, count).astype(float)

    def _row(self, crop: CropClass, scores: Scores) -> dict[str, Any]:
        code = crop.code if crop in self.legend.classes else None
        counts = {key: getattr(scores, key) for key in ("reference", "mapped", "tp", "fp", "fn", "tn")}
        figures = {key: defined(getattr(scores, key)) for key in ("precision", "recall", "f1", "iou")}
        return {"code": code, "name": crop.name, "colour": crop.colour, **counts, **figures}

    def _sums(self, field: str) -> dict[str, tuple[int, float]]:
        """Parcels and hectares of each name in a field, by its plain spelling."""
        places, names = pd.factorize(self.table[field])
        there = places >= 0
        counts = np.bincount(places[there], minlength=len(names))
        areas = np.bincount(places[there], self.table["area_ha"].to_numpy(float)[there], len(names))
        sums: dict[str, tuple[int, float]] = {}
        for name, count, area in zip(names, counts.tolist(), areas.tolist()):
            before = sums.get(plain(str(name)), (0, 0.0))
            sums[plain(str(name))] = before[0] + count, before[1] + area
        return sums


def _of_crop(
    crop: CropClass, mapped: dict[str, tuple[int, float]], declared: dict[str, tuple[int, float]]
) -> dict[str, Any]:
    parcels, hectares = mapped.get(plain(crop.name), (0, 0.0))
    declared_parcels, declared_hectares = declared.get(plain(crop.name), (0, 0.0))
    return {
        "code": crop.code,
        "name": crop.name,
        "colour": crop.colour,
        "parcels": parcels,
        "hectares": hectares,
        "declared_parcels": declared_parcels,
        "declared_hectares": declared_hectares,
    }


def write_reports(facts: ParcelFacts, job: Any, out: Outputs) -> dict[str, Any]:
    """The document at the places that the job names; returns it."""
    document = facts.document()
    write_json(out, job.report_json, document)
    if job.report_csv:
        out.write_text(job.report_csv, to_csv(document))
    if job.report_html:
        chart = diagram(found["map_prob"], "parcels") if (found := facts.reliability) else None
        out.write_text(job.report_html, to_html(document, facts.headline, job, chart))
    return document


def to_csv(document: dict[str, Any]) -> str:
    """Three tables, a blank line between them: hectares by crop, the matrix of parcels, figures. Empty = undefined."""
    table = CsvTable()
    heads = ("code", "name", "parcels", "hectares", "declared_parcels", "declared_hectares")
    table.writerow(heads)
    for row in document["mapped"]:
        table.writerow([f"{row[key]:.6f}" if isinstance(row[key], float) else row[key] for key in heads])
    table.writerow([])
    table.writerow(["declared \\ map", *(row["name"] for row in document["classes"])])
    for row, counts in zip(document["classes"], document["matrix"]):
        table.writerow([row["name"], *counts])
    table.writerow([])
    table.writerow(["figure", "value"])
    for key, value in {**document["overall"], "overall_by_area": document["overall_by_area"]}.items():
        table.writerow([METRICS[key].name if key in METRICS else key, "" if value is None else f"{value:.6f}"])
    calibration = document["calibration"] or {}
    for key in ("expected_error", "expected_error_of_mean"):
        table.writerow([f"calibration: {key}", f"{calibration[key]:.6f}" if calibration else ""])
    for word, count in document["agreement"].items():
        table.writerow([f"agreement: {word}", count])
    return table.text


def to_html(document: dict[str, Any], headline: str, job: Any, chart: Drawing | None = None) -> str:
    """One page without scripts or outside files."""
    page = template("parcels.html.j2", Path(__file__).parent)
    names = {"map_name": Path(job.maps.class_map).name, "parcels_name": Path(job.parcels.path).name}
    tips = {"oa": "of the compared parcels have the declared crop in the map.", "kappa": METRICS["kappa"].tip}
    compared = document["agreement"][AGREES] + document["agreement"][DISAGREES]
    told = {"headline": headline, "chart": chart, "compared": compared, **names}
    return page.render(d=document, metrics=METRICS, tips=tips, **told)
