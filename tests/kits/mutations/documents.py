"""JSON documents made wrong: jobs, cards, STAC items, legends, split files, run records."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from .values import odd_value

MOST = 3  # changes of one document

Place = tuple[Any, Any]  # a list or an object, and where in it


def mutated(document: Any, rng: random.Random) -> Any:
    """A copy of the document with one to three changes: of a value, a name, the length or the shape."""
    holder = [copy.deepcopy(document)]
    for _ in range(rng.randint(1, MOST)):
        places = list(_places(holder))
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


def _places(value: Any) -> Iterator[Place]:
    inner = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, each in inner:
        yield value, key
        if isinstance(each, (dict, list)):
            yield from _places(each)


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
