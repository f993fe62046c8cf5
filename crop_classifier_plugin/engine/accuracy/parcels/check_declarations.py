"""Declared parcels held against a map, each with its light."""

from __future__ import annotations

from typing import Any

from ....shared.jobs.accuracy import CheckDeclarationsJob
from ...execution.job_run import job_run
from ...execution.reporter import Reporter
from ...labels.class_map import opened
from ...vector.layer_styles import VectorStyle, by_class, qml_text
from .lights import GREEN, RED, YELLOW, lights_of
from .parcel_summary import summed_up
from .styles import write_parcels
from .traffic_report import write_light_reports

_COLOURS = {GREEN: (26, 152, 80), YELLOW: (254, 224, 139), RED: (215, 48, 39)}


def check_declarations(job: CheckDeclarationsJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the parcels with their lights, and the reports that were asked for.

    Raises LabelsUnusable, NoOverlap, CrsMissing, BadRaster, BadInput.
    """
    with job_run(job, reporter) as run, opened(job.maps.class_map, job.maps.crs) as dataset:
        facts = summed_up(job.maps, job.parcels, job.mapping, dataset, run)
        checked = lights_of(facts, job)
        table = facts.table.assign(light=checked.lights, p_value=checked.p_values)
        lights = by_class("light", _COLOURS, "not declared")
        style = VectorStyle("Traffic light", qml_text(lights), "What the map says of the declaration")
        write_parcels(run.output(job.checked), table, facts.legend, (style,))
        document = write_light_reports(facts, checked, job, run.outputs)
        for note in document["light_notes"]:
            reporter.log(note, "warning" if checked.pooled else "info")
        run.record(job.checked, {"lights": document["lights"]})
    counts = document["lights"]
    reporter.log(f"{counts[GREEN]:,} green, {counts[YELLOW]:,} yellow, {counts[RED]:,} red.")
    paths = {name: getattr(job, name) for name in job.writes_files if getattr(job, name)}
    return {**paths, **counts}
