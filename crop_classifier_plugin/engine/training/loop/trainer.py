"""Runs a task to its end with lightning: its epochs, devices, and the state kept after each epoch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import lightning as L

from ....shared.errors import (
    Cancelled,
    CancelledKept,
    LossNotFinite,
)
from ...execution.ranks import HelperDone, rank
from .accelerator import Accelerator
from .checkpoint import EpochEnd, Publish
from .module import TaskModule
from .resume import Resume, take_up
from .several_devices import Items, TrainingItems, check_batch, loader_of, strategy_of


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
    resumed = bool(resume and take_up(module, resume))
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


def _run(
    module: TaskModule,
    items: tuple[TrainingItems, Items | None],
    accelerator: Accelerator,
    callbacks: list[L.Callback],
    state: str | None,
) -> None:
    training, validation = items
    batch, devices = module.task.recipe.batch, accelerator.devices
    shown = loader_of(training, batch, devices)
    checked = loader_of(validation, batch, devices) if validation and len(validation) else None
    with _quiet():
        trainer = L.Trainer(
            max_epochs=module.task.recipe.epochs,
            accelerator=accelerator.accelerator,
            devices=devices,
            strategy=strategy_of(devices),
            use_distributed_sampler=False,  # several_devices.py shares the items
            precision=accelerator.precision,  # type: ignore[arg-type]
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=callbacks,
        )
        trainer.fit(module, shown, checked, ckpt_path=state, weights_only=True)


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
