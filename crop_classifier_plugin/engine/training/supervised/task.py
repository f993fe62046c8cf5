"""Segmentation on labels as a task of the training loop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torchmetrics.classification import MulticlassConfusionMatrix

from ....shared.recipes import Recipe
from ...accuracy.confusion import Confusion
from ...labels.constants import IGNORE
from ...networks.base import Network
from ..data.patches import TARGET
from ..loop.batch_norm import EarlySteps
from ..loop.epochs import EpochLog, EpochMetric
from ..loop.evaluation import KAPPA, MEAN_F1
from ..loop.task import Batch, Position, Task
from ..optim.losses import LOSSES, deep_supervision
from ..optim.optimizers import EPOCH_SCHEDULES, OPTIMIZERS, STEP_SCHEDULES
from .verdict import a_third, doubt_of

_SHARE = 0.01  # of the newest weights in their moving average (choice)


class SegmentationTask(Task):
    """Trains `network`; `average` is the moving average of its weights, which is validated and kept."""

    validated: ClassVar[tuple[EpochMetric, ...]] = (MEAN_F1, KAPPA)  # NaN without validation parcels
    monitor: ClassVar[EpochMetric] = MEAN_F1
    class_weights: Tensor

    def __init__(self, network: Network, shares: Tensor, recipe: Recipe) -> None:
        """`shares` (K,): how often each class is shown, in proportion."""
        super().__init__(recipe)
        self.network = network
        self.average = AveragedModel(network, avg_fn=_average, use_buffers=True)
        self.average.requires_grad_(False)
        self.loss = LOSSES[recipe.loss]
        self.register_buffer("class_weights", self.loss.weights(shares))
        self.confusion = MulticlassConfusionMatrix(len(shares), ignore_index=IGNORE)
        self.optimizer = OPTIMIZERS[recipe.optimizer](recipe, network)
        self._norms = EarlySteps(network)

    @property
    def trained(self) -> nn.Module:
        return self.network

    def schedule(self, at: Position) -> None:
        recipe = self.recipe
        if recipe.schedule in STEP_SCHEDULES:
            rate = STEP_SCHEDULES[recipe.schedule](recipe.learning_rate, at.done, at.total)
        else:
            rate = EPOCH_SCHEDULES[recipe.schedule](recipe.learning_rate, at.epoch, at.epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def mass(self, batch: Batch) -> Tensor:
        return self.loss.mass(batch[TARGET], self.class_weights)

    def losses(self, part: Batch) -> dict[str, Tensor]:
        self._norms.next()
        outputs = self.network(**self._inputs(part))
        return {"loss": deep_supervision(self.loss.function, outputs, part[TARGET], self.class_weights)}

    def after_step(self, at: Position) -> None:
        self.average.update_parameters(self.network)

    def _inputs(self, batch: Batch) -> dict[str, Tensor]:
        """By name: a network's forward may take others between them."""
        return {name: batch[name] for name in self.network.inputs}

    def predict(self, part: Batch) -> Tensor:
        """(B,H,W): the classes that the average names."""
        classes: Tensor = self.average(**self._inputs(part)).argmax(dim=1)
        return classes

    def validate(self, predicted: Tensor, batch: Batch) -> None:
        self.confusion.update(predicted, batch[TARGET])

    def measured(self) -> dict[str, float]:
        found = Confusion(self.confusion.compute().cpu().numpy().astype(np.int64))
        self.confusion.reset()
        several = sum(count > 0 for count in found.reference) > 1  # a single class says nothing of agreement
        return {MEAN_F1.name: found.mean_f1, KAPPA.name: found.kappa if several else math.nan}

    def doubt(self, history: Sequence[EpochLog]) -> str:
        return doubt_of(history, self.recipe.epochs) if len(history) == a_third(self.recipe.epochs) else ""

    def weights(self) -> dict[str, Tensor]:
        return self.average.module.state_dict()

    def restore(self, weights: dict[str, Tensor]) -> None:
        """`network` in eval mode on the CPU."""
        self.network.load_state_dict(weights)
        self.network.cpu().eval()


def _average(average: Tensor, newest: Tensor, count: Tensor | int) -> Tensor:
    """Exponential moving average that forgets the first steps sooner than the later ones."""
    return average + (newest - average) * max(_SHARE, 9 / (10 + int(count)))
