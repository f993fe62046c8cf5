"""What holds for every number and every text of every job: one rule, wherever the job came from. Standard library only:
both sides import it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from ..errors import BadInput
from ..texts.names import check_path

MOST_WHOLE = 2**31 - 1  # of whole numbers: pixels, epochs, seeds (what the libraries' C code takes)
MOST_NUMBER = 1e10  # of others: no scale, coordinate or number of days is larger (choice)
ANY_NUMBER = {"any number": True}  # metadata of a field whose numbers are those of files

Told = tuple[str, Any]  # the name of a field, and a value in it


def check_values(job: Any) -> None:
    """Raises BadInput for a number that is none or beyond all use, and for text that no file or name can hold."""
    for name, value in _values(job):
        if isinstance(value, str):
            check_path(name.replace("_", " "), value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"{name}={value} is no number to compute with: give a finite one.")
        elif not isinstance(value, bool) and abs(value) > (MOST_WHOLE if isinstance(value, int) else MOST_NUMBER):
            raise BadInput(f"{name}={value:.3g} is beyond all use: give a number nearer to 0.")
        elif name == "seed" and value < 0:
            raise BadInput(f"seed={value} is below 0, from which random numbers cannot start: give 0 or more.")


def _values(part: Any) -> Iterator[Told]:
    for field in fields(part):
        if not field.metadata.get("any number"):
            yield from _in(field.name, getattr(part, field.name))


def _in(name: str, value: Any) -> Iterator[Told]:
    if is_dataclass(value):
        yield from _values(value)
    elif isinstance(value, tuple):
        for each in value:
            yield from _in(name, each)
    elif value is not None:
        yield name, value
