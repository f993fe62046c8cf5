"""split.json read, from anyone: which parcels a model learnt from, and which it held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from ...shared.errors import TooLarge
from ...shared.texts.bounded import bounded_json, check_depth
from ..access.crs import crs_of_text
from .parcel_overlap import AssignedParcels
from .split import PARTS

SPLIT_FILE = "split.json"
_MOST = 500_000_000  # bytes
_DEEPEST = 8  # brackets of an outline: a collection of multipolygons has five (choice)


class SplitUnusable(Exception):
    """Says what a split.json is or lacks: the end of a sentence that begins with it."""


@dataclass(frozen=True, eq=False)
class SplitFacts:
    """What a split.json tells. `whole`: of all that the model learnt from, earlier models' parcels included."""

    grounds: tuple[AssignedParcels, ...]
    whole: bool


def read_split(path: Path, simulated: bool) -> SplitFacts:
    """`simulated`: whether the model's parcels lie on invented ground. Raises SplitUnusable."""
    if not path.is_file():
        raise SplitUnusable("is missing")
    try:
        facts = bounded_json(path, _MOST)
        places = [*facts["places"], *facts.get("validation_places", ()), *facts.get("earlier", ())]
        grounds = tuple(_ground(place, bool(place.get("simulated", simulated))) for place in places)
        return SplitFacts(grounds, facts.get("rule", {}).get("start_known", True) is True)
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise SplitUnusable(f"cannot be read ({type(error).__name__})") from None
    except TooLarge:
        raise SplitUnusable("is too large, or nests too deep") from None
    except (MemoryError, shapely.errors.ShapelyError, CRSError) as error:
        raise SplitUnusable(f"cannot be read ({type(error).__name__})") from None


def _ground(place: dict[str, Any], simulated: bool) -> AssignedParcels:
    """Of outlines where there are such, else of the points."""
    shapes: list[Any] = []
    parts: list[int] = []
    for part, name in PARTS.items():
        here = _shapes(place["outlines"].get(name, [])) if "outlines" in place else _dots(place.get(name, []))
        shapes += list(here)
        parts += [part] * len(here)
    told = place.get("crs")
    array = np.empty(len(shapes), object)
    array[:] = shapes
    return AssignedParcels(
        array, np.array(parts, np.uint8), None if told is None else crs_of_text(str(told)), simulated
    )


def _shapes(texts: Sequence[str]) -> NDArray[Any]:
    for text in texts:
        check_depth(str(text), SPLIT_FILE, _DEEPEST)  # GEOS calls itself, and would use up the stack
    found = np.asarray(shapely.from_wkt(np.array(texts, object), on_invalid="raise"), object).reshape(-1)
    _check(bool(np.isfinite(shapely.bounds(found)).all()))
    return found


def _dots(rows: Sequence[Sequence[float]]) -> NDArray[Any]:
    points = np.array([row[:2] for row in rows], np.float64).reshape(-1, 2)
    _check(bool(np.isfinite(points).all()))
    return np.asarray(shapely.points(points), object)


def _check(finite: bool) -> None:
    if not finite:
        raise ValueError
