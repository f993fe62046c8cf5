"""The fuse_tsstfn job: base pairs, a trained model and coarse images of some days -> the fine images of these days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ....shared.cards.applicability import Finding, SeriesFacts, departures
from ....shared.cards.fusion_card import FusionCard
from ....shared.errors import BadInput
from ....shared.jobs.sources import SceneSource, Series
from ....shared.jobs.tsstfn import FuseTsstfnJob
from ...access.rasters import open_raster
from ...execution.job_run import job_run
from ...execution.reporter import Reporter, SubProgress
from ...execution.scratch import tell_room
from ...raster.geodesy import degrees_of, ground_pixel
from ...raster.grid import Grid
from ...raster.provenance import APPLICABILITY_TAG, marks
from ...raster.tiling import Tiling, reflected, window_of
from ...raster.writer import BLOCK, as_rasterio, largest
from ...series.cube.dated_style import GREEN, write_dated_look
from ...series.cube.dated_writer import DatedStack
from ...series.cube.stack import Layer
from ...series.scenes.quantity import quantity_of
from ...series.scenes.scene import sensors_of
from ..image_pairs import (
    DatedImages,
    Images,
    files_of_images,
    fine_grid,
    read_images,
    read_pairs,
)
from .forecast_steps import Step, forecast_steps, targets_of
from .predictor import Forecaster, network_input
from .tile_blending import PredictedTile, blended

_FAR = 20  # days of year by which a base date may differ from the model's before it is told (choice)


def fuse(job: FuseTsstfnJob, reporter: Reporter) -> dict[str, object]:
    """Writes the fused images into one file; returns its path, the dates and what they were made of."""
    models = _models(job, reporter)
    band = models[0].card.inputs.band
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the images")
        fine, coarse = read_pairs(job.fine, job.coarse, band, reporter)
        run.protect_inputs((*files_of_images(fine, coarse), *(f for m in models for f in m.files())))
        forecast = _plan(job, models, fine, coarse)
        _log_plan(forecast, reporter)
        for finding in forecast.findings:
            reporter.log(finding.sentence, "warning")
        facts = _write(forecast, run.output(job.output), run.outputs.scratch(), reporter)
        if quantity_of([band]).scale == 1:
            write_dated_look(run.outputs, job.output, GREEN, [step.target for step in forecast.steps])
        run.record(job.output, facts | {"software": models[0].versions()})
    return {"output": job.output, **facts}


def _models(job: FuseTsstfnJob, reporter: Reporter) -> tuple[Forecaster, Forecaster]:
    """For the first target and for the later ones."""
    first = Forecaster(job.model, job.device)
    later = Forecaster(job.next_model, job.device) if job.next_model else first
    bands = first.card.inputs.band, later.card.inputs.band
    if bands[0] != bands[1]:
        raise BadInput(f"The models fuse {' and '.join(bands)}: choose models of one band for one forecast.")
    reporter.log(f"Device: {first.device} ({first.why}).")
    return first, later


@dataclass(frozen=True)
class _Forecast:
    """Everything that is decided before a pixel is read."""

    steps: tuple[Step, ...]
    models: tuple[Forecaster, Forecaster]
    fine: DatedImages
    coarse: DatedImages
    grid: Grid
    overlap: int
    sequential: bool

    def model(self, number: int) -> Forecaster:
        return self.models[min(number, 1)] if self.sequential else self.models[0]

    @property
    def band(self) -> str:
        return self.models[0].card.inputs.band

    @property
    def layers(self) -> list[Layer]:
        """Every image that is read."""
        return [layer for step in self.steps for layer in _read(self, step)]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """How the images depart from what the models were trained on."""
        scenes = [layer.scene for layer in self.layers]
        facts = SeriesFacts(
            bbox=degrees_of(self.grid.crs, self.grid.bounds),
            dates=(),
            sensors=sensors_of(scenes),
            pixel=ground_pixel(self.grid.crs, self.grid.transform, self.grid.height, self.grid.width),
            simulated=any(scene.simulated for scene in scenes),
        )
        return tuple(each for model in dict.fromkeys(self.models) for each in departures(model.card.home, facts))


def _plan(
    job: FuseTsstfnJob, models: tuple[Forecaster, Forecaster], fine: DatedImages, coarse: DatedImages
) -> _Forecast:
    sequential, band = job.forecast == "sequential", models[0].card.inputs.band
    pairs = (models[0].card.inputs.pairs, models[1].card.inputs.pairs)
    steps = forecast_steps(targets_of(job.targets, fine, coarse), pairs, fine, coarse, sequential)
    used = sorted({day for step in steps for day in step.bases if day not in step.made})
    seen = sorted({day for step in steps for day in (*step.bases, step.target)})
    grid = fine_grid([fine[day] for day in used], [coarse[day] for day in seen], band, job.fine.extent)
    for model in models:
        Tiling(model.card.inputs.tile, job.overlap, 0)  # refuses an overlap of more than half a tile before any work
    return _Forecast(steps, models, fine, coarse, grid, job.overlap, sequential)


def _log_plan(forecast: _Forecast, reporter: Reporter) -> None:
    grid = forecast.grid
    reporter.log(f"Grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    for number, step in enumerate(forecast.steps):
        days = ", ".join(f"{day} (forecast)" if day in step.made else str(day) for day in step.bases)
        reporter.log(f"TSSTFN: {forecast.band} of {step.target} from the base dates {days}.")
        _log_season(step, forecast.model(number).card, reporter)


def _log_season(step: Step, card: FusionCard, reporter: Reporter) -> None:
    """The network knows its dates by their order alone: it is told when they lie elsewhere in the year."""
    pairs = zip((*step.bases, step.target), card.training.days)
    far = [f"{day} for {learnt}" for day, learnt in pairs if _apart(day, learnt) > _FAR]
    if far:
        reporter.log(
            f"The model learnt other days of the year, more than {_FAR} days away ({', '.join(far)}): align the dates, "
            "or expect errors.",
            "warning",
        )


def _apart(one: dt.date, other: dt.date) -> int:
    """Days between two days of the year."""
    days = abs(one.timetuple().tm_yday - other.timetuple().tm_yday)
    return min(days, 365 - days)


# --- writing ---------------------------------------------------------------------------------------------------------


def _write(forecast: _Forecast, path: str, scratch: Path, reporter: Reporter) -> dict[str, object]:
    """Each forecast into a file of its own, which a later one may read as a base image; then all into one."""
    steps, made = forecast.steps, []
    spec = quantity_of([forecast.band]).raster_spec([forecast.band] * len(steps), {})
    tell_room("The forecasts, written twice", scratch, 2 * largest(forecast.grid, spec), reporter)
    fine, empty = dict(forecast.fine), []
    for number, step in enumerate(steps):
        part = SubProgress(reporter, 0.02 + 0.9 * number / len(steps), 0.02 + 0.9 * (number + 1) / len(steps))
        made.append(str(scratch / f"{number}.tif"))
        share = _one(forecast, number, fine, made[-1], part)
        source = Series((SceneSource(made[-1], dates=(str(step.target),)),), mask="none")
        fine |= read_images({"forecast": source}, forecast.band, reporter)["forecast"]
        empty.append(round(share, 6))
        reporter.log(f"{step.target}: {share:.1%} of the pixels stay without data.")
    _gather(forecast, made, path, SubProgress(reporter, 0.92, 0.99))
    return {
        "band": forecast.band,
        "dates": [str(step.target) for step in steps],
        "forecast": "sequential" if forecast.sequential else "individual",
        "base_dates": [[str(day) for day in step.bases] for step in steps],
        "empty_share": empty,
        "models": [m.card.sha256 for m in dict.fromkeys(forecast.models)],
        "applicability": [asdict(finding) for finding in forecast.findings],
        "device": forecast.models[0].device,
        "why": forecast.models[0].why,
    }


def _one(forecast: _Forecast, number: int, fine: DatedImages, path: str, reporter: Reporter) -> float:
    """Writes one forecast; the share of it that is without data."""
    step, model, grid, band = forecast.steps[number], forecast.model(number), forecast.grid, forecast.band
    quantity, empty = quantity_of([band]), 0
    with ExitStack() as exits:
        seen = exits.enter_context(Images([fine[day] for day in step.bases], band, grid, reporter))
        blurred = [forecast.coarse[day] for day in (*step.bases, step.target)]
        below = exits.enter_context(Images(blurred, band, grid, reporter))
        predict = _predictor(seen, below, model, reporter)
        file = DatedStack(path, grid, (band,), (step.target,), quantity, {})
        exits.enter_context(file)
        for window, values, done in blended(Tiling(model.card.inputs.tile, forecast.overlap, 0), grid, predict):
            file.write_band(0, values[None] * np.float32(quantity.scale), window)
            empty += int(np.isnan(values).sum())
            reporter.progress(done, f"Fusing {step.target}")
        if empty == grid.height * grid.width:
            raise BadInput(
                f"No pixel has all base values that {step.target} needs: fill the gaps of the series first, or choose "
                "clearer images."
            )
    return empty / (grid.height * grid.width)


def _predictor(
    fine: Images, coarse: Images, model: Forecaster, reporter: Reporter
) -> Callable[[int, int], PredictedTile]:
    """A tile by its first row and column; beyond the edge the images are mirrored."""
    size, grid = model.card.inputs.tile, fine.grid

    def predict(row: int, col: int) -> PredictedTile:
        reporter.check()
        rows, cols = reflected(row, size, grid.height), reflected(col, size, grid.width)
        window = window_of(rows, cols)
        at = np.ix_(rows - window.row, cols - window.col)
        x, valid = network_input(*(images.read(window)[:, at[0], at[1]] for images in (fine, coarse)))
        return PredictedTile(model.run(x) if valid.any() else np.zeros((size, size), np.float32), valid)

    return predict


def _gather(forecast: _Forecast, made: Sequence[str], path: str, reporter: Reporter) -> None:
    days = [step.target for step in forecast.steps]
    quantity = quantity_of([forecast.band])
    blocks = list(forecast.grid.blocks(4 * BLOCK))
    with ExitStack() as exits:
        files = [exits.enter_context(open_raster(each)) for each in made]
        whole = DatedStack(path, forecast.grid, (forecast.band,), days, quantity, _tags(forecast))
        with whole:
            for done, block in enumerate(blocks, start=1):
                for number, file in enumerate(files):
                    whole.write(file.read(1, window=as_rasterio(block)), block, first=1 + number)
                reporter.progress(done / len(blocks), "Writing the images", done, len(blocks))


def _tags(forecast: _Forecast) -> dict[str, str]:
    tags = {
        "METHOD": "TSSTFN",
        "FORECAST": "sequential" if forecast.sequential else "individual",
        "DATE": ", ".join(str(step.target) for step in forecast.steps),
        "BASE_DATES": ", ".join(map(str, forecast.steps[0].bases)),
        "MODEL_SHA256": forecast.models[0].card.sha256,
    }
    if forecast.findings:
        tags[APPLICABILITY_TAG] = " ".join(finding.sentence for finding in forecast.findings)
    read = (image.scene.simulated for image in forecast.layers)
    return tags | marks(any(read) or any(m.card.training.simulated for m in forecast.models))


def _read(forecast: _Forecast, step: Step) -> list[Layer]:
    fine = [forecast.fine[day] for day in step.bases if day not in step.made]
    return [*fine, *(forecast.coarse[day] for day in (*step.bases, step.target))]
