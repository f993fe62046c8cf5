"""The train_tsstfn job: a year's fine and coarse images -> the folder of a model that fuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ....shared.cards.files import WEIGHTS_FILE, sha256_of
from ....shared.cards.fusion_card import (
    FUSION_CARD,
    SAFETENSORS,
    FusionCard,
    FusionErrors,
    FusionInputs,
    FusionTraining,
)
from ....shared.errors import BadInput
from ....shared.jobs.tsstfn import TrainTsstfnJob
from ...execution.job_run import job_run
from ...execution.reporter import Reporter
from ...fusion.image_pairs import (
    Images,
    files_of_images,
    fine_grid,
    read_pairs,
)
from ...fusion.tsstfn.forecast_steps import Step, training_step
from ...networks.base import Network, parameter_count
from ...networks.tsstfn import Tsstfn, TsstfnConfig
from ...raster.geodesy import degrees_of
from ...raster.grid import Grid
from ...series.cube.stack import Layer
from ...series.scenes.scene import sensors_of
from ...splits.tiles import Origin, Origins, TileSplitRule, split_tiles
from ..loop.accelerator import Accelerator, choose_accelerator
from ..loop.checkpoint import CheckpointStore, folder_of
from ..loop.epochs import EpochLog, history_csv
from ..loop.module import TaskModule
from ..loop.resume import Resume
from ..loop.several_devices import check_batch
from ..loop.trainer import run_task
from ..model_folder.weights_file import save_weights
from .task import RMSE, FusionTask, recipe_of
from .tiles import (
    Sampling,
    Tiles,
    TrainingTiles,
    Year,
    load_year,
)
from .tsstfn_onnx import export, load_weights

HISTORY_FILE = "training.csv"
_NETWORK = "tsstfn"
_USUAL_TILE, _LARGEST_TILE = 64, 384  # px (choice): the smallest that is not less than the first
_NORMALISED = ("NDVI", "NDWI", "NDMI", "NDRE", "LSWI")  # lie within -1 and 1; other bands have no limits
_NO_LIMITS = (-1e6, 1e6)


@dataclass(frozen=True)
class _Learnt:
    """The trained network, and what the card tells of the training."""

    network: Network
    history: tuple[EpochLog, ...]
    best: EpochLog
    tile: int
    parts: tuple[Origins, Origins]  # learnt from, validated on
    rmse_last_fine: float
    rmse_coarse: float


def train(job: TrainTsstfnJob, reporter: Reporter) -> dict[str, object]:
    """Writes model.onnx, fusion.json (the card), weights.safetensors and training.csv into job.model."""
    folder = Path(job.model)
    asked, band = job.model_inputs, job.model_inputs.band
    config = TsstfnConfig.parse(dict(job.network.settings), bands=2, dates=asked.pairs + 1, classes=1)
    tile, accelerator = _tile(asked.tile, config), choose_accelerator(job.hardware, "adam")
    check_batch(job.optim.batch, accelerator.devices)
    with job_run(job, reporter) as run:
        paths = {name: run.output(folder / name) for name in (WEIGHTS_FILE, SAFETENSORS, FUSION_CARD, HISTORY_FILE)}
        fine, coarse = read_pairs(job.fine, job.coarse, band, reporter)
        run.protect_inputs(files_of_images(fine, coarse))
        step = training_step(job.target, asked.pairs, fine, coarse)
        images = [[dated[day] for day in (*step.bases, step.target)] for dated in (fine, coarse)]
        grid = fine_grid(images[0], images[1], band, job.fine.extent)
        _tell(band, step, grid, reporter)
        opened = [run.enter(Images(each, band, grid, reporter)) for each in images]
        year = load_year(
            opened[0], opened[1], asked.pairs + 1, run.outputs.scratch(folder_of(job.model)), run.step(0, 0.1)
        )
        learnt = fit(job, config, year, tile, accelerator, run.step(0.1, 0.95))
        reporter.progress(0.96, "Exporting the network")
        export(learnt.network, tile, paths[WEIGHTS_FILE])
        save_weights(learnt.network, paths[SAFETENSORS])
        card = _card(job, step, learnt, images, grid, sha256_of(paths[WEIGHTS_FILE]))
        run.outputs.write_text(folder / FUSION_CARD, card.text())
        run.outputs.write_text(folder / HISTORY_FILE, history_csv(learnt.history, [RMSE.name]))
        run.record(folder / FUSION_CARD, {"device": accelerator.device})
    CheckpointStore(folder_of(job.model), {}).remove()
    for line in _lines(card):
        reporter.log(line)
    return {
        "model": job.model,
        **asdict(card.errors),
        "epochs": card.training.epochs,
        "device": accelerator.device,
    }


def fit(
    job: TrainTsstfnJob, config: TsstfnConfig, year: Year, tile: int, accelerator: Accelerator, reporter: Reporter
) -> _Learnt:
    """Trains the network. Leaves torch's global random numbers as they were."""
    parts = split_tiles(year.valid, TileSplitRule(tile, job.split.validation, job.split.method, job.seed))
    reporter.log(
        f"{len(parts[0])} tiles of {tile} px to learn from, {len(parts[1])} to validate on ({job.split.method})."
    )
    if job.split.method == "random":
        reporter.log("Neighbouring tiles overlap by half: a random split tells too good an error.", "warning")
    shown = TrainingTiles(year, parts[0], tile, Sampling(job.optim.batch, job.seed, job.optim.augment))
    resume = Resume(CheckpointStore(folder_of(job.model), _identity(job, config, year, parts)), job.resume)
    with torch.random.fork_rng():
        torch.manual_seed(job.seed)
        network = Tsstfn(config)
        if job.network.start:
            load_weights(network, job.network.start)
        module = TaskModule(FusionTask(network, recipe_of(job.optim, job.model_inputs.tile)), job.seed, reporter)
        run_task(module, shown, Tiles(year, parts[1], tile), accelerator, resume)
        module.finish()
    best = module.history[module.best.epoch] if module.best else module.history[-1]
    return _Learnt(network, tuple(module.history), best, tile, parts, *_references(year, parts[1], tile))


