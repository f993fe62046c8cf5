"""Runs a task to its end with lightning: its epochs, devices, and the state kept after each epoch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

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
from .accelerator import Accelerator
from .checkpoint import CheckpointStore, EpochEnd, Publish
from .module import TaskModule
from .task import Batch


class Items(Protocol):
    """A data set of items without their batch: number i is the same whatever the order of the calls."""

    def __len__(self) -> int:
        """How many an epoch shows."""

    def __getitem__(self, index: int, /) -> Batch:
        """Each value without the batch."""


class TrainingItems(Items, Protocol):
    """Items that are others in each epoch: the loop sets `epoch`."""

    epoch: int


@dataclass(frozen=True)
class Resume:
    """Where the state of a training is kept after each epoch, and what becomes of one that an earlier run left."""

    store: CheckpointStore
    choice: str = "continue"  # one of RESUME: go on with it, make a model of its best epoch, or throw it away


class _Epochs(L.Callback):
    """Tells the items which epoch it is, so that each shows others."""

    def __init__(self, items: TrainingItems) -> None:
        self._items = items

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._items.epoch = trainer.current_epoch


def run_task(
    module: TaskModule,
    training: TrainingItems,
    validation: Items | None,
    accelerator: Accelerator,
    resume: Resume | None = None,
    publish: Publish | None = None,
) -> None:
    """Runs the module's task to its end; after each epoch `publish` is called and the state is kept, where given.

    A loss that is no longer a number ends it with the weights kept so far. Raises BadInput for a batch that the devices
    cannot share, Cancelled, CheckpointUnusable, LossNotFinite where no epoch was done before, OutOfMemory, and
    HelperDone in a process that only helps.
    """
    store = resume.store if resume else None
    resumed = bool(resume and _resumed(module, resume))
    if resumed and publish and not rank():
        publish(module)  # what stands there may be of another epoch, or gone
    if module.ended or (resume and resume.choice == "finish"):
        return
    check_batch(module.task.recipe.batch, accelerator.devices)
    module.reporter.log(accelerator.message)
    if store:
        module.reporter.log(f"After each epoch the state is kept in {store.folder}, from which a run can go on.")
    callbacks = [_Epochs(training), EpochEnd(store, publish, module.reporter)]
    try:
        _run(module, (training, validation), accelerator, callbacks, str(store.path) if store and resumed else None)
    except Cancelled:
        if store is None or not store.path.exists() or module.best is None:
            raise
        done = f"the training up to epoch {len(module.history)} (best: epoch {module.best.epoch + 1})"
        raise CancelledKept(done, str(store.folder)) from None
    except LossNotFinite as error:
        if module.best is None:
            raise
        module.reporter.log(f"{error.sentence} The weights of epoch {module.best.epoch + 1} are kept.", "warning")
    if rank():
        raise HelperDone


def check_batch(batch: int, devices: int) -> None:
    """Raises BadInput for a batch that the devices cannot share evenly."""
    if batch % devices:
        raise BadInput(
            f"{devices} devices cannot share a batch of {batch} patches evenly: give a multiple of {devices}."
        )


def _resumed(module: TaskModule, resume: Resume) -> bool:
    """Whether the module took up a state."""
    store = resume.store
    if resume.choice == "restart":
        store.remove()
    state = store.read()
    if state is None:
        return False
    with store.fitting():
        module.load_state_dict(state["state_dict"])
        module.on_load_checkpoint(state)
    epoch = module.best.epoch + 1 if module.best else 0
    done = f"{len(module.history)} of {module.task.recipe.epochs} epochs"
    module.reporter.log(f"An earlier training of this model was broken off after {done}; its best is epoch {epoch}.")
    return True


def _run(
    module: TaskModule,
    items: tuple[TrainingItems, Items | None],
    accelerator: Accelerator,
    callbacks: list[L.Callback],
    state: str | None,
) -> None:
    training, validation = items
    batch, devices = module.task.recipe.batch, accelerator.devices
    shown = _loader(training, batch, devices)
    checked = _loader(validation, batch, devices) if validation and len(validation) else None
    with _quiet():
        trainer = L.Trainer(
            max_epochs=module.task.recipe.epochs,
            accelerator=accelerator.accelerator,
            devices=devices,
            strategy=DDPStrategy(broadcast_buffers=False) if devices > 1 else "auto",  # the module levels them
            use_distributed_sampler=False,
            precision=accelerator.precision,  # type: ignore[arg-type]
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=callbacks,
        )
        trainer.fit(module, shown, checked, ckpt_path=state, weights_only=True)


class _Share(Sampler[int]):
    """Of `length` items each `devices`-th, from this process's rank on: together the devices see each once, and what
    they see in one step is what one device would."""

    def __init__(self, length: int, devices: int) -> None:
        self._indices = range(rank() % devices, length, devices)

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


def _loader(items: Items, batch: int, devices: int) -> DataLoader[Batch]:
    """With random numbers of its own: a loader draws from them when it starts, which is sooner or later in the epoch
    of a run that goes on."""
    share = _Share(len(items), devices if len(items) >= devices else 1)  # too few for all: each sees them all
    return DataLoader(items, batch // devices, sampler=share, generator=torch.Generator())  # type: ignore[arg-type]


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
