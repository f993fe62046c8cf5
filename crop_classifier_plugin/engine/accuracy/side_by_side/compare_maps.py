"""Several crop maps of one place, side by side."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from ....shared.jobs.compare_maps import CompareMapsJob
from ...execution.job_run import JobRun, job_run
from ...execution.reporter import Reporter
from ...labels.open_labels import Labels, open_labels
from ...reporting.sentences import listed
from ...reporting.templates import percent
from .compare_report import Compared, document_of, write_compare_reports
from .map_stack import MapStack
from .tally import Tally


def compare_maps(job: CompareMapsJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the reports that `job` asks for; returns their paths and the maps' main figures.

    Raises BadInput, BadRaster, CrsMissing, LabelsUnusable, NoOverlap.
    """
    with job_run(job, reporter) as run:
        stack = MapStack(job.maps, job.mapping, job.area, run)
        with ExitStack() as exits:
            reference = _reference(job, stack, exits)
            tally = Tally(stack, reference)
            tally.count(run.step(0.3, 0.95))
            compared = Compared(stack, tally, reference)
            document = document_of(job, compared)
        _tell(document, reporter)
        write_compare_reports(job, document, run.outputs)
        _record(job, document, run)
    paths = {name: getattr(job, name) for name in job.writes_files}
    figures = [{"name": each["name"], **(each["figures"] or {})} for each in document["maps"]]
    return {**paths, "pixels": tally.compared, "maps": figures}


def _reference(job: CompareMapsJob, stack: MapStack, exits: ExitStack) -> Labels | None:
    if job.reference is None:
        return None
    position = stack.classes.position
    return exits.enter_context(open_labels(job.reference, stack.grid, stack.first.path, position))


def _record(job: CompareMapsJob, document: dict[str, Any], run: JobRun) -> None:
    run.record(job.report_json, {"compared_pixels": document["pixels"], "left_out": document["left_out"]})


def _tell(document: dict[str, Any], reporter: Reporter) -> None:
    for note in document["notes"]:
        reporter.log(note, "warning")
    reasons = [f"{row['why']}: {row['pixels']:,} px" for row in document["left_out"] if row["pixels"]]
    if reasons:
        reporter.log(f"Not compared: {listed(reasons, '; ')}.")
    if document["reference"]:
        told = listed(f"{row['name']} {percent(row['figures']['oa'])}" for row in document["maps"])
        reporter.log(f"Overall accuracy on the same {document['pixels']:,} pixels: {told}.")
        return
    told = listed(f"{row['first']} and {row['second']} {percent(row['agreement'])}" for row in document["pairs"])
    reporter.log(f"Agreement on the same {document['pixels']:,} pixels: {told}.")