def _identity(job: TrainTsstfnJob, config: TsstfnConfig, year: Year, parts: tuple[Origins, Origins]) -> dict[str, Any]:
    """What decides how an epoch goes and which is the best, but for the device and its precision."""
    own = ("loss", "epochs", "batch", "learning_rate", "augment")
    images = [image for each in (year.fine, year.coarse) for image in each]
    return {
        "network": _NETWORK,
        "seed": job.seed,
        **{name: getattr(job.optim, name) for name in own},
        "split": job.split.method,
        "band": job.model_inputs.band,
        **{f"setting {name}": value for name, value in config.settings().items()},
        "start": Path(job.network.start).name,
        "tiles": [len(part) for part in parts],
        "shape": list(year.shape),
        "sums of the images": [round(float(np.nansum(image, dtype=np.float64)), 3) for image in images],
    }


def _references(year: Year, origins: Sequence[Origin], tile: int) -> tuple[float, float]:
    """RMSE of the last fine base image and of the target's coarse image, over the validation tiles' known pixels."""
    sums, count = np.zeros(2), 0
    for row, col in origins:
        part = (slice(row, row + tile), slice(col, col + tile))
        valid = year.valid[part]
        images = (year.fine[-1], year.fine[-2], year.coarse[-1])
        truth, last, coarse = (image[part][valid].astype(np.float64) for image in images)
        sums += [((last - truth) ** 2).sum(), ((coarse - truth) ** 2).sum()]
        count += truth.size
    first, second = np.sqrt(sums / count).tolist()
    return first, second


def _tile(asked: int, config: TsstfnConfig) -> int:
    """The tile's side, at whose levels every chunk of the network is whole rows. Raises BadInput for another one."""
    step = config.multiple
    sides = [side for side in range(step, _LARGEST_TILE + 1, step) if _whole_rows(config, side)]
    if asked and asked not in sides:
        raise BadInput(
            f"The network's chunks {config.chunks} are no whole rows of tiles of {asked} px: choose "
            f"{', '.join(map(str, sides)) or 'other chunks'}."
        )
    if not sides:
        raise BadInput(
            f"No tile has rows of which the network's chunks {config.chunks} are whole numbers: change them."
        )
    return asked or next((side for side in sides if side >= _USUAL_TILE), sides[-1])


def _whole_rows(config: TsstfnConfig, side: int) -> bool:
    rows = (chunk % (side // 2**level) for level, chunk in enumerate(config.chunks, start=1))
    return not config.paths or not any(rows)


def _tell(band: str, step: Step, grid: Grid, reporter: Reporter) -> None:
    days = ", ".join(map(str, step.bases))
    reporter.log(f"Grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    reporter.log(f"TSSTFN learns {band} of {step.target} from the base dates {days}.")


# --- what is written -------------------------------------------------------------------------------------------------


def _card(
    job: TrainTsstfnJob, step: Step, learnt: _Learnt, images: Sequence[Sequence[Layer]], grid: Grid, sha256: str
) -> FusionCard:
    low, high = (-1.0, 1.0) if job.model_inputs.band in _NORMALISED else _NO_LIMITS
    return FusionCard(
        name=Path(job.model).name,
        title=job.card.title or Path(job.model).name,
        network=_NETWORK,
        settings=_texts(learnt.network.config.settings()),
        inputs=FusionInputs(
            pairs=job.model_inputs.pairs,
            band=job.model_inputs.band,
            tile=learnt.tile,
            low=low,
            high=high,
            pixel_size=images[0][0].scene.of(job.model_inputs.band)[0].pixel,
        ),
        training=FusionTraining(
            base_dates=tuple(map(str, step.bases)),
            target=str(step.target),
            strategy=job.card.strategy,
            loss=job.optim.loss,
            epochs=len(learnt.history),
            best_epoch=learnt.best.epoch + 1,
            tiles=(len(learnt.parts[0]), len(learnt.parts[1])),
            split=job.split.method,
            simulated=any(image.scene.simulated for each in images for image in each),
            sensors=sensors_of(image.scene for each in images for image in each),
            places=(box,) if (box := degrees_of(grid.crs, grid.bounds)) else (),
        ),
        errors=FusionErrors(learnt.best.value(RMSE.name), learnt.rmse_last_fine, learnt.rmse_coarse),
        parameters=parameter_count(learnt.network),
        sha256=sha256,
    )


def _texts(settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """A network's settings as its config reads them back."""
    return tuple((k, ",".join(map(str, v)) if isinstance(v, list) else str(v)) for k, v in settings.items())


def _lines(card: FusionCard) -> list[str]:
    errors = card.errors
    figures = (
        f"RMSE on the validation tiles: TSSTFN {errors.rmse:.4f}, last fine image {errors.rmse_last_fine:.4f}, "
        f"coarse image resampled {errors.rmse_coarse:.4f}."
    )
    if errors.rmse >= min(errors.rmse_last_fine, errors.rmse_coarse):
        return [figures, "A trivial reference is as good: the model is of no use for these images."]
    return [figures]
