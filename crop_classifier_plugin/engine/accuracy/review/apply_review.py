"""Answers of a review brought back: a corrected map, labels for the next training, and what changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ....shared.cards.files import sha256_of
from ....shared.errors import BadInput
from ....shared.jobs.review import ApplyReviewJob
from ....shared.legend import Legend
from ....shared.review_table import STATES
from ...execution.job_run import job_run
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap, opened
from .answers import Answers, read_answers, shapes_on
from .change_report import write_change_reports
from .cleaned_labels import write_cleaned, write_labels
from .corrected_map import write_corrected


def apply_review(job: ApplyReviewJob, reporter: Reporter) -> dict[str, Any]:
    """Writes map, labels and reports; returns their paths and figures. Raises BadInput, BadRaster, CrsMissing."""
    with job_run(job, reporter) as run, opened(job.class_map, job.map_crs) as dataset:
        crop_map = CropMap(job.class_map, dataset, run.step(0, 0.2), job.map_crs)
        crop_map.legend.refuse_zero()
        answers = read_answers(job.review, crop_map.legend)
        notes = _check_map(job, answers) + _notes(answers)
        for note in notes:
            reporter.log(note, "warning")
        units = _drawn(answers, crop_map)
        change = write_corrected(job.corrected, crop_map, answers.legend, units, run.outputs, run.step(0.2, 0.95))
        write_labels(run.output(job.labels), answers, crop_map.simulated)
        if job.cleaned_labels:
            reporter.log(write_cleaned(run.output(job.cleaned_labels), answers, crop_map.simulated))
        document = write_change_reports(job, answers, change, notes, run.outputs)
        run.record(job.corrected, {"answered": document["answered"], "changed_hectares": change.hectares})
    reporter.log(
        f"{document['answered']:,} of {document['units']:,} units were answered, {document['relabelled']:,} of them "
        f"with another crop; {change.hectares:,.1f} ha of the map changed."
    )
    paths = {name: getattr(job, name) for name in (*job.writes_rasters, *job.writes_files) if getattr(job, name)}
    return {**paths, "answered": document["answered"], "changed_hectares": change.hectares}


def _check_map(job: ApplyReviewJob, answers: Answers) -> list[str]:
    """Refuses answers that were made on another map, unless they are wanted."""
    bases = {str(value) for value in answers.frame["base_sha256"].dropna()}
    if not bases or bases == {sha256_of(job.class_map)}:
        return []
    if not job.other_map:
        raise BadInput(
            f"The answers of {job.review} were made on another map than {job.class_map}: give that map, or ask for "
            "them to be applied to another one."
        )
    return ["The answers were made on another map: where they accept its class, this map may have another one."]


def _notes(answers: Answers) -> list[str]:
    notes = []
    if answers.added:
        codes = ", ".join(f"{name} ({_code(answers.legend, name)})" for name in answers.added)
        notes.append(f"The map did not know these classes, which got codes of their own: {codes}.")
    states = Counter(answers.frame["status"])
    waiting = {state: states[state] for state in STATES if states[state]}
    told = ", ".join(f"{state} {count:,}" for state, count in waiting.items())
    return [*notes, *([] if answers.answered.all() else [f"Not all units are answered ({told})."])]


def _code(legend: Legend, name: str) -> int:
    found = legend.find(name)
    return found.code if found else 0


def _drawn(answers: Answers, crop_map: CropMap) -> tuple[Any, Any]:
    """Polygons that get another class, and its position; points change no pixel of the map."""
    frame = answers.frame
    areal = frame.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
    drawn = areal & answers.answered
    places = {crop.name: place for place, crop in enumerate(answers.legend)}
    positions = [places[name] for name, wanted in zip(answers.final, answers.relabelled & drawn) if wanted and name]
    return shapes_on(frame[answers.relabelled & drawn], crop_map.grid.crs), np.array(positions, np.int64)
