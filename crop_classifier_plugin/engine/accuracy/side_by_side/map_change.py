"""What became of each crop from one map to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....shared.jobs.compare_maps import MapChangeJob
from ...execution.job_run import JobRun, job_run
from ...execution.reporter import Reporter
from ...labels.class_map import BLOCK
from ...labels.constants import NO_DATA
from ...raster.provenance import SIMULATED_TAG
from ...raster.sidecars import Row, write_class_sidecars
from ...raster.writer import RasterSpec, RasterWriter
from ...reporting.sentences import listed
from ..diagnosis.error_layers import NODATA
from ..diagnosis.more_layers import Pairs, PairWords
from .change_report import document_of, write_change_reports
from .map_stack import MapStack
from .tally import Tally

_CHANGES = PairWords("unchanged", " to ", "rarer changes")


def map_change(job: MapChangeJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the layer of changes and the reports that were asked for; returns their paths and figures.

    Raises BadInput, BadRaster, CrsMissing, LabelsUnusable, NoOverlap.
    """
    with job_run(job, reporter) as run:
        stack = MapStack((job.before, job.after), job.mapping, job.area, run)
        tally = Tally(stack, None)
        tally.count(run.step(0.3, 0.6))
        pairs = Pairs(stack.classes.all, tally.between((0, 1)), _CHANGES)
        _write(job.change, stack, pairs, run)
        document = document_of(job, stack, tally)
        write_change_reports(job, document, run.outputs)
        facts = {name: document[name] for name in ("pixels", "changed_pixels", "changed_hectares", "left_out")}
        run.record(job.change, facts)
    _tell(document, pairs, reporter)
    paths = {name: getattr(job, name) for name in (*job.writes_rasters, *job.writes_files) if getattr(job, name)}
    return {**paths, "pixels": document["pixels"], "changed": document["changed_share"]}


def _write(path: str, stack: MapStack, pairs: Pairs, run: JobRun) -> None:
    reporter: Reporter = run.step(0.6, 1)
    tags = {SIMULATED_TAG: "yes"} if stack.simulated else {}
    colours = {row.value: row.rgb for row in pairs.rows}
    spec = RasterSpec("uint8", NODATA, ("What became of each crop",), colours, tags)
    blocks = list(stack.grid.blocks(BLOCK))
    with RasterWriter(run.output(path), stack.grid, spec) as writer:
        for done, window in enumerate(blocks, start=1):
            before, after = stack.read(window)
            before[stack.outside(window)] = NO_DATA
            writer.write(pairs.paint(after, before), window)
            reporter.progress(done / len(blocks), "Writing the changes", done, len(blocks))
    counts, hectares = (np.pad(found, (0, NODATA + 1)) for found in (writer.counts, writer.hectares))
    rows = [Row(r.value, r.name, r.rgb, int(counts[r.value]), float(hectares[r.value])) for r in pairs.rows]
    write_class_sidecars(run.outputs, path, rows, nodata_name=rows[0].name)


def _tell(document: dict[str, Any], pairs: Pairs, reporter: Reporter) -> None:
    for note in document["notes"]:
        reporter.log(note, "warning")
    reasons = [f"{row['why']}: {row['pixels']:,} px" for row in document["left_out"] if row["pixels"]]
    if reasons:
        reporter.log(f"Not compared: {listed(reasons, '; ')}.")
    if pairs.lumped:
        reporter.log(
            f"The {len(pairs.lumped):,} rarest of {len(pairs.rows) - 2 + len(pairs.lumped):,} changes share one value "
            "of the layer; the report tells them apart.",
            "warning",
        )
    reporter.log(f"{document['headline']} A change is also where either map errs.")
