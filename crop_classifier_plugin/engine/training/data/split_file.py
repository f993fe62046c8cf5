"""split.json: which parcels of each place fell into which part. Written beside a model, and read, from anyone, where a
training starts from it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from ....shared.jobs.train import TrainJob
from ...access.crs import crs_of_text
from ...networks.registry import FORESTS
from ...splits.parcel_overlap import LEARNT, AssignedParcels
from ...splits.split import PARTS, TRAIN
from .labelled_series import LabelledCube
from .training_data import TrainingData

SPLIT_FILE = "split.json"
_MOST = 500_000_000  # bytes


class SplitUnusable(Exception):
    """Says what a split.json is or lacks: the end of a sentence that begins with it."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a split.json tells. `whole`: of all that the model learnt from, earlier models' parcels included."""

    grounds: tuple[AssignedParcels, ...]
    whole: bool


# --- written ---------------------------------------------------------------------------------------------------------


def split_json(job: TrainJob, material: TrainingData) -> str:
    """Which parcels of each place fell into which part, and what models that this one started from had learnt from.

    Where series of their own choose the best epoch, they are named: no parcel of a place was asked to.
    """
    share, split = validation_share(job), job.split
    rule: dict[str, Any] = {"held_out": split.held_out, "validation": share, "side": split.held_side, "seed": job.seed}
    rule["unit"] = material.unit
    if split.method != "side":
        rule |= {"split": split.method, "block": split.block}
    if material.checks:
        rule["validation_series"] = [dated(season) for season in material.checks]
    past, lists = material.past, {"places": [place_json(season) for season in material.places()]}
    if material.checks:
        lists["validation_places"] = [place_json(season) for season in material.checks]
    if past:
        rule |= {"start": past.name, "start_known": past.known}
        lists["earlier"] = [learnt_json(g) for g in past.grounds if np.isin(g.parts, LEARNT).any()]
    texts = [f'"{name}": [\n' + ",\n".join(rows) + "\n]" for name, rows in lists.items()]
    return ",\n".join([f'{{"rule": {json.dumps(rule)}', *texts]) + "}\n"


def validation_share(job: TrainJob) -> float:
    """Of the parcels of each place: none where series of their own choose the best epoch, or where there are none."""
    return 0.0 if job.validation_series or job.network.name in FORESTS else job.split.validation


def dated(season: LabelledCube) -> dict[str, Any]:
    return {"labels": season.name, "dates": [d.isoformat() for d in season.dates]}


def place_json(season: LabelledCube) -> str:
    """[x, y, index of the class in the legend] a parcel of each part, and as WKT their outlines, in the CRS."""
    facts: dict[str, Any] = {
        "dates": [d.isoformat() for d in season.dates],
        "held_side": season.split.side,
        "crs": season.grid.crs.to_string(),
        "simulated": season.parcels.simulated,
    }
    outlines = {}
    for part, name in PARTS.items():
        here = season.of(part)
        rows = zip(season.parcels.points[here], season.parcels.classes[here])
        facts[name] = [[float(f"{x:.8g}"), float(f"{y:.8g}"), int(c)] for (x, y), c in rows]
        outlines[name] = _texts(season.parcels.ground[here], max(season.grid.pixel))
    return json.dumps(facts | {"outlines": outlines}, separators=(",", ":"))


def learnt_json(ground: AssignedParcels) -> str:
    """What an earlier model learnt from, as a place without classes."""
    shapes = ground.shapes[np.isin(ground.parts, LEARNT)]
    low, high = (corners.max() for corners in (-shapely.bounds(shapes), shapely.bounds(shapes)))
    outlines = _texts(shapes, 1e-6 * max(abs(low), abs(high), 1e-6))
    crs = None if ground.crs is None else ground.crs.to_string()
    return json.dumps({"crs": crs, "simulated": ground.simulated, "outlines": {PARTS[TRAIN]: outlines}})


def _texts(shapes: NDArray[Any], pixel: float) -> list[str]:
    """Each outline once, rounded to about a hundredth of a pixel."""
    decimals = min(max(2 - math.floor(math.log10(pixel)), 0), 12)
    return list(dict.fromkeys(shapely.to_wkt(shapes, rounding_precision=decimals, trim=True)))


# --- read ------------------------------------------------------------------------------------------------------------


def read_split(path: Path, simulated: bool) -> Found:
    """`simulated`: whether the model's parcels lie on invented ground. Raises SplitUnusable."""
    if not path.is_file():
        raise SplitUnusable("is missing")
    try:
        if path.stat().st_size > _MOST:
            raise SplitUnusable("is too large")
        facts = json.loads(path.read_text(encoding="utf-8"))
        places = [*facts["places"], *facts.get("validation_places", ()), *facts.get("earlier", ())]
        grounds = tuple(_ground(place, bool(place.get("simulated", simulated))) for place in places)
        return Found(grounds, facts.get("rule", {}).get("start_known", True) is True)
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise SplitUnusable(f"cannot be read ({type(error).__name__})") from None
    except (RecursionError, MemoryError, shapely.errors.ShapelyError, CRSError) as error:
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
