"""Fusion by TSSTFN as a task of the training loop: Adam, and a loss over the known pixels.

The paper's training and what differs: docs/papers/tsstfn.md, sections 4 and 5.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torchmetrics import MeanSquaredError

from ....shared.errors import TrainingFailed
from ....shared.jobs.tsstfn import FusionOptim
from ....shared.recipes import AdamSpec, Recipe
from ..loop.epochs import EpochMetric
from ..loop.task import Batch, Position, Task
from ..optim.losses import regression
from ..optim.optimizers import OPTIMIZERS
from .tiles import FINE, INPUT

RMSE = EpochMetric("validation_rmse", "validation RMSE")


def recipe_of(optim: FusionOptim, tile: int = 0) -> Recipe:
    """`tile`: px, both sides."""
    return Recipe(
        optim.loss,
        "adam",
        optim.learning_rate,
        "constant",
        epochs=optim.epochs,
        batch=optim.batch,
        patch=tile,
        patience=optim.patience,
        adam=AdamSpec(epsilon=1e-8),
    )


class FusionTask(Task):
    """Trains `network`, a Tsstfn; the weights of the epoch with the lowest RMSE of the validation are kept."""

    validated: ClassVar[tuple[EpochMetric, ...]] = (RMSE,)
    monitor: ClassVar[EpochMetric] = RMSE

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.network = network
        self.optimizer = OPTIMIZERS[recipe.optimizer](recipe, network)
        self.error = MeanSquaredError(squared=False)
        self.error.set_dtype(torch.float64)

    @property
    def trained(self) -> nn.Module:
        return self.network

    def schedule(self, at: Position) -> None:
        """The rate stays as it is."""

    def mass(self, batch: Batch) -> Tensor:
        return (~torch.isnan(batch[FINE])).sum().float()

    def losses(self, part: Batch) -> dict[str, Tensor]:
        outputs = self.network(part[INPUT])  # (S,B,1,H,W) in training: of these the last
        return {"loss": regression(self.recipe.loss, outputs[-1][:, 0], part[FINE])}

    def predict(self, part: Batch) -> Tensor:
        """(B,H,W)."""
        found: Tensor = self.network(part[INPUT])[:, 0]
        return found.float()

    def validate(self, predicted: Tensor, batch: Batch) -> None:
        valid = ~torch.isnan(batch[FINE])
        self.error.update(predicted[valid].double(), batch[FINE][valid].double())

    def measured(self) -> dict[str, float]:
        """Raises TrainingFailed where the network gives no numbers."""
        rmse = float(self.error.compute())
        self.error.reset()
        if not math.isfinite(rmse):
            raise TrainingFailed("The network gives values that are no numbers: lower the learning rate.")
        return {RMSE.name: rmse}

    def weights(self) -> dict[str, Tensor]:
        return self.network.state_dict()

    def restore(self, weights: dict[str, Tensor]) -> None:
        """`network` in eval mode on the CPU."""
        self.network.load_state_dict(weights)
        self.network.cpu().eval()
