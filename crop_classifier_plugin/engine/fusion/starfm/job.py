"""The fuse_starfm job: base pairs and a coarse image of the target's day -> the fine image of that day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import BadInput
from ....shared.jobs.fusion import FuseStarfmJob, StarfmSpec
from ...execution.job_run import job_run
from ...execution.reporter import Reporter, SubProgress
from ...products import dates as calendar
from ...raster.grid import Window
from ...raster.provenance import marks
from ...raster.sidecars import write_ramp_style
from ...raster.writer import BLOCK
from ...series.cube.dated_style import GREEN
from ...series.cube.dated_writer import DatedStack
from ...series.cube.stack import Layer
from ...series.scenes.quantity import quantity_of
from ..image_pairs import (
    Images,
    files_of_images,
    fine_grid,
    read_pairs,
)
from .starfm import Pair, Settings, predict

_TILE = 128  # px computed at once: small arrays stay in the processor's cache, and a cancel is heard soon (choice)


def fuse(job: FuseStarfmJob, reporter: Reporter) -> dict[str, object]:
    """Writes the fused image; returns its path, its date and what it was made of."""
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the images")
        fine, coarse = read_pairs(job.fine, job.coarse, job.band, reporter)
        run.protect_inputs(files_of_images(fine, coarse))
        target = target_of(job.target, fine, coarse)
        bases = base_dates(target, set(fine) & set(coarse) - {target}, job.pairs)
        if len(bases) < job.pairs:
            raise _too_few(job.pairs, bases, fine, coarse)
        if target in fine:
            reporter.log(f"The fine image of {target} itself is not used.")
        pairs = [fine[day] for day in bases], [coarse[day] for day in (*bases, target)]
        images = run.enter(_open(job, *pairs, reporter))
        facts = _write(job, images, bases, target, run.output(job.output), reporter)
        if quantity_of([job.band]).scale == 1:
            write_ramp_style(run.outputs, job.output, GREEN)
        run.record(job.output, facts)
    return {"output": job.output, **facts}


def target_of(requested: str, fine: Collection[dt.date], coarse: Collection[dt.date]) -> dt.date:
    """The day to predict: as wished, or the only coarse date without a fine image."""
    if requested:
        day = calendar.parse(requested, "the target")
        if day not in coarse:
            raise BadInput(f"No coarse image is of the target {day} (they are of {_listed(coarse)}): add it.")
        return day
    alone = [day for day in coarse if day not in fine]
    if len(alone) != 1:
        raise BadInput(
            f"The target is unclear (coarse dates without a fine image: {_listed(alone)}): name the target's date."
        )
    return alone[0]


def base_dates(target: dt.date, shared: Collection[dt.date], count: int) -> tuple[dt.date, ...]:
    """The nearest shared dates to the target; two are taken from both sides of it where there are such."""
    nearest = sorted(shared, key=lambda day: (abs((day - target).days), day))
    if count == 2:
        sides = [next((day for day in nearest if (day < target) == before), None) for before in (True, False)]
        if None not in sides:
            nearest = [day for day in sides if day]
    return tuple(sorted(nearest[:count]))


def _too_few(
    requested: int, found: Collection[dt.date], fine: Collection[dt.date], coarse: Collection[dt.date]
) -> BadInput:
    pairs = "1 base pair" if requested == 1 else f"{requested} base pairs"
    return BadInput(
        f"STARFM needs {pairs} (a fine and a coarse image of one day) beside the target, there are {len(found)} "
        f"(fine: {_listed(fine)}; coarse: {_listed(coarse)}): add images of the same days, or ask for fewer pairs."
    )


def _open(job: FuseStarfmJob, fine: list[Layer], coarse: list[Layer], reporter: Reporter) -> _Both:
    grid = fine_grid(fine, coarse, job.band, job.fine.extent)
    reporter.log(f"Grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    with ExitStack() as opening:
        both = _Both(
            opening.enter_context(Images(fine, job.band, grid, reporter)),
            opening.enter_context(Images(coarse, job.band, grid, reporter, job.cubic)),
        )
        opening.pop_all()
    return both


class _Both:
    """The base pairs and the target's coarse image, the last of the coarse ones."""

    def __init__(self, fine: Images, coarse: Images) -> None:
        self.fine, self.coarse, self.grid = fine, coarse, fine.grid

    def spreads(self, reporter: Reporter) -> NDArray[np.float64]:
        """(pairs,) standard deviation of each whole fine image."""
        blocks = list(self.grid.blocks(2 * BLOCK))
        sums: list[NDArray[np.float64]] = []
        for done, window in enumerate(blocks, start=1):
            values = self.fine.read(window)
            valid = ~np.isnan(values)
            sums.append(np.stack([np.where(valid, values**k, 0).sum(axis=(1, 2)) for k in range(3)]))
            reporter.progress(done / len(blocks), "Measuring the fine images", done, len(blocks))
        count, total, squares = np.sum(sums, axis=0)
        if not count.all():
            day = self.fine.dates[int(np.argmin(count))]
            raise BadInput(f"The fine image of {day} has no clear pixel where the coarse images lie: choose another.")
        spread: NDArray[np.float64] = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))
        return spread

    def __enter__(self) -> _Both:
        return self

    def __exit__(self, *error: object) -> None:
        self.fine.close()
        self.coarse.close()


