"""What the training loop asks of a problem that it learns: networks, optimiser, loss, and what is validated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, distributed, nn
from torch.optim import Optimizer

from ....shared.recipes import Recipe
from .epochs import EpochLog, EpochMetric

Batch = dict[str, Tensor]  # each value (B,...): every item of it has an entry in each


@dataclass(frozen=True)
class Position:
    """A step of a training: all from 0."""

    epoch: int
    step: int  # of the epoch
    steps: int  # an epoch has
    epochs: int  # at most

    @property
    def done(self) -> int:
        """Steps before this one."""
        return self.epoch * self.steps + self.step

    @property
    def total(self) -> int:
        return self.epochs * self.steps


class Task(nn.Module, ABC):
    """A problem that the loop learns. What its steps build on are its submodules and buffers, and its optimiser: the
    state that a run goes on from holds these."""

    title: ClassVar[str] = "Training"  # of the progress
    terms: tuple[EpochMetric, ...] = ()  # of the loss, that are told beside it
    validated: ClassVar[tuple[EpochMetric, ...]] = ()  # what the validation measures
    monitor: ClassVar[EpochMetric]  # by which the best epoch is chosen, and when it gets no better
    keeps_last: ClassVar[bool] = False  # the last epoch's weights are kept, not those of the best one
    at_once: int = 0  # items whose gradient is taken at once, at most; 0 = a whole batch
    optimizer: Optimizer

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe

    @property
    @abstractmethod
    def trained(self) -> nn.Module:
        """What gradients move."""

    @abstractmethod
    def schedule(self, at: Position) -> None:
        """Sets the learning rate, and what else changes with the steps, before a step."""

    @abstractmethod
    def mass(self, batch: Batch) -> Tensor:
        """Scalar: what the loss of the batch is divided by to be a mean; a part's loss weighs by its share of it."""

    def start_step(self) -> None:
        """Before the gradient of a batch is taken, which may happen more than once a step."""

    @abstractmethod
    def losses(self, part: Batch) -> dict[str, Tensor]:
        """Scalars of a part of a batch: the "loss" first, then the `terms` by their names."""

    def before_step(self, at: Position) -> None:
        """Changes the whole batch's gradient, as clipping does, before the optimiser's step."""

    def after_step(self, at: Position) -> None:
        """Moves what follows the weights: averages, teachers."""

    def predict(self, part: Batch) -> Tensor:
        """(B,...): what `validate` compares with the batch."""
        raise NotImplementedError

    def validate(self, predicted: Tensor, batch: Batch) -> None:
        """Counts a batch of the validation in."""
        raise NotImplementedError

    def measured(self) -> dict[str, float]:
        """What was validated, by the names of `validated`, over all devices; the next epoch starts anew."""
        return {}

    def doubt(self, history: Sequence[EpochLog]) -> str:
        """What to warn of after the last of these epochs; "" = nothing."""
        return ""

    @abstractmethod
    def weights(self) -> dict[str, Tensor]:
        """What becomes the model if this epoch is kept."""

    @abstractmethod
    def restore(self, weights: dict[str, Tensor]) -> None:
        """Takes up what `weights` gave, at the end of the training."""


def mean_over_devices(value: Tensor) -> Tensor:
    """The mean over the processes that share each batch; the value itself where there is one."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return value
    total = value.detach().clone()
    distributed.all_reduce(total)
    return total / distributed.get_world_size()
