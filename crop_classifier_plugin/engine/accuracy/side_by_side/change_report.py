"""The report of a change: one document, written as JSON, CSV and HTML, so that all three say the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.jobs.compare_maps import MapChangeJob
from ...execution.outputs import Outputs
from ...reporting.csv_table import CsvTable
from ...reporting.json_file import write_json
from ...reporting.templates import defined, percent, template
from .compare_report import hectares
from .map_stack import MapStack
from .tally import Tally

_MOST_CHANGES = 10  # that the page names in words (choice)


def document_of(job: MapChangeJob, stack: MapStack, tally: Tally) -> dict[str, Any]:
    """The whole report as JSON knows it; hectares of a local system are None."""
    pixels, areas = tally.between((0, 1)).n, tally.hectares_between((0, 1))
    used = np.flatnonzero(pixels.sum(axis=0) + pixels.sum(axis=1))
    pixels, areas = pixels[np.ix_(used, used)], areas[np.ix_(used, used)]
    classes = [stack.classes.all[place] for place in used.tolist()]
    changed = int(pixels.sum() - np.trace(pixels))
    changed_area = float(areas[~np.eye(len(used), dtype=bool)].sum())
    names = [crop.name for crop in classes]
    return {
        "before": job.before.path,
        "after": job.after.path,
        "simulated": stack.simulated,
        "pixels": tally.compared,
        "hectares": defined(tally.compared_hectares),
        "changed_pixels": changed,
        "changed_share": changed / tally.compared,
        "changed_hectares": defined(changed_area),
        "headline": _headline(changed / tally.compared, changed_area, tally.compared),
        "axes": {"rows": "before", "columns": "after"},
        "classes": [
            {"name": crop.name, "colour": crop.colour, **_books(k, pixels, areas)} for k, crop in enumerate(classes)
        ],
        "matrix_pixels": pixels.tolist(),
        "matrix_hectares": [[defined(value) for value in row] for row in areas.tolist()],
        "largest_changes": _largest(names, pixels, areas),
        "left_out": [{"why": why, "pixels": count} for why, count in tally.left_out.items()],
        "notes": list(dict.fromkeys(stack.notes)),
        "job": {"kind": job.kind, **asdict(job)},
    }


def _headline(share: float, area: float, compared: int) -> str:
    told = f" ({area:,.1f} ha)" if area == area else ""
    return f"{percent(share)} of the {compared:,} pixels that both maps have changed their class{told}."


def _books(k: int, pixels: NDArray[np.int64], areas: NDArray[np.float64]) -> dict[str, Any]:
    """Of the class at `k`: what it had, kept, lost to others, gained from others, has."""
    kept = areas[k, k]
    return {
        "before_pixels": int(pixels[k].sum()),
        "after_pixels": int(pixels[:, k].sum()),
        "before_ha": defined(float(areas[k].sum())),
        "kept_ha": defined(float(kept)),
        "lost_ha": defined(float(areas[k].sum() - kept)),
        "gained_ha": defined(float(areas[:, k].sum() - kept)),
        "after_ha": defined(float(areas[:, k].sum())),
    }


def _largest(names: list[str], pixels: NDArray[np.int64], areas: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The largest cells beside the diagonal."""
    changed = pixels.copy()
    np.fill_diagonal(changed, 0)
    order = [divmod(int(i), len(changed)) for i in np.argsort(-changed, axis=None, kind="stable")[:_MOST_CHANGES]]
    return [
        {"from": names[i], "to": names[j], "pixels": int(changed[i, j]), "hectares": defined(float(areas[i, j]))}
        for i, j in order
        if changed[i, j]
    ]


def write_change_reports(job: MapChangeJob, document: dict[str, Any], out: Outputs) -> None:
    """The document at the places that the job names."""
    write_json(out, job.report_json, document)
    if job.report_csv:
        out.write_text(job.report_csv, to_csv(document))
    if job.report_html:
        page = template("map_change.html.j2", Path(__file__).parent, hectares=hectares)
        names = Path(job.before.path).name, Path(job.after.path).name
        out.write_text(job.report_html, page.render(d=document, before=names[0], after=names[1]))


_BOOKS = ("before_pixels", "after_pixels", "before_ha", "kept_ha", "lost_ha", "gained_ha", "after_ha")


def to_csv(document: dict[str, Any]) -> str:
    """Four tables, a blank line between them: hectares and pixels from class to class, books, what was not compared."""
    table = CsvTable()
    names = [row["name"] for row in document["classes"]]
    for unit in ("hectares", "pixels"):
        table.writerow([f"{unit}: before \\ after", *names])
        for name, row in zip(names, document[f"matrix_{unit}"]):
            table.writerow([name, *map(_cell, row)])
        table.writerow([])
    table.writerow(["class", *_BOOKS])
    for row in document["classes"]:
        table.writerow([row["name"], *(_cell(row[key]) for key in _BOOKS)])
    table.writerow([])
    table.writerow(["not compared", "pixels"])
    table.writerows([row["why"], row["pixels"]] for row in document["left_out"])
    table.writerow(["compared", document["pixels"]])
    table.writerow(["changed", document["changed_pixels"]])
    return table.text


def _cell(value: float | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6f}"
