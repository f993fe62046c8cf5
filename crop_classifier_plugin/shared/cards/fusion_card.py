"""The card of a fusion model: what it takes, and how it was trained. Standard library only, as the other cards."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from ..codec import build
from ..errors import BadInput, BadModel, CropClassifierError
from ..texts.bounded import bounded_json
from ..texts.names import check_document
from .applicability import Home
from .card import MAX_TILE_VALUES
from .files import MAX_CARD, Folder
from .parts import Box, TrainingFacts, check_range

FUSION_CARD = "fusion.json"
SAFETENSORS = "weights.safetensors"  # the same weights, to learn on from
_KIND = "crop-classifier-fusion"
MOST_PAIRS = 64


@dataclass(frozen=True)
class FusionInputs:
    """What a fusion model takes, and the values it may give."""

    pairs: int  # base pairs
    band: str
    tile: int  # px, the side that it was trained at and runs at
    low: float  # least and largest value
    high: float
    pixel_size: float  # m

    def __post_init__(self) -> None:
        check_range("number of base pairs", self.pairs, 1, MOST_PAIRS)
        if not 1 <= self.tile <= 4096 or 2 * (self.pairs + 1) * self.tile**2 > MAX_TILE_VALUES:
            raise BadInput(f"the card's tile of {self.tile} px cannot be run")
        if not -math.inf < self.low < self.high < math.inf:
            raise BadInput(f"the card's values from {self.low} to {self.high} are not in order")


@dataclass(frozen=True)
class FusionTraining:
    """How a fusion model was trained."""

    base_dates: tuple[str, ...]  # ISO, of the training year
    target: str
    strategy: str
    loss: str
    epochs: int  # that were run
    best_epoch: int  # whose weights these are, from 1
    tiles: tuple[int, int]  # trained on, validated on
    split: str
    simulated: bool = False
    sensors: tuple[str, ...] = ()  # of both kinds of images, as their files' names told them; () = they did not
    places: tuple[Box, ...] = ()  # () = not told

    @property
    def days(self) -> tuple[dt.date, ...]:
        """The base dates and the target's."""
        return tuple(dt.date.fromisoformat(day) for day in (*self.base_dates, self.target))


@dataclass(frozen=True)
class FusionErrors:
    """Root mean square errors over the validation tiles, in the band's unit."""

    rmse: float
    rmse_last_fine: float  # of keeping the last fine base image
    rmse_coarse: float  # of the target's coarse image, resampled


@dataclass(frozen=True)
class FusionCard:
    """Everything a fusion.json says."""

    name: str
    title: str
    network: str
    settings: tuple[tuple[str, str], ...]  # of the network, as text
    inputs: FusionInputs
    training: FusionTraining
    errors: FusionErrors
    parameters: int
    sha256: str  # of model.onnx
    licence: str = "GPL-3.0-or-later"

    def __post_init__(self) -> None:
        found, pairs = len(self.training.days), self.inputs.pairs
        if found != pairs + 1:
            raise BadInput(f"the card has {found - 1} base dates for {pairs} base pairs")

    @property
    def home(self) -> Home:
        """Its years are left out: it is meant for another one; and its days, which are aligned by their order."""
        seen = self.training
        facts = TrainingFacts(simulated=seen.simulated, sensors=seen.sensors, places=seen.places)
        return Home(self.title, facts, self.inputs.pixel_size, "evaluate the fused images or train on images of")

    def text(self) -> str:
        """As fusion.json holds it."""
        return json.dumps({"type": _KIND, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def load(cls, folder: Folder) -> FusionCard:
        """The card in a model's folder. Raises BadModel when it is none."""
        try:
            facts = bounded_json(Path(folder) / FUSION_CARD, MAX_CARD)
            check_document(facts)
            if not isinstance(facts, dict) or facts.pop("type", "") != _KIND:
                raise BadInput("it is the card of another kind of model")
            card: FusionCard = build(cls, facts)
            return card
        except FileNotFoundError:
            raise BadModel(str(folder), f"it has no {FUSION_CARD}") from None
        except CropClassifierError as error:
            raise BadModel(str(folder), f"its {FUSION_CARD} is no card: {error.sentence.rstrip('.')}") from None
        except (OSError, ValueError) as error:
            raise BadModel(str(folder), f"its {FUSION_CARD} is no card: {error}") from None
