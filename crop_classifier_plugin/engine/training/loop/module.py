"""What is learnt in a step and kept after an epoch: a network, its loss and optimiser, the average of its weights."""

from __future__ import annotations

import copy
import time
from dataclasses import asdict, dataclass, fields
from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor, distributed
from torch.optim.swa_utils import AveragedModel
from torchmetrics.classification import MulticlassConfusionMatrix

from ....shared.errors import LossNotFinite, TrainingFailed
from ...accuracy.confusion import Confusion
from ...execution.reporter import Reporter
from ...labels.constants import IGNORE
from ...networks.base import Network
from ..data.patches import TARGET
from ..optim.losses import LOSSES, deep_supervision
from ..optim.optimizers import OPTIMIZERS, SCHEDULES
from ..optim.recipes import Recipe
from .batch_norm import EarlySteps
from .micro_batches import Batch, MicroBatches

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


class SegmentationModule(L.LightningModule):
    """Trains `network`; `average` is the moving average of its weights, which is validated and kept."""

    class_weights: Tensor

    def __init__(self, network: Network, shares: Tensor, recipe: Recipe, seed: int, reporter: Reporter) -> None:
        """`shares` (K,): how often each class is shown."""
        super().__init__()
        self.automatic_optimization = False  # SAM evaluates the loss twice a step
        self.network, self.recipe, self.seed, self.reporter = network, recipe, seed, reporter
        self.average = AveragedModel(network, avg_fn=_average, use_buffers=True)
        self.average.requires_grad_(False)
        self.loss = LOSSES[recipe.loss]
        self.register_buffer("class_weights", self.loss.weights(shares))
        self.confusion = MulticlassConfusionMatrix(len(shares), ignore_index=IGNORE)
        self.history: list[EpochLog] = []
        self.kept: Kept | None = None
        self.ended = False  # all that was to be learnt is learnt
        self._optimizer = OPTIMIZERS[recipe.optimizer](recipe, network)
        self._parts, self._norms = MicroBatches(reporter), EarlySteps(network)
        self._losses: list[float] = []
        self._f1 = float("nan")
        self._started = 0.0
        self._first = 0  # epoch of this run: others were done before it was broken off

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self._optimizer

    def on_train_start(self) -> None:
        self._first = self.current_epoch
        self._parts.shared = self.trainer.world_size > 1

    def on_train_epoch_start(self) -> None:
        # The same whether or not it was broken off; each device drops out other values.
        torch.manual_seed(self.seed * 1_000_003 + self.current_epoch + self.global_rank * 7_919)
        self._losses.clear()
        self._started = time.monotonic()
        rate = SCHEDULES[self.recipe.schedule](self.recipe.learning_rate, self.current_epoch, self.recipe.epochs)
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    def training_step(self, batch: Batch, index: int) -> None:
        found: list[float] = []

        def closure() -> Tensor:
            loss = self._parts.fitting(lambda: self._gradient(batch), batch)
            found.append(float(self._everywhere(loss)))
            return loss

        self.optimizers().step(closure)  # type: ignore[union-attr]
        if not np.isfinite(found[0]):
            raise LossNotFinite(self.current_epoch + 1)
        self._level()
        self.average.update_parameters(self.network)
        self._losses.append(found[0])
        self._tell(index + 1)

    def _gradient(self, batch: Batch) -> Tensor:
        """Leaves the gradient of the loss over the batch; a part weighs as many pixels as its loss is averaged over.

        Devices that share a batch take the mean of their gradients, so each weighs its part against their mean.
        """
        self._optimizer.zero_grad()
        whole = self._everywhere(self.loss.mass(batch[TARGET], self.class_weights))
        total = torch.zeros((), device=self.device)
        for part in self._parts.of(batch):
            self.reporter.check()
            self._norms.next()
            share = self.loss.mass(part[TARGET], self.class_weights) / whole if whole else 1.0
            outputs = self.network(*self._inputs(part))
            loss = share * deep_supervision(self.loss.function, outputs, part[TARGET], self.class_weights)
            self.manual_backward(loss)
            total += loss.detach()
        return total

    def _everywhere(self, value: Tensor) -> Tensor:
        """The mean over the devices that share the batch."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return value
        total = value.detach().clone()
        distributed.all_reduce(total)
        return total / distributed.get_world_size()

    def _level(self) -> None:
        """Gives the batch normalisations of all devices the same statistics: the mean of what each has seen."""
        for buffer in self.network.buffers():
            if buffer.is_floating_point():
                buffer.copy_(self._everywhere(buffer))

    def _tell(self, step: int) -> None:
        steps = int(self.trainer.num_training_batches)
        done, total = self.current_epoch * steps + step, self.recipe.epochs * steps
        before = self._first * steps  # of a run that was broken off: says nothing of the time left
        fraction = (done - before) / (total - before)
        self.reporter.progress(fraction, f"Training, epoch {self.current_epoch + 1}", done, total)

    def _inputs(self, batch: Batch) -> list[Tensor]:
        return [batch[name] for name in self.network.inputs]

    def validation_step(self, batch: Batch, index: int) -> None:
        found = self._parts.fitting(lambda: [self._found(part) for part in self._parts.of(batch)], batch)
        self.confusion.update(torch.cat(found), batch[TARGET])

    def _found(self, batch: Batch) -> Tensor:
        self.reporter.check()
        classes: Tensor = self.average(*self._inputs(batch)).argmax(dim=1)
        return classes

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
        if self.kept and not takes_its_place(self._f1, self.kept.mean_f1, self.recipe.ties):
            return False
        weights = copy.deepcopy(self.average.module.state_dict())
        if not all(bool(torch.isfinite(w).all()) for w in weights.values()):
            raise LossNotFinite(self.current_epoch + 1)
        self.kept = Kept(self.current_epoch, self._f1, weights)
        return True

    def _stop_early(self) -> None:
        waited = self.current_epoch - self.kept.epoch if self.kept else 0
        self.ended = self.current_epoch + 1 == self.recipe.epochs
        if 0 < self.recipe.patience <= waited:
            self.ended = self.trainer.should_stop = True
            self.reporter.log(f"The validation mean F1 did not rise for {waited} epochs: the training ends here.")

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        kept = {f.name: getattr(self.kept, f.name) for f in fields(Kept)} if self.kept else None
        history = [asdict(log) for log in self.history]
        checkpoint["lesson"] = {"history": history, "kept": kept, "ended": self.ended}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        own = checkpoint["lesson"]
        self.history = [EpochLog(**log) for log in own["history"]]
        self.kept = Kept(**own["kept"]) if own["kept"] else None
        self.ended = own["ended"]

    def learnt(self) -> Network:
        """The network with the weights of the best epoch, or of the last where nothing was validated; eval mode."""
        if self.kept is None:
            raise TrainingFailed("There is no earlier training to finish: choose 'continue', which starts one.")
        self.network.load_state_dict(self.kept.weights)
        return self.network.cpu().eval()


def takes_its_place(mean_f1: float, best: float, ties: bool) -> bool:
    """Whether an epoch is kept in place of the best so far; where nothing is validated (NaN), the later one is."""
    return not (mean_f1 < best or (mean_f1 == best and not ties))


def _average(average: Tensor, newest: Tensor, count: Tensor | int) -> Tensor:
    """Exponential moving average that forgets the first steps sooner than the later ones."""
    return average + (newest - average) * max(_SHARE, 9 / (10 + int(count)))
