"""The card of a fusion model: what it takes, and how it was trained. Standard library only, as the other cards."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from ..codec import build
from ..errors import (
    BadInput,
    BadModel,
    CropClassifierError,
    ModelAltered,
)
from .card import (
    MAX_CARD,
    MAX_TILE_VALUES,
    WEIGHTS_FILE,
    sha256_of,
)

FUSION_CARD = "fusion.json"
SAFETENSORS = "weights.safetensors"  # the same weights, to learn on from
_KIND = "crop-classifier-fusion"
MOST_PAIRS = 64


@dataclass(frozen=True)
class FusionCard:
    """Everything a fusion.json says. Errors are of the validation tiles, in the band's unit; empty = undefined."""

    name: str
    title: str
    network: str
    settings: tuple[tuple[str, str], ...]  # of the network, as text
    pairs: int  # base pairs it takes
    band: str
    tile: int  # px, the side that it was trained at and runs at
    base_dates: tuple[str, ...]  # ISO, of the training year
    target: str
    strategy: str
    loss: str
    epochs: int  # that were run
    best_epoch: int  # whose weights these are, from 1
    tiles: tuple[int, int]  # trained on, validated on
    split: str
    rmse: float
    rmse_last_fine: float  # of keeping the last fine base image
    rmse_coarse: float  # of the target's coarse image, resampled
    low: float  # least and largest value it may give
    high: float
    pixel_size: float  # m
    parameters: int
    sha256: str  # of model.onnx
    simulated: bool = False
    licence: str = "GPL-3.0-or-later"

    def __post_init__(self) -> None:
        if not 1 <= self.pairs <= MOST_PAIRS or len(self.base_dates) != self.pairs:
            raise BadInput(f"the card has {len(self.base_dates)} base dates for {self.pairs} base pairs")
        if not 1 <= self.tile <= 4096 or 2 * (self.pairs + 1) * self.tile**2 > MAX_TILE_VALUES:
            raise BadInput(f"the card's tile of {self.tile} px cannot be run")
        if not -math.inf < self.low < self.high < math.inf:
            raise BadInput(f"the card's values from {self.low} to {self.high} are not in order")
        for day in (*self.base_dates, self.target):
            dt.date.fromisoformat(day)

    @property
    def days(self) -> tuple[dt.date, ...]:
        """The base dates and the target's."""
        return tuple(dt.date.fromisoformat(day) for day in (*self.base_dates, self.target))

    def text(self) -> str:
        """As fusion.json holds it."""
        return json.dumps({"type": _KIND, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def load(cls, folder: str | Path) -> FusionCard:
        """The card in a model's folder. Raises BadModel when it is none."""
        try:
            facts = json.loads(_read(Path(folder) / FUSION_CARD))
            if not isinstance(facts, dict) or facts.pop("type", "") != _KIND:
                raise BadInput("it is the card of another kind of model")
            card: FusionCard = build(cls, facts)
            return card
        except FileNotFoundError:
            raise BadModel(str(folder), f"it has no {FUSION_CARD}") from None
        except CropClassifierError as error:
            raise BadModel(str(folder), f"its {FUSION_CARD} is no card: {error.sentence.rstrip('.')}") from None
        except (OSError, ValueError, RecursionError) as error:
            raise BadModel(str(folder), f"its {FUSION_CARD} is no card: {error}") from None

    def checked_weights(self, folder: str | Path) -> Path:
        """The path of model.onnx, once its sha256 is the card's."""
        path = Path(folder) / WEIGHTS_FILE
        if not path.is_file():
            raise BadModel(str(folder), f"it has no {WEIGHTS_FILE}")
        found = sha256_of(path)
        if found != self.sha256:
            raise ModelAltered(str(path), self.sha256, found)
        return path


def _read(path: Path) -> str:
    with open(path, "rb") as file:
        data = file.read(MAX_CARD + 1)
    if len(data) > MAX_CARD:
        raise BadInput(f"it has more than {MAX_CARD // 1_000_000} MB")
    return data.decode("utf-8")
