"""JSON documents made wrong: jobs, cards, STAC items, legends, split files, run records."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from .values import NUMBERS, TEXTS, odd_value

MOST = 3  # changes of one document

Place = tuple[Any, Any]  # a list or an object, and where in it


def mutated(document: Any, rng: random.Random) -> Any:
    """A copy of the document with one to three changes: of a value, a name, the length or the shape."""
    holder = [copy.deepcopy(document)]
    for _ in range(rng.randint(1, MOST)):
        places = list(places_of(holder))
        if places:
            _change(*rng.choice(places), rng)
    return holder[0] if holder else None


def mutated_text(document: Any, rng: random.Random) -> str:
    """The same as JSON text; now and then it is broken off, or an entry stands in it twice."""
    text = json.dumps(mutated(document, rng))
    kind = rng.randrange(12)
    if kind == 0:
        return text[: rng.randrange(len(text) + 1)]
    if kind == 1 and text.startswith("{"):
        return text[:-1] + "," + text[1:] if len(text) > 2 else text
    return "\ufeff" + text if kind == 2 else text


def places_of(value: Any) -> Iterator[Place]:
    """Where in the document, at any depth, an entry stands."""
    inner = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, each in inner:
        yield value, key
        if isinstance(each, (dict, list)):
            yield from places_of(each)


def _change(holder: Any, key: Any, rng: random.Random) -> None:
    kind = rng.randrange(10)
    if kind < 6:
        holder[key] = odd_value(rng)
    elif kind == 6:
        del holder[key]
    elif kind == 7:
        holder[key] = rng.choice([[holder[key]], {"value": holder[key]}, str(holder[key])])
    elif isinstance(holder, dict):
        holder[str(odd_value(rng))[:40]] = holder.pop(key) if kind == 8 else odd_value(rng)
    else:
        holder.insert(key, copy.deepcopy(holder[key]) if kind == 8 else odd_value(rng))


def mutated_values(document: Any, rng: random.Random) -> Any:
    """A copy of the document with one to three values changed to odd ones of their own type: what a typed reader lets
    in."""
    holder = [copy.deepcopy(document)]
    for _ in range(rng.randint(1, MOST)):
        places = list(places_of(holder))
        inner, key = rng.choice(places)
        inner[key] = _of_its_type(inner[key], rng)
    return holder[0]


def _of_its_type(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice([number for number in NUMBERS if isinstance(number, int)] + [value + 1, -value, 3, 1000])
    if isinstance(value, float):
        return float(rng.choice([*NUMBERS, value * 1000, value / 1000, -value, 1e11, 1e-11]))
    if isinstance(value, str):
        return rng.choice([*TEXTS, value[:-1], value + "x", value.upper()])
    if isinstance(value, list):
        return rng.choice([[], value * 2, value[1:], value[::-1]])
    return value
