"""Where a training starts from: another model folder of the same network, or an encoder learnt without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ....shared.cards.card import Card
from ....shared.cards.files import CARD_FILE, load_card
from ....shared.cards.parts import Statistics
from ....shared.errors import BadModel
from ....shared.legend import Legend, plain
from ...execution.reporter import Reporter
from ...networks.base import Network, NetworkConfig
from ...networks.registry import build
from .encoder_folder import ENCODER_FILE, FACTS_FILE, read_facts

WEIGHTS = "weights.safetensors"  # beside model.onnx: what a later training can start from


@dataclass(frozen=True, eq=False)
class InitialWeights:
    """What the earlier model was, and its weights' file."""

    folder: Path
    network: str
    settings: dict[str, Any]
    bands: tuple[str, ...]
    statistics: Statistics  # of all bands, those of a second series last
    card: Card | None  # None: an encoder, which knows no classes
    file: Path
    prefix: str = ""  # of its names among the network's

    def weights(self) -> dict[str, Tensor]:
        """By the network's names. Raises BadModel for a file that holds none, or numbers that are none."""
        try:
            found = load_file(str(self.file))
        except FileNotFoundError:
            raise BadModel(
                str(self.folder), f"it has no {self.file.name} to start from: choose a model trained by this version"
            ) from None
        except (SafetensorError, OSError) as error:
            raise BadModel(str(self.folder), f"its {self.file.name} cannot be read ({error})") from None
        if not all(bool(torch.isfinite(value).all()) for value in found.values() if value.is_floating_point()):
            raise BadModel(str(self.folder), f"its {self.file.name} has weights that are no numbers")
        return {self.prefix + name: value for name, value in found.items()}


def read_initial_weights(folder: str) -> InitialWeights:
    """Raises BadModel for a folder that holds neither a model nor an encoder."""
    place = Path(folder)
    if not (place / CARD_FILE).is_file() and (place / FACTS_FILE).is_file():
        return _encoder(place)
    card = load_card(place)
    return InitialWeights(place, card.network, card.settings, card.inputs.bands, card.statistics, card, place / WEIGHTS)


def _encoder(place: Path) -> InitialWeights:
    facts = read_facts(place)
    statistics = Statistics(facts.mean, facts.std)
    return InitialWeights(
        place, "cropsts", facts.settings, facts.bands, statistics, None, place / ENCODER_FILE, "encoder."
    )


def load_initial_weights(network: Network, start: InitialWeights, legend: Legend, reporter: Reporter) -> None:
    """Puts the earlier weights into the network. A class that both know keeps what was learnt of it, by its name; the
    rest of what is counted by classes stays as it was made.

    Raises BadModel where the weights are another network's.
    """
    own, found = network.state_dict(), start.weights()
    axes = class_axes(network.config, start.network)
    before = start.card.legend if start.card else None
    strange = sorted(name for name in found if name not in own)
    if strange or (before and len(found) != len(own)):
        raise BadModel(str(start.folder), f"its weights are of another network ({', '.join(strange[:3]) or 'too few'})")
    pairs = _shared(before, legend) if before else []
    for name, value in found.items():
        if value.dtype != own[name].dtype:
            raise BadModel(str(start.folder), f"its {name} is stored as {value.dtype}, not as {own[name].dtype}")
        if axes.get(name) and before:
            value = _moved(own[name], value, axes[name], pairs)
        if value.shape != own[name].shape:
            raise BadModel(
                str(start.folder),
                f"its {name} has the shape {tuple(value.shape)}, here it is {tuple(own[name].shape)}: "
                "train with its settings, bands and dates",
            )
        own[name].copy_(value)
    kept = f"; {len(pairs)} of its {len(before)} classes are kept" if before else ""
    reporter.log(f"The training starts from {start.folder.name}{kept}.")


def class_axes(config: NetworkConfig, name: str) -> dict[str, list[int]]:
    """The axes of each weight whose length goes with the number of classes: where one class more makes it longer."""
    sizes = [config.classes, config.classes + 1]
    with torch.device("meta"):
        here, more = (
            build(name, type(config).parse(config.settings(), config.bands, config.dates, k)).state_dict()
            for k in sizes
        )
    return {key: [i for i, (a, b) in enumerate(zip(here[key].shape, more[key].shape)) if a != b] for key in here}


def _shared(before: Legend, now: Legend) -> list[tuple[int, int]]:
    """Positions of the classes that both legends name: (before, now)."""
    places = {plain(name): i for i, name in enumerate(before.names)}
    return [(places[plain(name)], i) for i, name in enumerate(now.names) if plain(name) in places]


def _moved(own: Tensor, value: Tensor, axes: Sequence[int], pairs: Sequence[tuple[int, int]]) -> Tensor:
    """`own` with the shared classes' rows of `value`."""
    if own.ndim != value.ndim or any(a != b for i, (a, b) in enumerate(zip(own.shape, value.shape)) if i not in axes):
        return value  # another shape, which the caller tells
    result, taken = own.clone(), value
    old, new = (torch.tensor([pair[i] for pair in pairs], dtype=torch.long) for i in (0, 1))
    for axis in axes:
        taken = taken.index_select(axis, old)
    index = [new if i in axes else torch.arange(size) for i, size in enumerate(own.shape)]
    result[torch.meshgrid(*index, indexing="ij")] = taken
    return result
