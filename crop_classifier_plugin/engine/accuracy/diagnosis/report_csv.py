"""The report of a diagnosis as tables with commas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....shared.metrics import METRICS
from ...reporting.csv_table import CsvTable
from ..class_rows import COUNTS, FIGURES

Row = Callable[[Sequence[Any]], Any]
WITH_INTERVALS = ("recall", "precision", "f1")


def to_csv(document: dict[str, Any]) -> str:
    """Tables with a blank line between them: confusion matrix, classes, hectares, largest confusions, where to look
    first, overall. Empty = undefined."""
    table = CsvTable()
    for number, write in enumerate((_matrix, _classes, _hectares, _confusions, _look_first, _overall)):
        if number:
            table.writerow([])
        write(document, table.writerow)
    return table.text


def _matrix(document: dict[str, Any], row: Row) -> None:
    row(["reference \\ map", *(each["name"] for each in document["classes"]), "total"])
    for each, counts in zip(document["classes"], document["matrix"]):
        row([each["name"], *counts, each["reference"]])
    row(["total", *(each["mapped"] for each in document["classes"]), document["overall"]["pixels"]])


def _classes(document: dict[str, Any], row: Row) -> None:
    row(["code", "class", *COUNTS, *FIGURES, *(f"{name}_{end}" for name in WITH_INTERVALS for end in ("low", "high"))])
    for each in document["classes"]:
        ends = [cell(end) for name in WITH_INTERVALS for end in each[f"{name}_interval"] or (None, None)]
        row([each["code"], each["name"], *(each[c] for c in COUNTS), *(cell(each[f]) for f in FIGURES), *ends])


def _hectares(document: dict[str, Any], row: Row) -> None:
    estimated = ("estimated hectares", "half of the 95 % interval")
    row(["code", "class", "pixels of the whole map", "hectares by pixel counting", *estimated])
    for each in document["pixel_counting"]:
        told = each["estimate"] or {"value": None, "half_width": None}
        ends = (cell(told["value"]), cell(told["half_width"]))
        row([each["code"], each["name"], each["pixels"], cell(each["hectares"]), *ends])


def _confusions(document: dict[str, Any], row: Row) -> None:
    row(["reference", "map", "pixels", "share", "pixels in the densest square", *_PLACE])
    for each in document["largest_confusions"]:
        place = each["densest"]
        counts = (each["pixels"], cell(each["share"]), place["pixels"])
        row([each["reference"], each["map"], *counts, *(cell(place[name]) for name in _PLACE)])


def _look_first(document: dict[str, Any], row: Row) -> None:
    row(["reference", "map", "pixels", "hectares", "confidence", *_PLACE])
    for each in document["look_first"]["regions"]:
        told = (each["pixels"], cell(each["hectares"]), cell(each["confidence"]))
        row([each["reference"], each["map"], *told, *(cell(each[name]) for name in _PLACE)])


_PLACE = ("x", "y", "longitude", "latitude")


def _overall(document: dict[str, Any], row: Row) -> None:
    row(["figure", "value"])
    overall, parcels, holes = document["overall"], document["parcels"], document["holes"]
    for key, metric in METRICS.items():
        row([metric.name, cell(overall[key])])
    row(["compared pixels", overall["pixels"]])
    row(["verdict", document["verdict"]["level"]])
    for end, value in zip(("low", "high"), document["intervals"]["oa"] or (None, None)):
        row([f"overall accuracy, {end}", cell(value)])
    if document["calibration"]:
        row(["expected calibration error", cell(document["calibration"]["expected_error"])])
    if parcels:
        row(["parcels", parcels["parcels"]])
        row(["parcels with their class in the map", parcels["right"]])
        for key, metric in METRICS.items():
            row([f"parcels: {metric.name}", cell(parcels["overall"][key])])
    for key, title in (("share", "share"), ("pixels", "pixels"), ("hectares", "hectares"), ("parcels", "parcels")):
        value = holes[key]
        row([f"without a map: {title}", value if isinstance(value, int) else cell(value)])
    for reason, pixels in reasons(document):
        row([f"left out: {reason}", pixels])


def reasons(document: dict[str, Any]) -> list[tuple[str, int]]:
    """Why pixels were not compared, and how many."""
    left_out = document["excluded"]
    told = [
        ("the map has no data", left_out["map_no_data"]),
        ("the reference has no data", left_out["reference_no_data"]),
        ("polygons of different classes overlap", left_out["disputed"]),
    ]
    if document["job"]["limits"]["area"]:
        told.append(("outside the area", left_out["outside_area"]))
    if document["job"]["limits"]["boundary"]:
        told.append((f"a boundary is near ({left_out['edges_right']:,} of them agree)", left_out["edges"]))
    return told + [(f"the map has no class {row['value']}", row["pixels"]) for row in left_out["outside_legend"]]


def cell(value: float | None) -> str:
    """Six decimals; nothing where it is undefined."""
    return "" if value is None else f"{value:.6f}"
