"""What becomes of a training that an earlier run left: gone on with, finished with its best epoch, or thrown away."""

from __future__ import annotations

from dataclasses import dataclass

from .checkpoint import CheckpointStore
from .module import TaskModule


@dataclass(frozen=True)
class Resume:
    """Where the state of a training is kept after each epoch, and what becomes of one that an earlier run left."""

    store: CheckpointStore
    choice: str = "continue"  # one of RESUME: go on with it, make a model of its best epoch, or throw it away


def take_up(module: TaskModule, resume: Resume) -> bool:
    """Whether the module took up a state."""
    store = resume.store
    if resume.choice == "restart":
        store.remove()
    state = store.read()
    if state is None:
        return False
    with store.fitting():
        module.load_state_dict(state["state_dict"])
        module.on_load_checkpoint(state)
    epoch = module.best.epoch + 1 if module.best else 0
    done = f"{len(module.history)} of {module.task.recipe.epochs} epochs"
    module.reporter.log(f"An earlier training of this model was broken off after {done}; its best is epoch {epoch}.")
    return True
