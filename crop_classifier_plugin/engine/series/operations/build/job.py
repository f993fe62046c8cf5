"""The build_series job: layers of any kind -> one series on one grid, with the table of what it is made of."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .....shared.errors import BadInput
from .....shared.jobs.build_series import BuildSeriesJob
from ....execution.job_run import job_run
from ....execution.outputs import Outputs, check_distinct
from ....execution.reporter import Reporter, SubProgress
from ....execution.scratch import tell_room
from ....raster.cog import write_cog
from ....raster.provenance import marks
from ....raster.writer import RasterWriter, largest
from ...cube.backscatter import in_decibel
from ...cube.dated_style import ramp_of, write_dated_look
from ...cube.dated_writer import log_clouded
from ...cube.open_series import open_series, windows
from ...cube.stack import Stack, clear_share
from ...scenes.quantity import RADAR, quantity_of
from . import scene_table
from .target_grid import target_grid
from .vrt import vrt_of


def build_series(job: BuildSeriesJob, reporter: Reporter) -> dict[str, object]:
    """Tells and writes the table, then writes the series; returns their paths and what it is made of."""
    table = _check_outputs(job)
    with job_run(job, reporter) as run:
        run.output(table)  # whether it can be written is known before any work
        reporter.progress(0, "Reading the series")
        stack = run.enter(_open(job, reporter))
        run.protect_inputs(stack.sources)
        shares = _shares(stack, run.step(0.05, 0.2))
        scene_table.log_table(stack, shares, job.max_gap, reporter)
        run.outputs.write_text(table, scene_table.as_csv(scene_table.rows_of(stack, shares)))
        if job.vrt:
            _write_vrt(job, stack, run.outputs, reporter)
        if job.output:
            _write_cog(job, stack, run.outputs, run.step(0.2, 0.98))
        facts = _facts(stack, shares)
        run.record(job.output or job.vrt or table, facts)
    return {"output": job.output, "vrt": job.vrt, "table": table, **facts}


def _check_outputs(job: BuildSeriesJob) -> str:
    """The path of the table. Raises BadInput for names that cannot be meant."""
    if job.vrt and Path(job.vrt).suffix.lower() != ".vrt":
        raise BadInput(f"The output {job.vrt} is not a VRT: give its name the ending .vrt.")
    beside = Path(job.output or job.vrt)
    table = job.table or str(beside.with_name(f"{beside.stem}_dates.csv"))
    check_distinct(job.output, job.vrt, table)
    if job.output and job.vrt and Path(job.output).with_suffix("") == Path(job.vrt).with_suffix(""):
        raise BadInput(f"{job.output} and {job.vrt} would share their style: give them different names.")
    return table


def _open(job: BuildSeriesJob, reporter: Reporter) -> Stack:
    with ExitStack() as exits:
        stack = exits.enter_context(open_series(job.series, reporter, job.bands))
        grid = target_grid(job, stack.grid)
        if quantity_of(stack.spec.bands) is RADAR:
            _check_radar(stack, reporter)
        exits.pop_all()
    if grid == stack.grid:
        return stack
    reporter.log(f"Brought to {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    return stack.on(grid)


def _check_radar(stack: Stack, reporter: Reporter) -> None:
    """Raises BadInput for scenes of several units, and for what is no backscatter."""
    unit = "decibel" if in_decibel(stack, reporter) else "linear power"
    reporter.log(f"Backscatter is in {unit}, and stays so.")


def _shares(stack: Stack, reporter: Reporter) -> list[float]:
    """(T,) the clear share of each date, of up to 16 sample windows of each place."""
    shares = []
    for t, day in enumerate(stack.dates):
        reporter.progress(t / len(stack.dates), f"Looking at {day}", t, len(stack.dates))
        shares.append(clear_share(stack, t, stack.places))
    return shares


# --- what is written -------------------------------------------------------------------------------------------------


def _names(stack: Stack) -> list[str]:
    return [f"{day} {band}" for day in stack.dates for band in stack.spec.bands]


def _write_vrt(job: BuildSeriesJob, stack: Stack, outputs: Outputs, reporter: Reporter) -> None:
    outputs.write_text(job.vrt, vrt_of(stack, _names(stack)))
    _write_look(stack, job.vrt, outputs)
    masked = sorted({layer.mask.name for layer in stack.layers if layer.mask.refs})
    if masked:
        reporter.log(
            f"The VRT shows the files as they are: the cloud mask ({', '.join(masked)}) is not applied.", "warning"
        )
    refs = [ref for layer in stack.layers for band in stack.spec.bands for ref in layer.scene.of(band)]
    if stack.measured.found or any(ref.encoding.more_nodata for ref in refs):
        reporter.log(
            "The VRT shows the files as they are: no data that they do not declare stays a value in it.",
            "warning",
        )


def _write_look(stack: Stack, path: str, outputs: Outputs) -> None:
    days = [day for day in stack.dates for _ in stack.spec.bands]
    write_dated_look(outputs, path, ramp_of(stack), days)


def _write_cog(job: BuildSeriesJob, stack: Stack, outputs: Outputs, reporter: Reporter) -> None:
    """As a plain GeoTIFF first: the layout of a cloud-optimised one is known when it is whole."""
    final = Path(job.output)
    plain = str(outputs.scratch() / "plain.tif")
    quantity = quantity_of(stack.spec.bands)
    days = [day.isoformat() for day in stack.dates for _ in stack.spec.bands]
    spec = quantity.raster_spec(_names(stack), {"SERIES": "true", **marks(stack.simulated, stack.level)}, days)
    tell_room("The series, written twice until it is whole", final.parent, 2 * largest(stack.grid, spec), reporter)
    with RasterWriter(plain, stack.grid, spec) as file:
        clear = _run(stack, file, SubProgress(reporter, 0, 0.8))
        log_clouded(stack.dates, clear, reporter)
        reporter.progress(0.8, "Writing overviews")
    reporter.progress(0.9, "Laying the file out for the cloud")
    write_cog(plain, outputs.path(final), spec)
    Path(plain).unlink()
    _write_look(stack, job.output, outputs)


def _run(stack: Stack, file: RasterWriter, reporter: Reporter) -> NDArray[np.int64]:
    """Writes date by date, window by window; (T,) number of clear pixels."""
    quantity, bands = quantity_of(stack.spec.bands), len(stack.spec.bands)
    tiles = windows(stack.grid, bands)
    clear = np.zeros(len(stack.dates), np.int64)
    total = len(tiles) * len(stack.dates)
    for t, day in enumerate(stack.dates):
        with stack.part([t]) as part:
            for number, window in enumerate(tiles):
                values = part.read(window)[0]
                clear[t] += (~np.isnan(values).any(axis=0)).sum()
                file.write(quantity.stored(values), window, first=1 + t * bands)
                reporter.progress((t * len(tiles) + number + 1) / total, f"Writing {day}", t, len(stack.dates))
    return clear


def _facts(stack: Stack, shares: list[float]) -> dict[str, object]:
    grid = stack.grid
    return {
        "bands": list(stack.spec.bands),
        "dates": [str(day) for day in stack.dates],
        "clear_shares": [round(share, 4) for share in shares],
        "grid": {"crs": grid.crs.to_string(), "transform": list(grid.transform)[:6], "size": [grid.width, grid.height]},
    }
