"""What an epoch is remembered by, which epoch is the best, and the table of all epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ....shared.recipes import Recipe
from ...reporting.csv_table import csv_text


@dataclass(frozen=True)
class EpochMetric:
    """A figure of an epoch; `name` is its column in the table."""

    name: str
    title: str
    digits: int = 4
    highest: bool = False  # whether more is better

    def is_better(self, value: float, best: float, ties: bool) -> bool:
        """Whether an epoch takes the place of the best so far; where nothing is measured (NaN), the later one does."""
        if self.highest:
            value, best = -value, -best
        return not (value > best or (value == best and not ties))

    def describe(self, value: float) -> str:
        return f"{self.title} {value:.{self.digits}f}"


@dataclass(frozen=True)
class EpochLog:
    """One epoch of any task."""

    epoch: int  # from 0
    loss: float  # mean over the steps
    learning_rate: float  # at its end
    seconds: float
    metrics: Mapping[str, float] = field(default_factory=dict)  # terms of the loss, and what was validated; NaN = not

    def value(self, name: str) -> float:
        """Of a column of the table."""
        return float(self.row()[name])

    def row(self) -> dict[str, float]:
        """Its row of the table: epoch, loss and learning rate, the metrics, seconds."""
        first = {"epoch": self.epoch, "loss": self.loss, "learning_rate": self.learning_rate}
        return {**first, **self.metrics, "seconds": self.seconds}


@dataclass(frozen=True)
class Learning:
    """How a network learnt; empty of what is grown."""

    history: tuple[EpochLog, ...] = ()
    recipe: Recipe | None = None  # with as many epochs as were planned
    steps: int = 0  # an epoch


def best_epoch(history: Sequence[EpochLog], metric: EpochMetric, ties: bool) -> int:
    """The number of the best epoch, from 0; -1 where there is none."""
    best = -1
    for number, log in enumerate(history):
        if best < 0 or metric.is_better(log.value(metric.name), history[best].value(metric.name), ties):
            best = number
    return best


def history_csv(history: Sequence[EpochLog], metrics: Sequence[str]) -> str:
    """The table of the epochs as CSV, with a column for each of `metrics`; nan where there is no such figure."""
    columns = EpochLog(0, math.nan, math.nan, math.nan, dict.fromkeys(metrics, math.nan)).row()
    return csv_text(list(columns), (log.row() for log in history), "nan")
