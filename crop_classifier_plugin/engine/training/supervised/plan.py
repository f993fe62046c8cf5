"""How long a training is: as many steps as the user's minutes allow, planned before the first one.

A schedule that goes down to nothing must know its end. So some steps of a copy of the network are timed first; then the
training is one of a given number of epochs and steps, which its kept state names: a run that goes on has the same plan.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Subset

from ....shared.jobs.train import OptimSpec
from ....shared.recipes import Recipe
from ...execution.reporter import Notes, Reporter
from ..loop.accelerator import Accelerator
from ..loop.module import PLAN, TaskModule
from ..loop.resume import Resume
from ..loop.several_devices import Items, TrainingItems
from ..loop.task import Batch, Task
from ..loop.trainer import run_task

FEWEST_STEPS = 10  # an epoch: few labels are shown more often, turned and shifted each time (choice)
FALLBACK = 60  # epochs where nothing is timed: several devices would each plan another length (choice)
_MOST_EPOCHS, _FEWEST_EPOCHS = 60, 12  # enough looks at the validation to choose from, not all the time (choice)
_VALIDATING = 0.25  # share of the time that the looks may take (choice)
_OFTEN, _LEAST = 500, 300  # times that a labelled pixel is shown at most, but never fewer steps than this (choice)
TIMED = 5  # steps, the first of which is no measure (choice)
_LOOKED_AT = 2  # validation tiles that are timed (choice)
_FEW = 150  # steps with which no network of this project learnt a simulated season (benchmarks/results/recipes.md)


@dataclass(frozen=True)
class TrainingPlan:
    epochs: int
    steps: int  # an epoch


@dataclass(frozen=True)
class Pace:
    """Seconds that a step and a look at the validation take."""

    step: float
    validation: float = 0.0


@dataclass(frozen=True)
class Material:
    """How much there is to learn from."""

    labelled: int  # pixels to train on
    shown: float  # labelled pixels that a step shows

    @property
    def once(self) -> int:
        """Steps that show each labelled pixel about once."""
        return max(FEWEST_STEPS, math.ceil(self.labelled / max(self.shown, 1)))

    @property
    def most(self) -> int:
        """Steps of the longest training: more would learn the pixels by heart."""
        return max(_LEAST, math.ceil(_OFTEN * self.labelled / max(self.shown, 1)))


def find_plan(
    recipe: Recipe,
    optim: OptimSpec,
    material: Material,
    resume: Resume | None,
    measure: Callable[[], Pace] | None,
    reporter: Reporter,
) -> TrainingPlan:
    """As asked for; or that of the training which is gone on with; or what fits into the minutes. `measure`: None where
    nothing can be timed. Raises CheckpointUnusable."""
    steps = optim.steps or material.once
    if recipe.epochs:
        return TrainingPlan(recipe.epochs, steps)
    kept = kept_plan(resume)
    if kept:
        return kept
    if measure is None:
        reporter.log(f"Several devices share each batch: {FALLBACK} epochs are planned, whatever time they take.")
        return TrainingPlan(FALLBACK, steps)
    plan = plan_of(measure(), 60 * optim.minutes, material, optim.steps)
    _tell(plan, optim.minutes, reporter)
    return plan


def kept_plan(resume: Resume | None) -> TrainingPlan | None:
    """Of the training that an earlier run left and that this one goes on with. Raises CheckpointUnusable."""
    state = resume.store.read() if resume and resume.choice != "restart" else None
    kept: Any = state["loop"].get(PLAN) if state else None
    return TrainingPlan(int(kept["epochs"]), int(kept["steps"])) if kept else None


def plan_of(pace: Pace, seconds: float, material: Material, steps: int = 0) -> TrainingPlan:
    """The longest training that takes about so many seconds, and that no pixel is shown too often in; `steps`: of an
    epoch, 0 = as it fits."""
    looks = int(min(_VALIDATING * seconds / pace.validation, _MOST_EPOCHS)) if pace.validation else _MOST_EPOCHS
    once = steps or material.once
    fitting = max(int(seconds / (once * pace.step + pace.validation)), _FEWEST_EPOCHS)
    epochs = max(1, min(fitting, _MOST_EPOCHS, max(looks, 3)))
    if steps:
        return TrainingPlan(max(1, min(epochs, math.ceil(material.most / steps))), steps)
    within = (seconds - epochs * pace.validation) / (epochs * pace.step)
    return TrainingPlan(epochs, max(1, min(int(within), math.ceil(material.most / epochs))))


def _tell(plan: TrainingPlan, minutes: float, reporter: Reporter) -> None:
    total = plan.epochs * plan.steps
    reporter.log(
        f"Planned for {minutes:g} minutes at most, or longer where the machine has other work: {plan.epochs} epochs of "
        f"{plan.steps} steps. The same numbers, given as epochs and steps, repeat this training on any machine."
    )
    if total < _FEW:
        reporter.log(
            f"Only {total} steps fit into {minutes:g} minutes, and networks want hundreds: give more minutes, the "
            "small network, or a graphics card.",
            "warning",
        )


# --- the timing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reading:
    """Two clocks: the processor's tells of a step when the machine has other work, the wall's when cores share it."""

    wall: float
    processor: float

    @classmethod
    def now(cls) -> _Reading:
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call] # a graphics card is at work
            torch.cuda.synchronize()  # until it has done what it was asked
        return cls(time.monotonic(), time.process_time())

    def until(self, later: _Reading) -> float:
        """Seconds, as if the machine had nothing else to do."""
        return min(later.wall - self.wall, later.processor - self.processor)


class _Timed(TaskModule):
    """Reads the clocks before the first step and after each, and around the looks at validation tiles."""

    def __init__(self, task: Task, reporter: Reporter) -> None:
        super().__init__(task, 0, Unheard(reporter))
        self.steps = self.looks = [_Reading.now()]

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self.steps = [_Reading.now()]

    def training_step(self, batch: Batch, index: int) -> None:
        super().training_step(batch, index)
        self.steps.append(_Reading.now())

    def on_validation_epoch_start(self) -> None:
        self.looks = [_Reading.now()]

    def validation_step(self, batch: Batch, index: int) -> None:
        super().validation_step(batch, index)
        self.looks.append(_Reading.now())


def pace_of(task: Task, items: TrainingItems, checks: Items, accelerator: Accelerator, reporter: Reporter) -> Pace:
    """Of some steps of the task, which is of no use afterwards; `items` hold no more than these, reading included."""
    few: Subset[Batch] = Subset(checks, range(min(_LOOKED_AT, len(checks))))  # type: ignore[arg-type]
    module = _Timed(task, reporter)
    run_task(module, items, few, accelerator)
    steps = [sooner.until(later) for sooner, later in zip(module.steps[1:], module.steps[2:])]
    look = module.looks[0].until(module.looks[-1]) / max(len(few), 1)
    return Pace(statistics.median(steps), look * len(checks))


class Unheard(Notes):
    """A reporter that only hears of Cancel."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self.check = reporter.check

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        self.check()

    def log(self, text: str, level: str = "info") -> None:
        return
