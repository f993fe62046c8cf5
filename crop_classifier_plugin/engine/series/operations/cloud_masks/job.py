"""The cloud_masks job: a series of Sentinel-2 L1C -> where each date is clouded."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling

from .....shared.cards.parts import TOA
from .....shared.errors import BadInput
from .....shared.jobs.cloud_masks import CloudMasksJob
from ....execution.job_run import job_run
from ....execution.reporter import Reporter
from ....raster.grid import Grid, Window
from ....raster.provenance import marks
from ....raster.sidecars import Ramp
from ....raster.writer import RasterSpec, RasterWriter
from ...cube.common_grid import checked_size, common_grid
from ...cube.dated_style import write_dated_look
from ...cube.open_series import windows
from ...cube.open_stack import layers_of, open_usable
from ...cube.stack import Stack
from ...scenes.quantity import OPTICAL, Float
from ...scenes.read_series import files_of, read_series
from ...scenes.scene import Scene
from .detector import BANDS, HALO, CloudDetector, mask_of

_NO_DATA = 255
_WORK = 20  # times the memory of a pixel's bands that its trees need (measured)
_CLOUDS = Ramp(0, 1, ((213, 232, 212), (255, 255, 255)))
_PERCENT = Ramp(0, 100, ((0, 0, 0), (255, 255, 255)))


def cloud_masks(job: CloudMasksJob, reporter: Reporter) -> dict[str, object]:
    """Writes the masks; returns their paths and how much of each date is cloud."""
    with job_run(job, reporter) as run:
        detector = CloudDetector()
        reporter.progress(0, "Reading the series")
        stack = run.enter(_open(job, reporter))
        run.protect_inputs(stack.sources)
        shares = _write(job, stack, detector, [run.output(path) for path in job.rasters()], run.step(0.02, 0.95))
        for path, ramp in zip(job.rasters(), (_CLOUDS, _PERCENT)):
            write_dated_look(run.outputs, path, ramp, stack.dates)
        facts: dict[str, object] = {"dates": [str(day) for day in stack.dates], "cloud_shares": shares}
        run.record(job.output, facts)
    return {"output": job.output, "probability": job.probability, **facts}


def _open(job: CloudMasksJob, reporter: Reporter) -> Stack:
    found = read_series(job.series, reporter)
    scenes, bare = _usable(found.scenes), replace(found, masks=replace(found.masks, name="none"))
    spec = replace(OPTICAL.input_spec(BANDS), model="s2cloudless", level=TOA)
    grid = _coarser(common_grid(scenes, spec, found.extent), scenes, job.resolution)
    stack = open_usable(layers_of(scenes, bare, OPTICAL, reporter), spec, checked_size(grid), reporter)
    stack.sources |= files_of(found.scenes)
    reporter.log(f"{len(stack.dates)} dates; grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g}.")
    return stack


def _usable(scenes: tuple[Scene, ...]) -> list[Scene]:
    """Those with all ten bands. Raises BadInput where none has."""
    usable = [scene for scene in scenes if set(BANDS) <= set(scene.bands)]
    if not usable:
        seen = max((scene.bands for scene in scenes), key=lambda names: len(set(names) & set(BANDS)), default=())
        lacking = [band for band in BANDS if band not in seen]
        raise BadInput(
            f"s2cloudless needs the bands {', '.join(BANDS)} of Sentinel-2 L1C, no scene has {', '.join(lacking)}: "
            "give L1C (L2A has no B10), or use the mask that L2A brings (SCL)."
        )
    return usable


def _coarser(grid: Grid, scenes: list[Scene], metres: float) -> Grid:
    """The grid with pixels of about so many metres; never finer than the finest band."""
    finest = min(ref.pixel for scene in scenes for band in BANDS for ref in scene.of(band))
    by = max(1, round(metres / finest))
    shape = math.ceil(grid.height / by), math.ceil(grid.width / by)
    return Grid(grid.crs, grid.transform @ grid.transform.scale(by), *shape)


# --- the run ---------------------------------------------------------------------------------------------------------


def _write(
    job: CloudMasksJob, stack: Stack, detector: CloudDetector, paths: list[str], reporter: Reporter
) -> dict[str, float]:
    """The share of each date's data that is cloud."""
    days = tuple(day.isoformat() for day in stack.dates)
    tags = {"THRESHOLD": f"{job.threshold:g}", "METHOD": "s2cloudless", **marks(stack.simulated)}
    with ExitStack() as exits:
        files = []
        for path, name in zip(paths, ("cloud", "cloud probability")):
            names = tuple(f"{name} {day}" for day in days)
            spec = RasterSpec("uint8", _NO_DATA, names, tags=tags, dates=days, resampling=Resampling.nearest)
            files.append(exits.enter_context(RasterWriter(path, stack.grid, spec)))
        shares = {}
        for t, day in enumerate(days):
            with stack.part([t]) as part:
                shares[day] = _run(part, detector, job.threshold, files, (t, len(days)), reporter)
            reporter.log(f"{day}: {shares[day]:.0%} cloud.")
    return shares


def _run(
    part: Stack, detector: CloudDetector, threshold: float, files: list[RasterWriter], which: tuple[int, int],
    reporter: Reporter,
) -> float:  # fmt: skip
    """Writes one date, number t of T = `which`; its share of cloud."""
    tiles, (t, dates) = windows(part.grid, len(BANDS) * _WORK), which
    cloudy = seen = 0
    for number, window in enumerate(tiles, start=1):
        reporter.check()
        probability, cloud = _window(part, detector, threshold, window)
        known = ~np.isnan(probability)
        percent = np.where(known, np.rint(100 * np.nan_to_num(probability)), _NO_DATA)
        for file, values in zip(files, (np.where(known, cloud, _NO_DATA), percent)):
            file.write(values.astype(np.uint8), window, first=1 + t)
        cloudy, seen = cloudy + int((cloud & known).sum()), seen + int(known.sum())
        reporter.progress((t + number / len(tiles)) / dates, "Finding clouds", t, dates)
    return round(cloudy / seen, 4) if seen else 0.0


def _window(part: Stack, detector: CloudDetector, threshold: float, window: Window) -> tuple[Float, NDArray[np.bool_]]:
    """(H, W) probability of cloud, NaN = no data, and the mask, which knows what lies around the window."""
    row, col = max(window.row - HALO, 0), max(window.col - HALO, 0)
    bottom = min(window.row + window.height + HALO, part.grid.height)
    right = min(window.col + window.width + HALO, part.grid.width)
    cube = part.read(Window(row, col, bottom - row, right - col))[0] / np.float32(part.spec.scale)
    probability = detector.probability(cube)
    inner = Window(window.row - row, window.col - col, window.height, window.width).slices
    return probability[inner], mask_of(probability, threshold)[inner]
