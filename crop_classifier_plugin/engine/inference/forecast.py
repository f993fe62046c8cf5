"""What a run of a model on a series would take and leave out, judged by a few of its tiles."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from ...shared.cards.card import Card
from ...shared.cards.files import checked_weights, load_card
from ...shared.jobs.describe_series import DescribeSeriesJob
from ..execution.reporter import Reporter
from ..execution.run_record import peak_memory_mib
from ..raster.pixel_area import hectares
from ..raster.tiling import Tiling
from ..runtime.open import open_runtime
from ..series.cube.input_normalisation import Preprocess
from ..series.cube.model_series import ModelSeries
from ..series.cube.open_model_series import open_model_series
from ..series.scenes.read_series import ModelScenes
from .model_fit import Aside, suited
from .tile_pipeline import Runner, read_tile, required_dates

_TRIES = 8  # tiles that are run, evenly spread (choice)


def forecast(job: DescribeSeriesJob, scenes: ModelScenes, reporter: Reporter) -> dict[str, Any]:
    """Pixels, hectares, seconds, MiB of memory, the share without a class, and the device. Raises as a run would."""
    card = load_card(job.model)
    with open_model_series(suited(scenes, card.inputs), card.inputs, Aside(reporter), fill=job.fill) as series:
        runtime = open_runtime(checked_weights(job.model, card.weights.sha256), job.device, card)
        tiling = Tiling.of(card.tiling)
        origins = _origins(tiling, series)
        tried = [origins[n] for n in np.unique(np.linspace(0, len(origins) - 1, _TRIES).round().astype(int))]
        started = time.monotonic()
        holes = _try(series, card, Runner(runtime, 4, required_dates(card), False), tiling, tried, reporter)
        seconds = (time.monotonic() - started) * len(origins) / len(tried)
        grid = series.grid
        return {
            "model": card.title,
            "pixels": grid.width * grid.height,
            "hectares": round(hectares(grid), 1),
            "seconds": round(seconds, 1),
            "memory_mib": peak_memory_mib(),
            "holes": round(holes, 4),
            "device": runtime.device,
            "why": runtime.why,
        }


def _origins(tiling: Tiling, series: ModelSeries) -> list[tuple[int, int]]:
    """Every tile of the run that has anything of the scenes."""
    shape = series.grid.height, series.grid.width
    every = ((row, col) for row in tiling.starts(shape[0]) for col in tiling.starts(shape[1]))
    return [origin for origin in every if series.meets(tiling.used(*origin, shape))] or [(0, 0)]


def _try(
    series: ModelSeries,
    card: Card,
    runner: Runner,
    tiling: Tiling,
    tried: list[tuple[int, int]],
    reporter: Reporter,
) -> float:
    """Runs some tiles; the share of their pixels that would have no class."""
    prepare = partial(Preprocess(card.inputs, card.statistics).apply, days=series.days)
    shape, missing, seen = (series.grid.height, series.grid.width), 0, 0

    def tiles() -> Any:
        for number, (row, col) in enumerate(tried):
            reporter.progress(number / len(tried), "Foreseeing the run", number, len(tried))
            yield read_tile(series, prepare, tiling.size, row, col)

    for tile, _ in runner.run(tiles(), len(tried), reporter):
        used = tiling.used(tile.row, tile.col, shape).shifted(-tile.row, -tile.col)
        usable = tile.seen.sum(axis=0)[used.slices] >= required_dates(card)
        missing, seen = missing + int((~usable).sum()), seen + usable.size
    return missing / max(seen, 1)
