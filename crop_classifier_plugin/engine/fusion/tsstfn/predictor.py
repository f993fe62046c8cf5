"""A trained TSSTFN at work: what it is fed, and the runtime around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.files import checked_weights
from ....shared.cards.fusion_card import FusionCard
from ....shared.errors import BadModel
from ...runtime.open import open_session

Float = NDArray[np.float32]


def network_input(fine: NDArray[np.floating], coarse: NDArray[np.floating]) -> tuple[Float, NDArray[np.bool_]]:
    """x (n+1, 2, H, W) of base images (n, H, W) and coarse ones (n+1, H, W), the target's last; where all are known.

    A fine gap shows the coarse value of its day, a coarse gap 0: only so that pixels beside it have a neighbour, it is
    neither learnt nor predicted itself (choice). The target's fine image, which the network does not read, is 0.
    """
    valid: NDArray[np.bool_] = ~(np.isnan(fine).any(axis=0) | np.isnan(coarse).any(axis=0))
    x = np.zeros((len(coarse), 2, *coarse.shape[1:]), np.float32)
    x[:, 0] = np.where(np.isnan(coarse), 0, coarse)
    x[:-1, 1] = np.where(np.isnan(fine), x[:-1, 0], fine)
    return x, valid


class Forecaster:
    """The network in a model's folder. Raises BadModel, ModelAltered or DeviceMissing."""

    def __init__(self, folder: str, device: str) -> None:
        self.card, self._folder = FusionCard.load(folder), folder
        self._session = open_session(checked_weights(folder, self.card.sha256), device, folder)
        self.device, self.why = self._session.device
        self._check()

    def _check(self) -> None:
        card = self.card
        expected = [card.inputs.pairs + 1, 2, card.inputs.tile, card.inputs.tile]
        for entry, name, shape in (
            (self._session.inputs, "x", expected),
            (self._session.outputs, "fine", [1, card.inputs.tile, card.inputs.tile]),
        ):
            if [e.name for e in entry] != [name] or list(entry[0].shape[1:]) != shape:
                found = ", ".join(f"{e.name} {list(e.shape)}" for e in entry)
                raise BadModel(self._folder, f"it has {found} where {name} of {shape} is due")

    def run(self, x: Float) -> Float:
        """x (n+1, 2, tile, tile) -> the target's fine image (tile, tile), within the card's values."""
        (result,) = self._session.run(["fine"], {"x": x[None]})
        if result.dtype != np.float32 or not np.isfinite(result).all():
            raise BadModel(self._folder, "it gives values that are no numbers")
        fine: Float = np.clip(result[0, 0], self.card.inputs.low, self.card.inputs.high)
        return fine

    def versions(self) -> dict[str, Any]:
        """What the run record says of the software."""
        return self._session.versions()

    def files(self) -> tuple[Path, ...]:
        """What the folder holds of it."""
        return tuple(path for path in Path(self._folder).iterdir() if path.is_file())
