"""A task as a LightningModule: a step over a whole batch, an epoch with its log, the best weights, an early end."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import asdict, dataclass, fields
from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor

from ....shared.errors import LossNotFinite, TrainingFailed
from ...execution.reporter import Reporter
from .early_stopping import describe_end, is_enough
from .epochs import EpochLog
from .micro_batches import MicroBatches
from .task import Batch, Position, Task, mean_over_devices

PLAN = "plan"  # the entry of a kept state with the length that its training was planned with


@dataclass(frozen=True, eq=False)
class BestWeights:
    """What becomes the model if the training ends now."""

    epoch: int
    value: float  # of the task's monitor; NaN where it was not measured
    weights: dict[str, Tensor]


class TaskModule(L.LightningModule):
    """Trains `task`; `best` is what it leaves."""

    def __init__(self, task: Task, seed: int, reporter: Reporter) -> None:
        super().__init__()
        self.automatic_optimization = False  # SAM evaluates the loss twice a step, and parts make up a batch
        self.task, self.seed, self.reporter = task, seed, reporter
        self.history: list[EpochLog] = []
        self.best: BestWeights | None = None
        self.ended = False  # all that was to be learnt is learnt
        self._micro = MicroBatches(reporter, task.at_once)
        self._at = Position(0, 0, 1, 1)
        self._losses: list[list[float]] = []  # a step: the loss and its terms
        self._measured: dict[str, float] = {}
        self._started = 0.0
        self._first = 0  # epoch of this run: others were done before it was broken off

    # --- a step ------------------------------------------------------------------------------------------------------

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.task.optimizer

    def on_train_start(self) -> None:
        self._first = self.current_epoch
        self._micro.shared = self.trainer.world_size > 1

    def on_train_epoch_start(self) -> None:
        # The same whether or not it was broken off; each device drops out other values.
        torch.manual_seed(self.seed * 1_000_003 + self.current_epoch + self.global_rank * 7_919)
        self._losses.clear()
        self._measured = {metric.name: math.nan for metric in self.task.validated}
        self._started = time.monotonic()

    def training_step(self, batch: Batch, index: int) -> None:
        steps = int(self.trainer.num_training_batches)
        self._at = Position(self.current_epoch, index, steps, self.task.recipe.epochs)
        self.task.schedule(self._at)
        found: list[list[float]] = []

        def closure() -> Tensor:
            values = self._micro.fitting(lambda: self._gradient(batch), batch)
            found.append(mean_over_devices(values).tolist())
            return values[0]

        self.optimizers().step(closure)  # type: ignore[union-attr]
        if not np.isfinite(found[0]).all():
            raise LossNotFinite(self.current_epoch + 1)
        self._level()
        self.task.after_step(self._at)
        self._losses.append(found[0])
        self._log_progress()

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        self.task.before_step(self._at)

    def _gradient(self, batch: Batch) -> Tensor:
        """Leaves the gradient of the loss over the batch: (1+M,) the loss and its terms. A part weighs as many pixels,
        or items, as its loss is averaged over.

        Devices that share a batch take the mean of their gradients, so each weighs its part against their mean.
        """
        self.task.optimizer.zero_grad()
        self.task.start_step()
        whole = mean_over_devices(self.task.mass(batch))
        total = torch.zeros(1 + len(self.task.terms), device=self.device)
        for part in self._micro.of(batch):
            self.reporter.check()
            share = self.task.mass(part) / whole if whole else 1.0
            losses = self.task.losses(part)
            loss = share * losses["loss"]
            self.manual_backward(loss)
            terms = [share * losses[metric.name].detach() for metric in self.task.terms]
            total += torch.stack([loss.detach(), *terms])
        return total

    def _level(self) -> None:
        """Gives the batch normalisations of all devices the same statistics: the mean of what each has seen."""
        for buffer in self.task.trained.buffers():
            if buffer.is_floating_point():
                buffer.copy_(mean_over_devices(buffer))

    def _log_progress(self) -> None:
        done, before = self._at.done + 1, self._first * self._at.steps  # of a run that was broken off: says nothing of
        fraction = (done - before) / (self._at.total - before)  # the time left
        self.reporter.progress(fraction, f"{self.task.title}, epoch {self._at.epoch + 1}", done, self._at.total)

    # --- the validation ----------------------------------------------------------------------------------------------

    def validation_step(self, batch: Batch, index: int) -> None:
        found = self._micro.fitting(lambda: [self._predicted(part) for part in self._micro.of(batch)], batch)
        self.task.validate(torch.cat(found), batch)

    def _predicted(self, part: Batch) -> Tensor:
        self.reporter.check()
        return self.task.predict(part)

    def on_validation_epoch_end(self) -> None:
        self._measured = self.task.measured()

    # --- the end of an epoch -----------------------------------------------------------------------------------------

    def on_train_epoch_end(self) -> None:
        loss, *terms = np.mean(self._losses, axis=0).tolist()
        rate = float(self.task.optimizer.param_groups[0]["lr"])
        metrics = {metric.name: value for metric, value in zip(self.task.terms, terms, strict=True)} | self._measured
        log = EpochLog(self.current_epoch, loss, rate, time.monotonic() - self._started, metrics)
        self._keep(log)
        self.history.append(log)
        early = is_enough(self.history, self.task)
        self.ended = early or len(self.history) == self.task.recipe.epochs
        self.trainer.should_stop |= early

    def _keep(self, log: EpochLog) -> None:
        """Keeps the weights where they are the best so far, or where nothing is validated."""
        monitor, recipe = self.task.monitor, self.task.recipe
        value = log.value(monitor.name)
        later = self.best is None or self.task.keeps_last
        if not later and not monitor.is_better(value, self.best.value, recipe.ties):  # type: ignore[union-attr]
            return
        weights = copy.deepcopy(self.task.weights())
        if not all(bool(torch.isfinite(w).all()) for w in weights.values()):
            raise LossNotFinite(self.current_epoch + 1)
        self.best = BestWeights(self.current_epoch, value, weights)

    def log_epoch(self) -> None:
        """Tells the last epoch, and why it is the last where it is so too early."""
        log, task = self.history[-1], self.task
        best = bool(self.best and self.best.epoch == log.epoch and not task.keeps_last)
        figures = [f"loss {log.loss:.4f}"]
        for metric in (*task.terms, *task.validated):
            value, mark = log.metrics[metric.name], " (best)" if best and metric == task.monitor else ""
            if not math.isnan(value):
                figures.append(metric.describe(value) + mark)
        self.reporter.log(f"Epoch {log.epoch + 1} of {task.recipe.epochs}: {', '.join(figures)}")
        if self.ended and len(self.history) < task.recipe.epochs:
            self.reporter.log(describe_end(self.history, task))
        doubt = task.doubt(self.history)
        if doubt:
            self.reporter.log(doubt, "warning")

    # --- what is left ------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        best = {f.name: getattr(self.best, f.name) for f in fields(BestWeights)} if self.best else None
        history = [asdict(log) for log in self.history]
        plan = {"epochs": self.task.recipe.epochs, "steps": int(self.trainer.num_training_batches)}
        checkpoint["loop"] = {"history": history, "best": best, "ended": self.ended, PLAN: plan}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        own = checkpoint["loop"]
        self.history = [EpochLog(**log) for log in own["history"]]
        self.best = BestWeights(**own["best"]) if own["best"] else None
        self.ended = own["ended"]

    def finish(self) -> None:
        """Gives the task the weights of its best epoch, or of the last where nothing was validated."""
        if self.best is None:
            raise TrainingFailed("There is no earlier training to finish: choose 'continue', which starts one.")
        self.task.restore(self.best.weights)
