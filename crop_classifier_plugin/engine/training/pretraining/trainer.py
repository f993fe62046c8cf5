"""The pre-training loop: views in, a student that learns from its own average out."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....shared.errors import TrainingFailed
from ....shared.jobs.pretrain import PretrainJob
from ...execution.reporter import Reporter
from ...networks.cropsts import CropStsConfig
from . import dino
from .feature_alignment import Alignment
from .sequences import Sequence_, Sequences
from .views import View, Viewer

_LAST_LAYER_FROZEN = 1  # epochs


@dataclass(frozen=True)
class DinoRecipe:
    """The numbers of a pre-training."""

    count: int  # dates
    tile: int  # px
    large: int  # px of the global views
    small: int  # px of the local views
    epochs: int
    warm_up: int  # epochs
    batch: int  # sequences a step
    at_once: int  # sequences whose gradient is taken at once
    rate: float  # learning rate at a batch of 256
    hidden: int  # of the head
    bottleneck: int
    outputs: int  # K
    momentum: float = 0.996  # of the teacher, rising to 1
    decay: tuple[float, float] = (0.04, 0.4)  # of the weights, first and last
    least_steps: int = 1  # an epoch


RECIPES = {
    "paper": DinoRecipe(15, 224, 224, 96, 100, 10, 256, 8, 5e-4, 2048, 256, 4096),
    # choice: a few minutes on two cores; with so few steps the teacher follows sooner
    "small": DinoRecipe(6, 64, 64, 32, 10, 1, 4, 4, 3.2e-2, 128, 64, 256, momentum=0.98, least_steps=10),
}


def recipe_of(job: PretrainJob) -> DinoRecipe:
    given: dict[str, Any] = {"count": job.count, "epochs": job.epochs, "batch": job.batch, "rate": job.learning_rate}
    recipe = replace(RECIPES[job.preset], **{name: value for name, value in given.items() if value})
    return replace(recipe, at_once=min(recipe.at_once, recipe.batch))


@dataclass(frozen=True)
class DinoEpochLog:
    epoch: int
    loss: float
    distillation: float
    alignment: float  # NaN without a teacher of photographs
    learning_rate: float
    seconds: float


class Batch:
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


class DinoTrainer:
    """Student, teacher and centre, and one step of their learning."""

    def __init__(self, config: CropStsConfig, recipe: DinoRecipe, align: Alignment | None, weight: float, device: str):
        self.recipe, self.align, self.weight, self.device = recipe, align, weight, torch.device(device)
        self.student = dino.DinoNetwork(config, recipe.hidden, recipe.bottleneck, recipe.outputs).to(self.device)
        self.teacher = dino.teacher_of(self.student)
        dino.drop_paths(self.student.encoder, dino.DROP_PATH)
        self.student.train()
        self.centre = torch.zeros(recipe.outputs, device=self.device)
        self.learning = torch.nn.ModuleList([self.student, *([align.to(self.device)] if align else [])])
        pulled, left = dino.decayed(self.learning)
        groups: list[dict[str, Any]] = [{"params": pulled}, {"params": left, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=0.0)

    def step(self, batches: Iterable[Batch], count: int, frozen: bool) -> tuple[float, float]:
        """One optimiser step over the mean gradient of `count` batches: the losses of distillation and alignment.

        `frozen`: the head's last layer stays. The teacher has not moved yet: `follow` moves it.
        """
        self.optimizer.zero_grad()
        told, scores = [], []
        for batch in batches:
            distillation, alignment, said = self._losses(batch)
            total = distillation + self.weight * alignment
            torch.autograd.backward(total / count)
            told.append((float(distillation.detach()), float(alignment.detach())))
            scores += said
        if not np.isfinite(told).all():
            raise TrainingFailed("The loss is no longer a number: lower the learning rate.")
        dino.clip(self.learning)
        if frozen:
            self.student.head.last.grad = None
        self.optimizer.step()
        self.centre = dino.update_centre(self.centre, scores)
        first, second = np.mean(told, axis=0)
        return float(first), float(second)

    def _losses(self, batch: Batch) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Both losses, and the teacher's scores of the global views."""
        with torch.no_grad():
            wanted = [self.teacher(batch.x[i], batch.doy, batch.valid[i])[0] for i in (0, 1)]
        heard = [self.student(batch.seen_by_student(i), batch.doy, batch.valid[i]) for i in range(len(batch.x))]
        distillation = dino.distillation([scores for scores, _ in heard], wanted, self.centre)
        alignment = torch.zeros((), device=self.device)
        if self.align:
            pairs = zip([tokens for _, tokens in heard[:2]], batch.valid, batch.rgb)
            alignment = torch.stack([self.align(*pair) for pair in pairs]).mean()
        return distillation, alignment, wanted

    def schedule(self, step: int, steps: int, warm_up: int) -> float:
        """Sets learning rate and weight decay of a step; returns the rate."""
        rate = dino.learning_rate_at(self.recipe.rate * self.recipe.batch / 256, step, steps, warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.param_groups[0]["weight_decay"] = dino.cosine(*self.recipe.decay, step, steps)
        return rate

    def state(self) -> dict[str, Any]:
        """All that the next steps build on: student and alignment, teacher, centre, optimiser."""
        states = {name: getattr(self, name).state_dict() for name in ("learning", "teacher", "optimizer")}
        return {**states, "centre": self.centre}

    def load(self, state: dict[str, Any]) -> None:
        """Goes on from a state. Raises RuntimeError, ValueError or KeyError where it does not fit."""
        self.learning.load_state_dict(state["learning"])
        self.teacher.load_state_dict(state["teacher"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.centre.copy_(state["centre"])

    def follow(self, step: int, steps: int) -> None:
        dino.update_teacher(self.teacher, self.student, dino.cosine(self.recipe.momentum, 1.0, step, steps))


def run_dino(
    distiller: DinoTrainer, sequences: Sequences, viewer: Viewer, seed: int, reporter: Reporter, done: int = 0
) -> Iterator[DinoEpochLog]:
    """Learns epoch by epoch, after the `done` first ones; after each the teacher is what has been learnt so far.

    Seeds torch's global random numbers, which drop paths, for each epoch: broken off or not, it goes the same way.
    """
    recipe = distiller.recipe
    an_epoch = max(recipe.least_steps, math.ceil(len(sequences) / recipe.batch))
    steps, before = recipe.epochs * an_epoch, done * an_epoch  # what was done before says nothing of the time left
    for epoch in range(done, recipe.epochs):
        torch.manual_seed(seed * 1_000_003 + epoch)
        started, losses, rate = time.monotonic(), [], 0.0
        for step in range(epoch * an_epoch, (epoch + 1) * an_epoch):
            rng = np.random.default_rng((seed, step))
            rate = distiller.schedule(step, steps, recipe.warm_up * an_epoch)
            parts = _parts(recipe)  # made one by one: the views of a whole batch of the paper's take 14 GB
            batches = (_batch(sequences, viewer, n, rng, distiller.device, reporter) for n in parts)
            losses.append(distiller.step(batches, len(parts), frozen=epoch < _LAST_LAYER_FROZEN))
            distiller.follow(step, steps)
            fraction = (step + 1 - before) / (steps - before)
            reporter.progress(fraction, f"Pre-training, epoch {epoch + 1}", step + 1, steps)
        first, second = (float(v) for v in np.mean(losses, axis=0))
        aligned = second if distiller.align else math.nan
        total = first + distiller.weight * second
        yield DinoEpochLog(epoch, total, first, aligned, rate, time.monotonic() - started)


def _parts(recipe: DinoRecipe) -> list[int]:
    """A batch in parts of at most `at_once`."""
    whole, rest = divmod(recipe.batch, recipe.at_once)
    return [recipe.at_once] * whole + [rest] * bool(rest)


def _batch(
    sequences: Sequences, viewer: Viewer, count: int, rng: np.random.Generator, device: torch.device, reporter: Reporter
) -> Batch:
    drawn: list[Sequence_] = [sequences.draw(rng, reporter) for _ in range(count)]
    views = []
    for sequence in drawn:
        reporter.check()
        views.append(viewer.views(sequence, rng))
    doy = torch.from_numpy(np.stack([sequence.doy for sequence in drawn]))
    return Batch(views, doy, device)
