"""One protocol for every way to run a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Feeds = Mapping[str, NDArray[Any]]  # a network's inputs by name, as Card.inputs lists them


class Prediction(NamedTuple):
    """What a network says of a batch of tiles."""

    probability: Float  # (B,K,H,W)
    attention: Float | None = None  # (B,T,h,w) weight of each date in the cells of a tile, 0..1; None = not asked for


class Runtime(Protocol):
    """Runs a network; `device` and `why` are for the log."""

    device: str
    why: str

    def run(self, feeds: Feeds, attention: bool = False) -> Prediction:
        """x*: (B,T,C,H,W) float32 normalised; doy (B,T) int64 0..365; valid*: (B,T) float32 usable share of the tile.

        Inputs that the network does not ask for are left out.
        """

    def versions(self) -> dict[str, Any]:
        """What the run record says of the software."""
