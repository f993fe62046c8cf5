"""split.json: which parcels of each place fell into which part, written beside a model."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ....shared.jobs.train import TrainJob
from ...networks.registry import FORESTS
from ...splits.parcel_overlap import LEARNT, AssignedParcels
from ...splits.split import PARTS, TRAIN
from .labelled_series import LabelledCube
from .training_data import TrainingData


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
