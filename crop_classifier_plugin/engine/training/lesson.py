"""The training loop: a network, its loss and optimiser, and the average of its weights that is kept."""

from __future__ import annotations

import copy
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader
from torchmetrics.classification import MulticlassConfusionMatrix

from ..accuracy.confusion import Confusion
from ..errors import DeviceMissing, TrainingFailed
from ..events import Reporter
from ..networks.contract import Network
from .losses import IGNORE, LOSSES, deep_supervision
from .optimise import OPTIMIZERS, SCHEDULES
from .patches import TARGET, ScoringPatches, TrainingPatches
from .recipes import Recipe

_SHARE = 0.01  # of the newest weights in their moving average (choice)


@dataclass(frozen=True)
class EpochLog:
    epoch: int
    loss: float
    learning_rate: float
    validation_mean_f1: float  # NaN without validation parcels
    seconds: float


@dataclass(frozen=True, eq=False)
class Kept:
    """The weights that become the model if the training ends now."""

    epoch: int
    mean_f1: float  # on the validation parcels; NaN without such
    weights: dict[str, Tensor]


class Lesson(L.LightningModule):
    """Trains `network`; `average` is the moving average of its weights, which is validated and kept."""

    class_weights: Tensor

    def __init__(self, network: Network, shares: Tensor, recipe: Recipe, reporter: Reporter) -> None:
        """`shares` (K,): how often each class is shown."""
        super().__init__()
        self.automatic_optimization = False  # SAM evaluates the loss twice a step
        self.network, self.recipe, self.reporter = network, recipe, reporter
        self.average = AveragedModel(network, avg_fn=_average, use_buffers=True)
        self.loss = LOSSES[recipe.loss]
        self.register_buffer("class_weights", self.loss.weights(shares))
        self.confusion = MulticlassConfusionMatrix(len(shares), ignore_index=IGNORE)
        self.history: list[EpochLog] = []
        self.kept: Kept | None = None
        self._optimizer = OPTIMIZERS[recipe.optimizer](recipe, network)
        self._losses: list[float] = []
        self._f1 = float("nan")
        self._started = 0.0

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self._optimizer

    def on_train_epoch_start(self) -> None:
        self._losses.clear()
        self._started = time.monotonic()
        rate = SCHEDULES[self.recipe.schedule](self.recipe.learning_rate, self.current_epoch, self.recipe.epochs)
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    def training_step(self, batch: dict[str, Tensor], index: int) -> None:

        def closure() -> Tensor:
            self.reporter.check()
            self._optimizer.zero_grad()
            loss = self._loss(batch)
            self.manual_backward(loss)
            return loss.detach()

        loss = float(self._optimizer.step(closure))  # type: ignore[arg-type]
        if not np.isfinite(loss):
            raise TrainingFailed("The loss is no longer a number: lower the learning rate, or choose adamw.")
        self.average.update_parameters(self.network)
        self._losses.append(loss)
        self._tell(index + 1)

    def _tell(self, step: int) -> None:
        steps = int(self.trainer.num_training_batches)
        done, total = self.current_epoch * steps + step, self.recipe.epochs * steps
        self.reporter.progress(done / total, f"Training, epoch {self.current_epoch + 1}", done, total)

    def _loss(self, batch: dict[str, Tensor]) -> Tensor:
        outputs = self.network(**self._inputs(batch))
        return deep_supervision(self.loss.function, outputs, batch[TARGET], self.class_weights)

    def _inputs(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: batch[name] for name in self.network.inputs}

    def validation_step(self, batch: dict[str, Tensor], index: int) -> None:
        self.reporter.check()
        self.confusion.update(self.average(**self._inputs(batch)).argmax(dim=1), batch[TARGET])

    def on_validation_epoch_end(self) -> None:
        self._f1 = Confusion(self.confusion.compute().cpu().numpy().astype(np.int64)).mean_f1
        self.confusion.reset()

    def on_train_epoch_end(self) -> None:
        loss, rate = float(np.mean(self._losses)), float(self._optimizer.param_groups[0]["lr"])
        log = EpochLog(self.current_epoch, loss, rate, self._f1, time.monotonic() - self._started)
        self.history.append(log)
        better = self._keep()
        checked = "" if np.isnan(self._f1) else f", validation mean F1 {self._f1:.3f}{' (best)' if better else ''}"
        self.reporter.log(f"Epoch {log.epoch + 1} of {self.recipe.epochs}: loss {loss:.4f}{checked}")
        self._stop_early()

    def _keep(self) -> bool:
        """Keeps the average of the weights where it is the best so far, or where nothing is validated."""
        if self.kept and not np.isnan(self._f1):
            behind = self._f1 < self.kept.mean_f1 or (self._f1 == self.kept.mean_f1 and not self.recipe.ties)
            if behind:
                return False
        self.kept = Kept(self.current_epoch, self._f1, copy.deepcopy(self.average.module.state_dict()))
        return True

    def _stop_early(self) -> None:
        waited = self.current_epoch - self.kept.epoch if self.kept else 0
        if 0 < self.recipe.patience <= waited:
            self.trainer.should_stop = True
            self.reporter.log(f"The validation mean F1 did not rise for {waited} epochs: the training ends here.")

    def learnt(self) -> Network:
        """The network with the weights of the best epoch, or of the last where nothing was validated; eval mode."""
        if self.kept is None:
            raise TrainingFailed("Not one epoch was learnt: ask for more epochs.")
        self.network.load_state_dict(self.kept.weights)
        return self.network.cpu().eval()


def _average(average: Tensor, newest: Tensor, count: Tensor | int) -> Tensor:
    """Exponential moving average that forgets the first steps sooner than the later ones."""
    return average + (newest - average) * max(_SHARE, 9 / (10 + int(count)))


class _Epochs(L.Callback):
    """Tells the patches which epoch it is, so that each shows others."""

    def __init__(self, patches: TrainingPatches) -> None:
        self._patches = patches

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._patches.epoch = trainer.current_epoch


def learn(lesson: Lesson, patches: TrainingPatches, validation: ScoringPatches | None, device: str) -> None:
    """Runs the lesson to its end; Cancelled and TrainingFailed pass through."""
    lessons = DataLoader(patches, batch_size=lesson.recipe.batch)
    checks = DataLoader(validation, batch_size=lesson.recipe.batch) if validation and len(validation) else None
    with _quiet():
        trainer = L.Trainer(
            max_epochs=lesson.recipe.epochs,
            accelerator=_accelerator(device),
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=[_Epochs(patches)],
        )
        trainer.fit(lesson, lessons, checks)


def _accelerator(device: str) -> str:
    gpu = torch.cuda.is_available()
    if device == "cuda" and not gpu:
        raise DeviceMissing("cuda", "PyTorch finds no CUDA device")
    return "gpu" if gpu and device != "cpu" else "cpu"


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