def _write(
    job: FuseStarfmJob, images: _Both, bases: tuple[dt.date, ...], target: dt.date, path: str, reporter: Reporter
) -> dict[str, object]:
    quantity, settings = quantity_of([job.band]), settings_of(job.starfm)
    spreads = images.spreads(SubProgress(reporter, 0.01, 0.05))
    days = ", ".join(map(str, bases))
    reporter.log(f"STARFM: {job.band} of {target} from the base date {days}, window {job.starfm.window} px.")
    tags = {"METHOD": "STARFM", "DATE": str(target), "BASE_DATES": days}
    tags |= marks(images.fine.simulated or images.coarse.simulated, images.fine.level)
    made = DatedStack(path, images.grid, (job.band,), (target,), quantity, tags)
    with made:
        empty = _run(images, spreads, settings, made, quantity.scale, SubProgress(reporter, 0.05, 0.97))
        reporter.progress(0.97, "Writing overviews")
    share = empty / (images.grid.height * images.grid.width)
    if share == 1:
        raise BadInput("No pixel has a fine and both coarse values: choose clearer images of the same area.")
    reporter.log(f"{share:.1%} of the pixels stay without data.")
    return {
        "date": str(target),
        "base_dates": [str(day) for day in bases],
        "band": job.band,
        "spread": [round(float(s), 6) for s in spreads],
        "empty_share": round(share, 6),
    }


def _run(
    images: _Both,
    spreads: NDArray[np.float64],
    settings: Settings,
    made: DatedStack,
    scale: float,
    reporter: Reporter,
) -> int:
    """Writes block by block; how many pixels are without data."""
    blocks, empty = list(images.grid.blocks(BLOCK)), 0
    for done, block in enumerate(blocks):
        fine, coarse = (each.read(block, settings.halo) for each in (images.fine, images.coarse))
        fused = np.full((block.height, block.width), np.nan, np.float32)
        tiles = list(images.grid.sub(block).blocks(_TILE))
        for number, tile in enumerate(tiles):
            reporter.progress((done + number / len(tiles)) / len(blocks), "Fusing", done, len(blocks))
            fused[tile.slices] = _predict(fine, coarse, spreads, settings, tile) * scale
        empty += int(np.isnan(fused).sum())
        made.write_band(0, fused[None], block)
    return empty


def _predict(
    fine: NDArray[np.float64],
    coarse: NDArray[np.float64],
    spreads: NDArray[np.float64],
    settings: Settings,
    tile: Window,
) -> NDArray[np.float64]:
    """(h, w) fused values of a tile of a block that was read with its halo."""
    rows, cols = (slice(s.start, s.stop + 2 * settings.halo) for s in tile.slices)
    pairs = [Pair(f[rows, cols], c[rows, cols], float(s)) for f, c, s in zip(fine, coarse, spreads)]
    return predict(pairs, coarse[-1][rows, cols], settings)


def settings_of(starfm: StarfmSpec) -> Settings:
    return Settings(
        window=starfm.window,
        classes=starfm.classes,
        distance=starfm.distance,
        sigma_fine=starfm.sigma_fine,
        sigma_coarse=starfm.sigma_coarse,
        temporal_filter=starfm.temporal_filter,
        local_spread=starfm.spread == "window",
        logarithmic=starfm.combination == "logarithm",
        log_scale=starfm.log_scale,
    )


def _listed(days: Collection[dt.date]) -> str:
    return ", ".join(str(day) for day in sorted(days)) or "none"
