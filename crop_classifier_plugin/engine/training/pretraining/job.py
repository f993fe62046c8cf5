"""The pretrain_cropsts job: series without labels -> a folder with an encoder of CropSTS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from ....shared.cards.parts import Statistics
from ....shared.errors import BadInput, Cancelled, CancelledKept
from ....shared.jobs.pretrain import PretrainJob
from ...execution.job_run import JobRun, job_run
from ...execution.outputs import Outputs
from ...execution.reporter import Reporter
from ...networks.cropsts import CropStsConfig
from ...series.scenes.quantity import OPTICAL, quantity_of
from ..loop.accelerator import Accelerator, choose_accelerator
from ..loop.checkpoint import STATE_FILE, CheckpointStore, folder_of
from ..loop.module import TaskModule
from ..loop.resume import Resume
from ..loop.several_devices import check_batch
from ..loop.trainer import run_task
from ..model_folder.encoder_folder import (
    ENCODER_FILE,
    FACTS_FILE,
    EncoderFacts,
    encoder_settings,
)
from .feature_alignment import RGB, Alignment, open_teacher
from .recipe import DinoRecipe, recipe_of
from .run import HISTORY_FILE, EncoderWriter, identity_of
from .sequences import Sequences, measured, open_sequences
from .task import DinoTask, Draws, ViewSource
from .views import Viewer, rules


def pretrain(job: PretrainJob, reporter: Reporter) -> dict[str, object]:
    """Writes encoder.safetensors, encoder.json and pretraining.csv after each epoch, each time all three or none.

    Beside their folder the state is kept until the last epoch is done: an earlier run's is taken up, as `job.resume`
    says. Raises CheckpointUnusable, and CancelledKept when it is cancelled after an epoch: what was learnt stays.
    """
    recipe = recipe_of(job.preset, job.optim, job.count)
    accelerator = choose_accelerator(job.hardware, recipe.optim.optimizer)
    check_batch(recipe.optim.batch, accelerator.devices)
    if quantity_of(job.bands) is not OPTICAL:
        raise BadInput(f"Pre-training reads reflectance, not {', '.join(job.bands)}: choose optical bands.")
    views = recipe.views
    with (
        job_run(job, reporter) as run,
        open_sequences(job.series, job.bands, views.count, views.tile, job.parcels, run.step(0, 0.05)) as sequences,
    ):
        _check_outputs(Path(job.folder), sequences, run)
        facts = {"device": accelerator.device}
        write = partial(run.record_in, beside=Path(job.folder) / HISTORY_FILE, facts=facts)
        module, resume = _fit(job, recipe, sequences, accelerator, write, run.step(0.05, 1))
        run.record(Path(job.folder) / HISTORY_FILE, facts)
    resume.store.remove()
    history = module.history
    return {
        "encoder": job.folder,
        "loss": history[-1].loss,
        "epochs": len(history),
        "device": accelerator.device,
    }


def _fit(
    job: PretrainJob,
    recipe: DinoRecipe,
    sequences: Sequences,
    accelerator: Accelerator,
    record: Callable[[Outputs], None],
    reporter: Reporter,
) -> tuple[TaskModule, Resume]:
    """Learns and leaves the encoder, with the run record beside; leaves torch's global random numbers as they were."""
    stats, count = measured(sequences.places), len(sequences.places[0].chosen)
    config = CropStsConfig.parse({"preset": job.preset, **dict(job.settings)}, len(job.bands), count, 1)
    _check_sizes(recipe, config)
    viewer = Viewer(
        stats, rules(recipe.views.large, recipe.views.small), _rgb(job.bands) if job.alignment.teacher else ()
    )
    source = ViewSource(sequences, viewer, job.seed, reporter)
    store = CheckpointStore(folder_of(job.folder), identity_of(job, config, recipe, stats, sequences))
    resume = Resume(store, job.resume)
    writer = EncoderWriter(Path(job.folder), _facts(job, config, stats, sequences, recipe), record)
    with torch.random.fork_rng():
        torch.manual_seed(job.seed)
        task = DinoTask(
            config, recipe, _alignment(job.alignment.teacher, config, reporter), job.alignment.weight, source
        )
        module = TaskModule(task, job.seed, reporter)
        try:
            run_task(module, Draws(len(sequences), recipe), None, accelerator, resume, writer)
            module.finish()
        except Cancelled as cancelled:
            raise _kept(job.folder, module, store) or cancelled from None
    return module, resume


def _kept(folder: str, module: TaskModule, store: CheckpointStore) -> Cancelled | None:
    """What to say of a cancelled run: what it leaves, and whether it can go on."""
    if not module.history:
        return None
    state = f", and the state from which it can go on in {store.folder}" if store.path.exists() else ""
    return CancelledKept(f"the encoder after epoch {len(module.history)}", f"{folder}{state}")


def _check_outputs(folder: Path, sequences: Sequences, run: JobRun) -> None:
    """Refuses a folder that cannot be written to, or whose files are what the job reads, before anything is learnt."""
    begun = (folder_of(folder) / STATE_FILE).exists()  # by a run that was broken off
    for name in (ENCODER_FILE, FACTS_FILE, HISTORY_FILE):
        run.output(folder / name, renewed=begun)
    run.protect_inputs(sequences.sources)


def _check_sizes(recipe: DinoRecipe, config: CropStsConfig) -> None:
    for size in (recipe.views.large, recipe.views.small):
        if size % config.patch:
            raise BadInput(
                f"Views of {size} px are no whole number of patches of {config.patch} px: choose another patch."
            )


def _alignment(teacher: str, config: CropStsConfig, reporter: Reporter) -> Alignment | None:
    if not teacher:
        reporter.log("No teacher was given: the encoder is learnt without alignment to one.", "warning")
        return None
    return Alignment(open_teacher(teacher), config.width)


def _rgb(bands: Sequence[str]) -> list[int]:
    lacking = [band for band in RGB if band not in bands]
    if lacking:
        raise BadInput(
            f"A teacher sees {', '.join(RGB)}, the bands lack {', '.join(lacking)}: add them, or no teacher."
        )
    return [bands.index(band) for band in RGB]


def _facts(
    job: PretrainJob, config: CropStsConfig, stats: Statistics, sequences: Sequences, recipe: DinoRecipe
) -> EncoderFacts:
    days = sorted({d.isoformat() for place in sequences.places for d in place.dates})
    seen = f"{len(sequences)} tiles of {sequences.tile} px of {len(sequences.places)} series, {days[0]} to {days[-1]}"
    learning = {
        "method": "DINO self-distillation, plot-wise masks and alignment as in the CropSTS paper",
        "recipe": recipe.facts(),
        "masks": bool(job.parcels),
        "aligned_to": Path(job.alignment.teacher).name,
        "align_weight": job.alignment.weight if job.alignment.teacher else 0.0,
        "seed": job.seed,
    }
    simulated = sequences.simulated()
    mean, std = (tuple(round(float(v), 3) for v in values) for values in (stats.mean, stats.std))
    settings = encoder_settings(config)
    return EncoderFacts(job.bands, mean, std, settings, config.dates, sequences.tile, seen, simulated, learning)
