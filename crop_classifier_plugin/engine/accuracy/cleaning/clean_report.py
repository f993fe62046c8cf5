"""What cleaning did to a map: hectares and accuracy before and after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.jobs.clean_map import CleanMapJob
from ....shared.metrics import METRICS
from ...execution.outputs import Outputs
from ...execution.reporter import Reporter, Silent
from ...labels.class_map import BLOCK, CropMap, opened
from ...labels.constants import NO_DATA
from ...labels.matching import Matcher
from ...labels.open_labels import open_labels
from ...raster.pixel_area import pixel_areas
from ...reporting.csv_table import CsvTable
from ...reporting.json_file import write_json
from ...reporting.templates import defined, template
from ..diagnosis.comparison import ComparedClasses, Comparison
from ..review.corrected_map import class_counts


@dataclass(frozen=True, eq=False)
class Books:
    """(K,) hectares by pixel counting, pixels that changed, accuracy where there is a reference."""

    crop_map: CropMap
    hectares_before: NDArray[np.float64]
    hectares_after: NDArray[np.float64]
    changed: int  # pixels with another class
    emptied: int  # pixels without a class that had one
    before: dict[str, float] | None
    after: dict[str, float] | None


def books_of(job: CleanMapJob, crop_map: CropMap, cleaned: str, reporter: Reporter) -> Books:
    """Reads both maps once more, side by side."""
    changed = emptied = 0
    before, after = np.zeros(len(crop_map.legend) + 1), np.zeros(len(crop_map.legend) + 1)
    with opened(cleaned, crop_map.grid.crs.to_wkt()) as dataset:
        new_map = CropMap(cleaned, dataset, Silent(), crop_map.grid.crs.to_wkt())
        places = np.array([crop_map.legend.codes.index(code) for code in new_map.legend.codes] + [NO_DATA], np.int32)
        for window in crop_map.grid.blocks(BLOCK):
            reporter.check()
            old, new = crop_map.read(window), places[np.maximum(new_map.read(window), -1)]
            pixel = pixel_areas(crop_map.grid).of(window)
            changed += int(((old != new) & (new != NO_DATA)).sum())
            emptied += int(((old != NO_DATA) & (new == NO_DATA)).sum())
            before += pixel * class_counts(old, len(crop_map.legend))
            after += pixel * class_counts(new, len(crop_map.legend))
        figures = [_figures(job, each, reporter) for each in (crop_map, new_map)]
    return Books(crop_map, before[:-1], after[:-1], changed, emptied, *figures)


def _figures(job: CleanMapJob, crop_map: CropMap, reporter: Reporter) -> dict[str, float] | None:
    """The map's accuracy; None without a reference."""
    if job.reference is None:
        return None
    matcher = Matcher(crop_map.legend, job.mapping)
    with open_labels(job.reference, crop_map.grid, crop_map.path, matcher.position) as reference:
        comparison = Comparison(crop_map, reference, ComparedClasses(crop_map, matcher, False))
        confusion, _ = comparison.count(reporter)
    return {**confusion.figures(), "pixels": float(confusion.total)}


def write_clean_reports(job: CleanMapJob, books: Books, out: Outputs) -> dict[str, Any]:
    """The document at the places that the job names; returns it."""
    document = _document(job, books)
    write_json(out, job.report_json, document)
    if job.report_csv:
        out.write_text(job.report_csv, _csv(document))
    if job.report_html:
        page = template("cleaning.html.j2", Path(__file__).parent)
        out.write_text(
            job.report_html, page.render(d=document, metrics=METRICS, map_name=Path(job.maps.class_map).name)
        )
    return document


def _document(job: CleanMapJob, books: Books) -> dict[str, Any]:
    total = int(books.crop_map.pixels.sum())
    rows = zip(books.crop_map.legend, books.hectares_before.tolist(), books.hectares_after.tolist())
    return {
        "map": job.maps.class_map,
        "method": job.cleaning.method,
        "simulated": books.crop_map.simulated,
        "changed": books.changed,
        "changed_share": books.changed / total,
        "emptied": books.emptied,
        "before": _told(books.before),
        "after": _told(books.after),
        "classes": [
            {"code": c.code, "name": c.name, "colour": c.colour, "before_ha": defined(a), "after_ha": defined(b)}
            for c, a, b in rows
        ],
    }


def _told(figures: dict[str, float] | None) -> dict[str, float | None] | None:
    return None if figures is None else {key: defined(value) for key, value in figures.items()}


def _csv(document: dict[str, Any]) -> str:
    """Two tables, a blank line between them: hectares by pixel counting, figures. Empty = undefined."""

    def cell(value: float | None) -> str:
        return "" if value is None else f"{value:.6f}"

    table = CsvTable()
    table.writerow(["code", "class", "before_ha", "after_ha"])
    for row in document["classes"]:
        table.writerow([row["code"], row["name"], cell(row["before_ha"]), cell(row["after_ha"])])
    table.writerow([])
    table.writerow(["figure", "before", "after"])
    for key in METRICS if document["before"] else ():
        table.writerow([METRICS[key].name, cell(document["before"][key]), cell(document["after"][key])])
    table.writerow(["changed share", "", cell(document["changed_share"])])
    return table.text
