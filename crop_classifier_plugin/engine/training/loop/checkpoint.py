"""What a training leaves behind after each epoch, so that it can go on, or be finished, after it was broken off.

A state is a dict: `training` says whose it is, `lesson` holds what is the training's own, and more may stand beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Checkpoint

from ....shared.cards.parts import Statistics
from ....shared.errors import CheckpointUnusable
from ....shared.jobs.train import TrainJob
from ...execution.outputs import translate
from ...execution.ranks import rank
from ...execution.reporter import Reporter
from ...networks.base import NetworkConfig
from ...splits.split import VALIDATION
from ..data.labelled_series import LabelledCube
from ..optim.recipes import Recipe

STATE_FILE = "state.ckpt"
_IDENTITY = "training"  # the entry of the file that says whose it is


def folder_of(model: str | Path) -> Path:
    """Beside the model folder, which stays empty until the model is whole."""
    path = Path(os.path.abspath(model))
    return path.with_name(f"{path.name}.training")


def identity_of(
    job: TrainJob,
    config: NetworkConfig,
    recipe: Recipe,
    stats: Statistics,
    seasons: Sequence[LabelledCube],
    checks: Sequence[LabelledCube],
) -> dict[str, Any]:
    """What decides how an epoch goes and which is the best, but for the device and its precision."""
    chosen = {"dates of the validation series": _dates(checks), "parcels of the validation series": _validation(checks)}
    return {
        "seed": job.seed,
        **{name: value for name, value in asdict(recipe).items() if name != "patience"},
        "network": job.network,
        "settings": asdict(config),
        "bands": job.bands,
        "dates": _dates(seasons),
        "validation parcels": _validation(seasons),
        "means of the bands": list(stats.mean),
        "patch": job.patch,
        "jitter": job.jitter,
        **(chosen if checks else {}),
    }


def _dates(seasons: Sequence[LabelledCube]) -> list[list[str]]:
    return [[str(d) for d in season.dates] for season in seasons]


def _validation(seasons: Sequence[LabelledCube]) -> list[int]:
    return [int((season.split.parts == VALIDATION).sum()) for season in seasons]


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
        if not isinstance(found, dict) or "lesson" not in state:
            raise CheckpointUnusable(str(self.path), "it is no state of a training")
        own = json.loads(json.dumps(self.identity))
        for name in {**own, **found}:  # the settings first
            if found.get(name) != own.get(name):
                told = f"{_short(found.get(name))} there, {_short(own.get(name))} now"
                raise CheckpointUnusable(str(self.path), f"it is of another training: {name} is {told}")
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


class States:
    """Writes the states of a run, which goes on where one cannot be written; the log says so once."""

    def __init__(self, remains: CheckpointStore, reporter: Reporter) -> None:
        self._remains, self._reporter, self._told = remains, reporter, False

    def write(self, save: Callable[[Path], None]) -> bool:
        """As CheckpointStore.write; False where it could not be done."""
        try:
            self._remains.write(save)
        except OSError as error:
            if not self._told:
                sentence = translate(error, str(self._remains.path))
                self._reporter.log(f"The training goes on, but could not be taken up later. {sentence}", "warning")
            self._told = True
            return False
        return True


class CheckpointCallback(Checkpoint):
    """Writes the state at the end of each epoch, after the lesson has drawn its conclusions."""

    def __init__(self, remains: CheckpointStore, reporter: Reporter) -> None:
        self._remains, self._states = remains, States(remains, reporter)

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint.update(self._remains.signed())

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if rank():  # only the first process writes, but lightning has all of them meet
            trainer.save_checkpoint(self._remains.path)
            return
        meeting = _Meeting(trainer)
        if not self._states.write(meeting.save):
            meeting.make_up()


def save_state(state: dict[str, Any], path: Path) -> None:
    """Raises OSError. (PyTorch's writer hides that of a full disk behind an error of its own.)"""
    try:
        with path.open("wb") as file:
            torch.save(state, file)
    except RuntimeError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


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
