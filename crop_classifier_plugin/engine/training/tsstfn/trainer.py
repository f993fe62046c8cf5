"""How TSSTFN learns: Adam, a loss over the known pixels, and an end when the validation gets no better.

The paper's training and what differs: docs/papers/tsstfn.md, sections 4 and 5.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader

from ....shared.errors import TrainingFailed
from ...execution.reporter import Reporter
from ...networks.base import Network
from ..loop.accelerator import torch_device
from .tiles import Tiles

_LOSSES = {"mse": F.mse_loss, "l1": F.l1_loss, "huber": F.smooth_l1_loss}


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn."""

    epochs: int
    patience: int
    batch: int
    learning_rate: float
    loss: str
    device: str
    seed: int


@dataclass(frozen=True)
class EpochLog:
    epoch: int  # from 1
    loss: float  # mean over the steps
    validation_rmse: float
    seconds: float


class Lesson:
    """Trains `network`; the weights of the best epoch are kept."""

    def __init__(self, network: Network, plan: Plan, reporter: Reporter) -> None:
        self.plan, self._reporter = plan, reporter
        name, why = torch_device(plan.device)
        self.device = torch.device(name)
        reporter.log(f"Device: {self.device} ({why}).")
        self._network = network.to(self.device)
        self._optimizer = torch.optim.Adam(network.parameters(), lr=plan.learning_rate)
        self.history: list[EpochLog] = []
        self._best: dict[str, Tensor] = {}

    def learn(self, tiles: Tiles, checks: Tiles) -> Network:
        """The network in eval mode, on the CPU. Cancelled and TrainingFailed pass through."""
        chance = torch.Generator().manual_seed(self.plan.seed)
        few = len(tiles) <= self.plan.batch  # else a last batch of few tiles would shake the batch statistics
        lessons = DataLoader(tiles, self.plan.batch, shuffle=True, generator=chance, drop_last=not few)
        for epoch in range(1, self.plan.epochs + 1):
            started = time.monotonic()
            loss = self._epoch(lessons, epoch)
            self._keep(EpochLog(epoch, loss, self._score(checks), time.monotonic() - started))
            if epoch - self.best.epoch >= self.plan.patience:
                told = f"No better for {self.plan.patience} epochs: the weights of epoch {self.best.epoch} are kept."
                self._reporter.log(told)
                break
        self._network.load_state_dict(self._best)
        return self._network.cpu().eval()

    @property
    def best(self) -> EpochLog:
        return min(self.history, key=lambda log: (log.validation_rmse, log.epoch))

    def _epoch(self, lessons: DataLoader[tuple[Tensor, Tensor]], epoch: int) -> float:
        self._network.train()
        losses = []
        for step, (x, target) in enumerate(lessons):
            done = (epoch - 1 + step / len(lessons)) / self.plan.epochs
            self._reporter.progress(done, f"Training, epoch {epoch}", epoch - 1, self.plan.epochs)
            target = target.to(self.device)
            self._optimizer.zero_grad()
            made = self._network(x.to(self.device))[-1][:, 0]  # (S,B,1,H,W): of the outputs in training, the last
            known = ~torch.isnan(target)
            loss: Tensor = _LOSSES[self.plan.loss](made[known], target[known])
            torch.autograd.backward(loss)
            self._optimizer.step()
            losses.append(float(loss.detach()))
        if not np.isfinite(losses).all():
            raise TrainingFailed("The loss is no longer a number: lower the learning rate.")
        return float(np.mean(losses))

    @torch.no_grad()
    def _score(self, checks: Tiles) -> float:
        """RMSE over the known pixels of the validation tiles."""
        self._network.eval()
        total, count = 0.0, 0
        for x, target in DataLoader(checks, self.plan.batch):
            self._reporter.check()
            error = self._network(x.to(self.device))[:, 0].cpu() - target
            known = ~torch.isnan(error)
            total, count = total + float(error[known].double().square().sum()), count + int(known.sum())
        return math.sqrt(total / count)

    def _keep(self, log: EpochLog) -> None:
        if not math.isfinite(log.validation_rmse):
            raise TrainingFailed("The network gives values that are no numbers: lower the learning rate.")
        self.history.append(log)
        if self.best is log:
            self._best = copy.deepcopy(self._network.state_dict())
        self._reporter.log(f"Epoch {log.epoch}: loss {log.loss:.5f}, validation RMSE {log.validation_rmse:.4f}")
