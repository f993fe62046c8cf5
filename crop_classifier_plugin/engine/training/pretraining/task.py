"""Self-distillation as a task of the training loop: views in, a student that learns from its own average out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ...execution.reporter import Reporter
from ...networks.cropsts import CropStsConfig
from ..loop.epochs import EpochMetric
from ..loop.task import Batch, Position, Task, mean_over_devices
from . import dino
from .feature_alignment import Alignment
from .recipe import DinoRecipe
from .sequences import Sequence_, Sequences
from .views import View, Viewer

TERMS = (  # of the loss; the second one not without a teacher of photographs
    EpochMetric("distillation", "distillation"),
    EpochMetric("alignment", "alignment"),
)
_LAST_LAYER_FROZEN = 1  # epochs
_DRAW = "draw"  # an item's only key: the number of the draw


class ViewBatch:
    """Views of several sequences, joined by view."""

    def __init__(self, views: Sequence[Sequence[View]], doy: Tensor, device: torch.device) -> None:
        joined = list(zip(*views))  # by view
        self.x = [torch.stack([v.x for v in view]).to(device) for view in joined]  # each (B,T,C,S,S)
        self.valid = [torch.stack([v.valid for v in view]).to(device) for view in joined]
        self.hidden = [torch.stack([v.hidden for v in view]).to(device) for view in joined]
        self.rgb = [torch.stack([v.rgb for v in view]).to(device) for view in joined[:2]]
        self.doy = doy.to(device)

    def seen_by_student(self, i: int) -> Tensor:
        """View i with the insides of parcels set to 0, on all dates alike."""
        return self.x[i].masked_fill(self.hidden[i][:, None, None], 0.0)


class Draws:
    """The items of the loop: numbers of draws, others in each epoch. The task makes views of a few draws at a time:
    those of a whole batch of the paper's take 14 GB."""

    def __init__(self, sequences: int, recipe: DinoRecipe) -> None:
        """`sequences`: how many there are."""
        batch = recipe.optim.batch
        self._length, self.epoch = max(recipe.min_steps, math.ceil(sequences / batch)) * batch, 0

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Batch:
        return {_DRAW: torch.tensor(self.epoch * self._length + index)}


@dataclass(frozen=True, eq=False)
class ViewSource:
    """Makes the views of a draw, the same for the same seed whatever the order of the calls."""

    sequences: Sequences
    viewer: Viewer
    seed: int
    reporter: Reporter

    def views(self, draws: Sequence[int], device: torch.device) -> ViewBatch:
        drawn: list[Sequence_] = []
        views = []
        for number in draws:
            self.reporter.check()
            rng = np.random.default_rng((self.seed, number))
            drawn.append(self.sequences.draw(rng, self.reporter))
            views.append(self.viewer.views(drawn[-1], rng))
        return ViewBatch(views, torch.from_numpy(np.stack([sequence.doy for sequence in drawn])), device)


class DinoTask(Task):
    """Student, teacher and centre, and how they learn. What is left is the last epoch's teacher, the better of the two
    (Caron et al. 2021); `align`: the loss beside self-distillation, of which `weight` counts."""

    title: ClassVar[str] = "Pre-training"
    monitor: ClassVar[EpochMetric] = EpochMetric("loss", "loss")
    keeps_last: ClassVar[bool] = True
    centre: Tensor

    def __init__(
        self,
        config: CropStsConfig,
        recipe: DinoRecipe,
        align: Alignment | None,
        weight: float,
        source: ViewSource | None = None,
    ) -> None:
        super().__init__(recipe.optim)
        self.dino_recipe, self.align, self.weight, self.source = recipe, align, weight, source
        self.terms = TERMS if align else TERMS[:1]
        head = recipe.head
        self.student = dino.DinoNetwork(config, head.hidden, head.bottleneck, head.outputs)
        self.teacher = dino.teacher_of(self.student)
        dino.drop_paths(self.student.encoder, dino.DROP_PATH)
        self.register_buffer("centre", torch.zeros(head.outputs))
        pulled, left = dino.decayed(self.trained)
        groups: list[dict[str, Any]] = [{"params": pulled}, {"params": left, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=0.0)
        self.at_once = recipe.at_once
        self._scores: list[Tensor] = []  # the teacher's, of the batch's global views

    @property
    def trained(self) -> nn.Module:
        return nn.ModuleList([self.student, *([self.align] if self.align else [])])

    def train(self, mode: bool = True) -> DinoTask:
        """The teacher drops nothing, whatever the mode."""
        super().train(mode)
        self.teacher.eval()
        return self

    def schedule(self, at: Position) -> None:
        """Learning rate and weight decay of the step."""
        peak, warm_up = self.recipe.learning_rate * self.recipe.batch / 256, self.dino_recipe.warm_up * at.steps
        for group in self.optimizer.param_groups:
            group["lr"] = dino.learning_rate_at(peak, at.done, at.total, warm_up)
        decay = dino.cosine(self.recipe.weight_decay, self.dino_recipe.last_decay, at.done, at.total)
        self.optimizer.param_groups[0]["weight_decay"] = decay

    def mass(self, batch: Batch) -> Tensor:
        return torch.tensor(float(len(batch[_DRAW])), device=self.centre.device)

    def start_step(self) -> None:
        self._scores.clear()

    def losses(self, part: Batch) -> dict[str, Tensor]:
        if self.source is None:
            raise ValueError("no source of views was given")
        return self.losses_of(self.source.views(part[_DRAW].tolist(), self.centre.device))

    def losses_of(self, batch: ViewBatch) -> dict[str, Tensor]:
        """In float32, whatever the networks compute in."""
        with torch.no_grad():
            targets = [self.teacher(batch.x[i], batch.doy, batch.valid[i])[0].float() for i in (0, 1)]
        seen = [self.student(batch.seen_by_student(i), batch.doy, batch.valid[i]) for i in range(len(batch.x))]
        distillation = dino.distillation([scores.float() for scores, _ in seen], targets, self.centre)
        self._scores += targets
        if not self.align:
            return {"loss": distillation, "distillation": distillation}
        pairs = zip([tokens.float() for _, tokens in seen[:2]], batch.valid, batch.rgb)
        alignment = torch.stack([self.align(*pair) for pair in pairs]).mean()
        total = distillation + self.weight * alignment
        return {"loss": total, "distillation": distillation, "alignment": alignment}

    def before_step(self, at: Position) -> None:
        """Each parameter's gradient is clipped; the head's last layer waits in the first epoch."""
        dino.clip(self.trained)
        if at.epoch < _LAST_LAYER_FROZEN:
            self.student.head.last.grad = None

    def after_step(self, at: Position) -> None:
        """The centre takes the batch in, and the teacher follows the student."""
        self.centre.copy_(mean_over_devices(dino.update_centre(self.centre, self._scores)))
        momentum = dino.cosine(self.dino_recipe.momentum, 1.0, at.done, at.total)
        dino.update_teacher(self.teacher, self.student, momentum)

    def weights(self) -> dict[str, Tensor]:
        return self.teacher.encoder.state_dict()

    def restore(self, weights: dict[str, Tensor]) -> None:
        self.teacher.encoder.load_state_dict(weights)
