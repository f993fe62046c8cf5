"""Several devices that train one model: how they share each batch, and how they are run.

What they tell each other within a step is in task.mean_over_devices; how many there are, in accelerator.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch.utils.data import DataLoader, Sampler

from ....shared.errors import BadInput
from ...execution.ranks import rank
from .task import Batch


class Items(Protocol):
    """A data set of items without their batch: number i is the same whatever the order of the calls."""

    def __len__(self) -> int:
        """How many an epoch shows."""

    def __getitem__(self, index: int, /) -> Batch:
        """Each value without the batch."""


class TrainingItems(Items, Protocol):
    """Items that are others in each epoch: the loop sets `epoch`."""

    epoch: int


def check_batch(batch: int, devices: int) -> None:
    """Raises BadInput for a batch that the devices cannot share evenly."""
    if batch % devices:
        raise BadInput(
            f"{devices} devices cannot share a batch of {batch} patches evenly: give a multiple of {devices}."
        )


def strategy_of(devices: int) -> Strategy | str:
    """How lightning runs them."""
    return DDPStrategy(broadcast_buffers=False) if devices > 1 else "auto"  # the module levels the buffers itself


class _Share(Sampler[int]):
    """Of `length` items each `devices`-th, from this process's rank on: together the devices see each once, and what
    they see in one step is what one device would."""

    def __init__(self, length: int, devices: int) -> None:
        self._indices = range(rank() % devices, length, devices)

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


def loader_of(items: Items, batch: int, devices: int) -> DataLoader[Batch]:
    """With random numbers of its own: a loader draws from them when it starts, which is sooner or later in the epoch
    of a run that goes on."""
    share = _Share(len(items), devices if len(items) >= devices else 1)  # too few for all: each sees them all
    return DataLoader(items, batch // devices, sampler=share, generator=torch.Generator())  # type: ignore[arg-type]
