"""Hostile files in any number, from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .place import Hostile, Place, make_place
from .rasters import RASTERS
from .vectors import VECTORS

KINDS = (*RASTERS, *VECTORS)


def hostile_files(folder: Path, rng: np.random.Generator, count: int = 500) -> Iterator[Hostile]:
    """`count` cases below the folder, of each kind in turn; the first ones are one of each."""
    place = make_place(folder)
    for number in range(count):
        yield _case(place, number, rng)


def _case(place: Place, number: int, rng: np.random.Generator) -> Hostile:
    return KINDS[number % len(KINDS)](place, place.case(number), rng)
