"""Runs a lesson to its end with lightning: its epochs, devices, and the state kept after each epoch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning as L
import torch
from lightning.pytorch.strategies import DDPStrategy
from torch.utils.data import DataLoader, Sampler

from ....shared.errors import (
    BadInput,
    Cancelled,
    CancelledKept,
    LossNotFinite,
)
from ...execution.ranks import HelperDone, rank
from ..data.patches import Item, ScoringPatches, TrainingPatches
from .accelerator import Accelerator
from .checkpoint import CheckpointCallback, CheckpointStore
from .module import SegmentationModule


class _Epochs(L.Callback):
    """Tells the patches which epoch it is, so that each shows others."""

    def __init__(self, patches: TrainingPatches) -> None:
        self._patches = patches

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._patches.epoch = trainer.current_epoch


def learn(
    lesson: SegmentationModule,
    patches: TrainingPatches,
    validation: ScoringPatches | None,
    machine: Accelerator,
    remains: CheckpointStore | None = None,
    earlier: str = "continue",
) -> None:
    """Runs the lesson to its end, after each epoch of which its state is kept in `remains`, where given.

    What an earlier run left there is taken up, as `earlier` (of jobs_training.EARLIER) says. A loss that is no longer
    a number ends the lesson with the weights kept so far. Raises BadInput for a batch that the devices cannot share,
    Cancelled, CheckpointUnusable, LossNotFinite where no epoch was done before, OutOfMemory, and HelperDone in a
    process that only helps.
    """
    if remains and earlier == "restart":
        remains.remove()
    state = remains.read() if remains else None
    if remains and state is not None:
        _take_up(lesson, state, remains)
    if earlier == "finish" or lesson.ended:
        return
    check_batch(lesson.recipe.batch, machine.devices)
    lesson.reporter.log(machine.told)
    if remains:
        lesson.reporter.log(f"After each epoch the state is kept in {remains.folder}, from which a run can go on.")
    try:
        _run(lesson, patches, validation, machine, remains, state is not None)
    except Cancelled:
        if remains is None or not remains.path.exists() or lesson.kept is None:
            raise
        done = f"the training up to epoch {len(lesson.history)} (best: epoch {lesson.kept.epoch + 1})"
        raise CancelledKept(done, str(remains.folder)) from None
    except LossNotFinite as error:
        if lesson.kept is None:
            raise
        lesson.reporter.log(f"{error.sentence} The weights of epoch {lesson.kept.epoch + 1} are kept.", "warning")
    if rank():
        raise HelperDone


def check_batch(batch: int, devices: int) -> None:
    """Raises BadInput for a batch that the devices cannot share evenly."""
    if batch % devices:
        raise BadInput(
            f"{devices} devices cannot share a batch of {batch} patches evenly: give a multiple of {devices}."
        )


def _take_up(lesson: SegmentationModule, state: dict[str, Any], remains: CheckpointStore) -> None:
    with remains.fitting():
        lesson.load_state_dict(state["state_dict"])
        lesson.on_load_checkpoint(state)
    epoch = lesson.kept.epoch + 1 if lesson.kept else 0
    done = f"{len(lesson.history)} of {lesson.recipe.epochs} epochs"
    lesson.reporter.log(f"An earlier training of this model was broken off after {done}; its best is epoch {epoch}.")


def _run(
    lesson: SegmentationModule,
    patches: TrainingPatches,
    validation: ScoringPatches | None,
    machine: Accelerator,
    remains: CheckpointStore | None,
    resumed: bool,
) -> None:
    lessons = _loader(patches, lesson, machine.devices)
    checks = _loader(validation, lesson, machine.devices) if validation and len(validation) else None
    keepers = [CheckpointCallback(remains, lesson.reporter)] if remains else []
    with _quiet():
        trainer = L.Trainer(
            max_epochs=lesson.recipe.epochs,
            accelerator=machine.accelerator,
            devices=machine.devices,
            strategy=DDPStrategy(broadcast_buffers=False) if machine.devices > 1 else "auto",  # the lesson levels them
            use_distributed_sampler=False,
            precision=machine.precision,  # type: ignore[arg-type]
            logger=False,
            enable_checkpointing=bool(keepers),
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=[_Epochs(patches), *keepers],
        )
        path = remains.path if remains and resumed else None
        trainer.fit(lesson, lessons, checks, ckpt_path=path, weights_only=True)


class _Share(Sampler[int]):
    """Of `length` patches each `devices`-th, from this process's rank on: together the devices see each once, and what
    they see in one step is what one device would."""

    def __init__(self, length: int, devices: int) -> None:
        self._indices = range(rank() % devices, length, devices)

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


def _loader(patches: TrainingPatches | ScoringPatches, lesson: SegmentationModule, devices: int) -> DataLoader[Item]:
    """With random numbers of its own: a loader draws from them when it starts, which is sooner or later in the epoch
    of a run that goes on."""
    share = _Share(len(patches), devices if len(patches) >= devices else 1)  # too few for all: each sees them all
    return DataLoader(patches, lesson.recipe.batch // devices, sampler=share, generator=torch.Generator())


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's own log lines and its hints on worker processes are not for the user."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)
