"""What a runtime brings (Session), and what the engine makes of it (Runtime)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .devices import Device, Offer

Float = NDArray[np.float32]
Feeds = Mapping[str, NDArray[Any]]  # a network's inputs by name, as InputSpec.tensors lists them


class Declared(Protocol):
    """An input or output in the words of ONNX Runtime, as "tensor(float)"; free dimensions are names or None."""

    name: str
    type: str
    shape: Sequence[Any]


class Session(Protocol):
    """A network's file in memory. Each runtime has one such class; the file is untrusted."""

    device: Device

    def __init__(self, weights: Path, device: Device, name: str) -> None:
        """`name`: of the model, for errors. Raises BadModel, OutOfMemory, and DeviceMissing where the device fails."""

    @staticmethod
    def offer(device: str) -> Offer:
        """Whether this runtime can use the device, one of those that its rows in shared.devices name."""

    @property
    def inputs(self) -> Sequence[Declared]: ...

    @property
    def outputs(self) -> Sequence[Declared]: ...

    def run(self, names: Sequence[str], feeds: Feeds) -> list[Any]:
        """The outputs of these names, unchecked. Raises BadModel and OutOfMemory."""

    def versions(self) -> dict[str, Any]:
        """What the run record says of the software."""


class Prediction(NamedTuple):
    """What a network says of a batch of tiles."""

    probability: Float  # (B,K,H,W)
    attention: Float | None = None  # (B,T,h,w) weight of each date in the cells of a tile, 0..1; None = not asked for


class Runtime(Protocol):
    """Runs a network; `device` and `why` are for the log."""

    device: str
    why: str

    @property
    def attends(self) -> bool:
        """Whether the network tells how much it heeds each date."""

    def run(self, feeds: Feeds, attention: bool = False) -> Prediction:
        """x*: (B,T,C,H,W) float32 normalised; doy (B,T) int64 0..365; valid*: (B,T) float32 usable share of the tile.

        Inputs that the network does not ask for are left out.
        """

    def versions(self) -> dict[str, Any]:
        """What the run record says of the software."""
