"""The pretrain_cropsts job: series without labels -> a folder with an encoder of CropSTS."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch

from ....shared.cards.parts import Statistics
from ....shared.errors import BadInput, Cancelled
from ....shared.jobs.pretrain import PretrainJob
from ...execution.job_run import JobRun, job_run
from ...execution.reporter import Reporter
from ...networks.cropsts import CropStsConfig
from ...series.scenes.quantity import OPTICAL, quantity_of
from ..loop.accelerator import torch_device
from ..loop.checkpoint import CheckpointStore, folder_of
from ..model_folder.encoder_folder import (
    ENCODER_FILE,
    FACTS_FILE,
    EncoderFacts,
    encoder_settings,
)
from .feature_alignment import RGB, Alignment, open_teacher
from .run import HISTORY_FILE, PretrainingRun, identity_of
from .sequences import Sequences, measured, open_sequences
from .trainer import (
    DinoEpochLog,
    DinoRecipe,
    DinoTrainer,
    recipe_of,
    run_dino,
)
from .views import Viewer, rules


def pretrain(job: PretrainJob, reporter: Reporter) -> dict[str, object]:
    """Writes encoder.safetensors, encoder.json and pretraining.csv after each epoch, each time all three or none.

    Beside their folder the state is kept until the last epoch is done: an earlier run's is taken up, as `job.earlier`
    says. Raises CheckpointUnusable, and CancelledKept when it is cancelled after an epoch: what was learnt stays.
    """
    recipe, device = recipe_of(job), device_of(job.device, reporter)
    if quantity_of(job.bands) is not OPTICAL:
        raise BadInput(f"Pre-training reads reflectance, not {', '.join(job.bands)}: choose optical bands.")
    with (
        job_run(job, reporter) as run,
        open_sequences(
            job.series,
            job.bands,
            recipe.count,
            recipe.tile,
            (job.parcels, job.parcels_layer),
            run.step(0, 0.05),
        ) as sequences,
    ):
        _check_place(job, sequences, run)
        stats = measured(sequences.places)
        count = len(sequences.places[0].chosen)
        config = CropStsConfig.parse({"preset": job.preset, **dict(job.settings)}, len(job.bands), count, 1)
        _check_sizes(recipe, config)
        with torch.random.fork_rng():
            torch.manual_seed(job.seed)
            distiller = DinoTrainer(config, recipe, _alignment(job, config, reporter), job.align_weight, device)
            viewer = Viewer(stats, rules(recipe.large, recipe.small), _rgb(job) if job.teacher else ())
            facts = _facts(job, config, stats, sequences, recipe)
            remains = CheckpointStore(folder_of(job.folder), identity_of(job, config, recipe, stats, sequences))
            if job.earlier == "restart":
                remains.remove()
            course = PretrainingRun(Path(job.folder), distiller, facts, remains, reporter)
            history = _learn(course, sequences, viewer, job.seed, run.step(0.05, 1))
    remains.remove()
    return {"encoder": job.folder, "loss": history[-1].loss, "epochs": len(history), "device": device}


def _learn(
    course: PretrainingRun, sequences: Sequences, viewer: Viewer, seed: int, reporter: Reporter
) -> list[DinoEpochLog]:
    course.take_up()
    try:
        for log in run_dino(course.distiller, sequences, viewer, seed, reporter, len(course.history)):
            course.add(log)
    except Cancelled as cancelled:
        raise course.cancelled(cancelled) from None
    return course.history


def device_of(wanted: str, reporter: Reporter) -> str:
    """What torch runs on; the log says it, and why."""
    device = torch_device(wanted)
    reporter.log(f"Learning on {device.name}: {device.why}.")
    return device.name


def _check_place(job: PretrainJob, sequences: Sequences, run: JobRun) -> None:
    """Refuses a folder that cannot be written to, or whose files are what the job reads, before anything is learnt."""
    for name in (ENCODER_FILE, FACTS_FILE, HISTORY_FILE):
        run.output(Path(job.folder) / name)
    run.protect_inputs(sequences.sources)


def _check_sizes(recipe: DinoRecipe, config: CropStsConfig) -> None:
    for size in (recipe.large, recipe.small):
        if size % config.patch:
            raise BadInput(
                f"Views of {size} px are no whole number of patches of {config.patch} px: choose another patch."
            )


def _alignment(job: PretrainJob, config: CropStsConfig, reporter: Reporter) -> Alignment | None:
    if not job.teacher:
        reporter.log("No teacher was given: the encoder is learnt without alignment to one.", "warning")
        return None
    _rgb(job)
    return Alignment(open_teacher(job.teacher), config.width)


def _rgb(job: PretrainJob) -> list[int]:
    lacking = [band for band in RGB if band not in job.bands]
    if lacking:
        raise BadInput(
            f"A teacher sees {', '.join(RGB)}, the bands lack {', '.join(lacking)}: add them, or no teacher."
        )
    return [job.bands.index(band) for band in RGB]


def _facts(
    job: PretrainJob, config: CropStsConfig, stats: Statistics, sequences: Sequences, recipe: DinoRecipe
) -> EncoderFacts:
    days = sorted({d.isoformat() for place in sequences.places for d in place.dates})
    seen = f"{len(sequences)} tiles of {sequences.tile} px of {len(sequences.places)} series, {days[0]} to {days[-1]}"
    learning = {
        "method": "DINO self-distillation, plot-wise masks and alignment as in the CropSTS paper",
        "recipe": asdict(recipe),
        "masks": bool(job.parcels),
        "aligned_to": Path(job.teacher).name,
        "align_weight": job.align_weight if job.teacher else 0.0,
        "seed": job.seed,
    }
    simulated = sequences.simulated()
    mean, std = (tuple(round(float(v), 3) for v in values) for values in (stats.mean, stats.std))
    settings = encoder_settings(config)
    return EncoderFacts(job.bands, mean, std, settings, config.dates, sequences.tile, seen, simulated, learning)
