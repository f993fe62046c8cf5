"""What a review said of a map and changed in it, as JSON, CSV and a page."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from ....shared.jobs.review import ApplyReviewJob
from ....shared.legend import plain
from ...execution.outputs import Outputs
from ...reporting.csv_table import CsvTable
from ...reporting.json_file import write_json
from ...reporting.templates import template
from .answers import Answers
from .corrected_map import Change

RULE = (
    "Hectares are counted by pixels, before and after. The share of accepted units is that of the units that were "
    "looked at: a list that puts doubtful units first says little about the others. For the accuracy of the whole map "
    "and the areas of the crops, answer a random sample and estimate from it."
)


def write_change_reports(
    job: ApplyReviewJob, answers: Answers, change: Change, notes: list[str], out: Outputs
) -> dict[str, Any]:
    """The document at the places that the job names; returns it."""
    document = _document(job, answers, change, notes)
    write_json(out, job.report_json, document)
    if job.report_csv:
        out.write_text(job.report_csv, _csv(document))
    if job.report_html:
        page = template("review.html.j2", Path(__file__).parent)
        out.write_text(job.report_html, page.render(d=document, map_name=Path(job.class_map).name))
    return document


def _document(job: ApplyReviewJob, answers: Answers, change: Change, notes: list[str]) -> dict[str, Any]:
    frame, answered = answers.frame, answers.answered
    pairs = Counter(
        (str(mapped), final)
        for mapped, final in zip(frame["map_name"], answers.final)
        if final is not None and plain(str(mapped)) != plain(final)
    )
    rows = zip(answers.legend, change.before.tolist(), change.after.tolist())
    relabelled = int(answers.relabelled.sum())
    return {
        "map": job.class_map,
        "review": job.review,
        "simulated": change.simulated,
        "units": len(frame),
        "answered": int(answered.sum()),
        "accepted": int(answered.sum()) - relabelled,
        "relabelled": relabelled,
        "states": dict(sorted(Counter(frame["status"].fillna("open")).items())),
        "answered_hectares": float(np.nansum(frame["area_ha"][answered].to_numpy(float))),
        "relabelled_hectares": float(np.nansum(frame["area_ha"][answers.relabelled].to_numpy(float))),
        "changed_pixels": change.pixels,
        "changed_hectares": change.hectares,
        "classes": [
            {"code": crop.code, "name": crop.name, "colour": crop.colour, "before_ha": before, "after_ha": after}
            for crop, before, after in rows
        ],
        "corrections": [{"map": a, "review": b, "units": n} for (a, b), n in pairs.most_common()],
        "rule": RULE,
        "notes": notes,
    }


def _csv(document: dict[str, Any]) -> str:
    """Two tables, a blank line between them: hectares by class, corrections."""
    table = CsvTable()
    table.writerow(["code", "class", "before_ha", "after_ha"])
    for row in document["classes"]:
        table.writerow([row["code"], row["name"], f"{row['before_ha']:.6f}", f"{row['after_ha']:.6f}"])
    table.writerow([])
    table.writerow(["map", "review", "units"])
    for row in document["corrections"]:
        table.writerow([row["map"], row["review"], row["units"]])
    return table.text
