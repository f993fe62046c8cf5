"""Encoders learnt without labels: a folder with encoder.safetensors and encoder.json, written and read with care."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ....shared.cards.files import sha256_of
from ....shared.cards.parts import Statistics
from ....shared.codec import build
from ....shared.errors import BadInput, BadModel
from ....shared.texts.bounded import bounded_json
from ....shared.texts.names import check_document
from ...execution.outputs import Outputs
from ...networks.base import check_size
from ...networks.cropsts import CropStsConfig, CropStsEncoder
from .weights_file import save_weights

ENCODER_FILE, FACTS_FILE = "encoder.safetensors", "encoder.json"
_FORMAT = "crop-classifier encoder 1"
_SETTINGS = ("patch", "grid", "width", "depth", "heads", "attention", "temporal_code")  # those that shape an encoder
_MOST_FACTS = 1_000_000  # bytes


@dataclass(frozen=True)
class EncoderFacts:
    """What encoder.json says."""

    bands: tuple[str, ...]
    mean: tuple[float, ...]  # a band, in reflectance x scale
    std: tuple[float, ...]
    settings: dict[str, Any]
    count: int  # dates of a sequence in pre-training
    tile: int  # px of a sequence in pre-training
    trained_on: str
    simulated: bool  # whether any of it was
    learning: dict[str, Any]  # how it was learnt
    sha256: str = ""
    scale: float = 10000.0
    format: str = _FORMAT

    def config(self, classes: int = 1) -> CropStsConfig:
        """Of a network with this encoder. Raises BadInput for settings that fit no encoder."""
        return CropStsConfig.parse(self._with_taps(), len(self.bands), self.count, classes)

    def _with_taps(self) -> dict[str, Any]:
        """The taps and L-TAE's heads are the decoder's affair, but must fit the encoder's size."""
        depth = int(self.settings["depth"])
        heads = int(self.settings["heads"])
        return {**self.settings, "taps": tuple(max(1, -(-depth * i // 4)) for i in (1, 2, 3, 4)), "pixel_heads": heads}


def encoder_settings(config: CropStsConfig) -> dict[str, Any]:
    """The settings that shape the encoder of a network."""
    return {name: value for name, value in config.settings().items() if name in _SETTINGS}


def save_encoder(encoder: CropStsEncoder, facts: EncoderFacts, folder: Path, outputs: Outputs) -> EncoderFacts:
    """Writes both files; returns the facts with the file's sha256."""
    path = outputs.path(folder / ENCODER_FILE)
    save_weights(encoder, path)
    sealed = EncoderFacts(**{**asdict(facts), "sha256": sha256_of(path)})
    outputs.write_text(folder / FACTS_FILE, json.dumps(asdict(sealed), indent=1, ensure_ascii=False) + "\n")
    return sealed


def read_facts(folder: str | Path) -> EncoderFacts:
    """Raises BadModel where the folder holds no encoder, or one that is not the file its facts describe."""
    path = Path(folder) / FACTS_FILE
    try:
        data = bounded_json(path, _MOST_FACTS)
        check_document(data)
        facts: EncoderFacts = build(EncoderFacts, data)
        Statistics(facts.mean, facts.std)  # refuses what nothing can be divided by
    except FileNotFoundError:
        raise BadModel(str(folder), f"it has no {FACTS_FILE}, so it is no encoder of pretrain-cropsts") from None
    except (OSError, ValueError, KeyError, TypeError, BadInput) as error:
        raise BadModel(str(folder), f"its {FACTS_FILE} does not describe an encoder: {error!r}") from None
    numbers = facts.count > 0 and facts.tile > 0 and 0 < facts.scale < math.inf
    shaped = set(facts.settings) == set(_SETTINGS) and len(facts.mean) == len(facts.std) == len(facts.bands)
    shaped = shaped and all(isinstance(value, (int, float, str)) for value in facts.settings.values())
    if facts.format != _FORMAT or not numbers or not shaped:
        raise BadModel(str(folder), f"its {FACTS_FILE} does not describe an encoder of this version")
    weights = Path(folder) / ENCODER_FILE
    if not weights.is_file():
        raise BadModel(str(folder), f"it has no {ENCODER_FILE}")
    if sha256_of(weights) != facts.sha256:
        raise BadModel(str(folder), f"its {ENCODER_FILE} is not the file that {FACTS_FILE} describes")
    return facts


def read_weights(folder: str | Path, encoder: CropStsEncoder) -> None:
    """Puts the folder's weights into an encoder of the same shape. Raises BadModel where they do not fit."""
    try:
        weights: dict[str, Tensor] = load_file(str(Path(folder) / ENCODER_FILE))
        encoder.load_state_dict(weights)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise BadModel(str(folder), f"its weights do not fit: {str(error).splitlines()[0]}") from None
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise BadModel(str(folder), "it has weights that are no numbers")


def bare_encoder(facts: EncoderFacts) -> CropStsEncoder:
    """An untrained encoder of the facts' shape."""
    with torch.device("meta"):
        check_size(CropStsEncoder(facts.config()))
    return CropStsEncoder(facts.config())
