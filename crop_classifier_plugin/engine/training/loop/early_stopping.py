"""When a training ends before its last epoch: its monitor has not been better for as many epochs as it has patience."""

from __future__ import annotations

from collections.abc import Sequence

from .epochs import EpochLog, best_epoch
from .task import Task


def epochs_since_best(history: Sequence[EpochLog], task: Task) -> int:
    """How many epochs have gone by since the best one."""
    return len(history) - 1 - best_epoch(history, task.monitor, task.recipe.ties)


def is_enough(history: Sequence[EpochLog], task: Task) -> bool:
    """Whether the training ends here; patience 0 = never."""
    return 0 < task.recipe.patience <= epochs_since_best(history, task)


def describe_end(history: Sequence[EpochLog], task: Task) -> str:
    """Why it ended."""
    way = "rise" if task.monitor.highest else "fall"
    waited = epochs_since_best(history, task)
    return f"The {task.monitor.title} did not {way} for {waited} epochs: the training ends here."
