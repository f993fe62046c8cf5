"""The tiny_map job: a raster -> the same, multiplied."""

from __future__ import annotations

import rasterio

from ...shared.jobs.tiny_map import TinyMapJob
from ..execution.job_run import job_run
from ..execution.reporter import Reporter


def tiny_map(job: TinyMapJob, reporter: Reporter) -> dict[str, object]:
    """Writes the raster; returns its path."""
    with job_run(job, reporter) as run:
        with rasterio.open(job.raster.path) as file:
            values, profile = file.read() * job.factor, {**file.profile, "dtype": "float64"}
        with rasterio.open(run.output(job.output), "w", **profile) as made:
            made.write(values)
        run.record(job.output, {"factor": job.factor})
    return {"output": job.output}
