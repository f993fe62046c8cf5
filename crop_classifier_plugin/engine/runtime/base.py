"""One protocol for every way to run a network."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


class Runtime(Protocol):
    """Runs a network; `device` and `why` are for the log."""

    device: str
    why: str

    def run(self, x: Float, doy: NDArray[np.int64], valid: Float) -> Float:
        """x (B,T,C,H,W) normalised, doy (B,T) 0..365, valid (B,T) -> probability (B,K,H,W) float32."""

    def versions(self) -> dict[str, Any]:
        """What the run record says of the software."""
