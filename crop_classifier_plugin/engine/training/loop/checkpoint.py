"""What a training leaves behind after each epoch, so that it can go on, or be finished, after it was broken off.

A state is a dict: `training` says whose it is, `loop` holds the module's own, and lightning's stands beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import lightning as L
import torch
from lightning.pytorch.callbacks import Checkpoint

from ....shared.errors import CheckpointUnusable
from ...execution.outputs import translate
from ...execution.ranks import rank
from ...execution.reporter import Reporter
from .module import TaskModule

Publish = Callable[[TaskModule], None]  # writes what is learnt so far, where that is more than the state
STATE_FILE = "state.ckpt"
_IDENTITY = "training"  # the entry of the file that says whose it is


def folder_of(model: str | Path) -> Path:
    """Beside the model folder, which stays empty until the model is whole."""
    path = Path(os.path.abspath(model))
    return path.with_name(f"{path.name}.training")


@dataclass(frozen=True)
class CheckpointStore:
    """A training's state in `folder`. `identity` says whose it is: tuples in it are lists to a file."""

    folder: Path
    identity: dict[str, Any]

    @property
    def path(self) -> Path:
        return self.folder / STATE_FILE

    def read(self) -> dict[str, Any] | None:
        """The state, tensors and plain values only; None where there is none.

        Raises CheckpointUnusable for a file that is no such state, and for that of another training.
        """
        if not self.path.exists():
            return None
        state = self._load()
        found = state.get(_IDENTITY)
        if not isinstance(found, dict) or "loop" not in state:
            raise CheckpointUnusable(str(self.path), "it is no state of a training")
        own = json.loads(json.dumps(self.identity))
        for name in {**own, **found}:  # the settings first
            if found.get(name) != own.get(name):
                difference = f"{_short(found.get(name))} there, {_short(own.get(name))} now"
                raise CheckpointUnusable(str(self.path), f"it is of another training: {name} is {difference}")
        return state

    def _load(self) -> dict[str, Any]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of strange pickles, which are refused anyway
                state = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # noqa: BLE001 - whatever a file holds that torch did not write
            raise CheckpointUnusable(str(self.path), f"it cannot be read, {type(error).__name__}") from None
        return state if isinstance(state, dict) else {}

    def signed(self) -> dict[str, Any]:
        """The entry of a state that says whose it is, as `read` compares it."""
        return {_IDENTITY: json.loads(json.dumps(self.identity))}

    @contextlib.contextmanager
    def fitting(self) -> Iterator[None]:
        """Around the loading of what `read` gave: raises CheckpointUnusable where it does not fit the network."""
        try:
            yield
        except (RuntimeError, KeyError, TypeError, AttributeError, ValueError) as error:
            reason = f"it does not fit the network, {type(error).__name__}"
            raise CheckpointUnusable(str(self.path), reason) from None

    def write(self, save: Callable[[Path], None]) -> None:
        """Replaces the state by what `save` writes, whole or not at all, even if the power goes. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(f".{os.getpid()}.part")
        try:
            save(temporary)
            with temporary.open("r+b") as file:  # Windows flushes only what may be written
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        finally:
            temporary.unlink(missing_ok=True)

    def remove(self) -> None:
        """Removes the state, what a killed run left of one, and the folder where nothing else is in it."""
        for file in (self.path, *self.folder.glob(f"{self.path.stem}.*.part")):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()


class EpochEnd(Checkpoint):
    """What happens at the end of each epoch, after the module has drawn its conclusions: the epoch is published, then
    its state is written, then the log tells of it. The run goes on where the state cannot be written; the log says so
    once."""

    def __init__(self, store: CheckpointStore | None, publish: Publish | None, reporter: Reporter) -> None:
        self._store, self._publish, self._reporter, self._warned = store, publish, reporter, False

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        if self._store:
            checkpoint.update(self._store.signed())

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        module = cast(TaskModule, pl_module)
        if self._publish and not rank():
            self._publish(module)
        if self._store:
            self._save(trainer, self._store)
        module.log_epoch()

    def _save(self, trainer: L.Trainer, store: CheckpointStore) -> None:
        if rank():  # only the first process writes, but lightning has all of them meet
            trainer.save_checkpoint(store.path)
            return
        meeting = _Meeting(trainer)
        try:
            store.write(meeting.save)
        except OSError as error:
            if not self._warned:
                sentence = translate(error, str(store.path))
                self._reporter.log(f"The training goes on, but could not be taken up later. {sentence}", "warning")
            self._warned = True
            meeting.make_up()


class _Meeting:
    """The barrier at the end of lightning's saving, at which other devices wait even if this one cannot write."""

    def __init__(self, trainer: L.Trainer) -> None:
        self._trainer, self._met = trainer, False

    def save(self, path: Path) -> None:
        self._trainer.save_checkpoint(path)
        self._met = True

    def make_up(self) -> None:
        if not self._met:
            self._trainer.strategy.barrier()


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
