"""Model cards and what they ask of a series, from facts by their own names, whatever part holds them."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from crop_classifier_plugin.engine.series.cube.input_normalisation import Preprocess
from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.parts import (
    DateSpec,
    DayWindow,
    InputSpec,
    RadarSpec,
    Statistics,
    Terms,
    TilingSpec,
    TrainingFacts,
    WeightsFacts,
)
from crop_classifier_plugin.shared.legend import CropClass, Legend

Value = TypeVar("Value")
PLAIN = Card(
    name="plain",
    network="tiny",
    settings={},
    inputs=InputSpec("Plain model", ("B04",), DateSpec((DayWindow(1, 365),))),
    statistics=Statistics((0.0,), (1.0,)),
    legend=Legend((CropClass(1, "maize", "#ffd400"),)),
    weights=WeightsFacts("0" * 64),
    tiling=TilingSpec(),
    training=TrainingFacts(),
    terms=Terms(),
)


def card_of(**facts: Any) -> Card:
    """A card with these facts: `card_of(title="Mine", windows=..., tile=64)`."""
    return changed(PLAIN, **facts)


def changed(value: Value, **facts: Any) -> Value:
    """A card, or a part of one, with some facts changed, each by the name it has in the part that holds it.

    Bands are those of the first series: the second's are in `radar`. Raises TypeError for a fact of another name.
    """
    facts = {"model" if name == "title" else name: fact for name, fact in facts.items()}
    own = {name: facts.pop(name) for name in list(facts) if name in _names(value)}
    for name, part in _parts(value).items():
        inside = {key: facts.pop(key) for key in list(facts) if key in _all_names(part)}
        if inside:
            own[name] = changed(part, **inside)
    if facts:
        raise TypeError(f"{type(value).__name__} has no {', '.join(facts)}")
    return replace(value, **own)  # type: ignore[type-var]


def _names(value: Any) -> set[str]:
    return {field.name for field in fields(value)}


def _parts(value: Any) -> dict[str, Any]:
    return {name: part for name in _names(value) if is_dataclass(part := getattr(value, name))}


def _all_names(value: Any) -> set[str]:
    return _names(value).union(*(_all_names(part) for part in _parts(value).values()))


def preprocess_of(tensors: tuple[str, ...], statistics: Statistics, first: int = 0) -> Preprocess:
    """Of a model with bands of no name; `first`: how many of them are the first series', 0 = all."""
    names = tuple(f"band {i}" for i in range(len(statistics.mean)))
    bands, more = (names[:first], names[first:]) if first else (names, ())
    return Preprocess(InputSpec("Test", bands, radar=RadarSpec(more), tensors=tensors), statistics)
