"""Which parcels are trained on: whole parcels, parted by a straight cut, so that no neighbour tells the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import LabelsUnusable

TRAIN, VALIDATION, HELD_OUT = 1, 2, 3
PARTS = {TRAIN: "train", VALIDATION: "validation", HELD_OUT: "held_out"}
_SIDES = ("east", "northeast", "north", "northwest", "west", "southwest", "south", "southeast")  # counter-clockwise
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SplitRule:
    """How parcels are parted. Shares are of the parcels' area; `seed` decides between equally good cuts."""

    held_out: float
    validation: float
    side: str
    seed: int


@dataclass(frozen=True, eq=False)
class Parcels:
    """What the split needs to know of N parcels."""

    points: Floats  # (N, 2) x, y in map units, inside each parcel
    areas: Floats  # (N,) square map units
    classes: NDArray[np.int64]  # (N,) index in the legend, or (N, M): several, negative where one is not known


@dataclass(frozen=True, eq=False)
class Split:
    """`parts` holds TRAIN, VALIDATION or HELD_OUT a parcel; the held-out parcels lie farthest to the `side`."""

    side: str
    parts: NDArray[np.uint8]  # (N,)

    def classes(self, parcels: Parcels, part: int) -> set[int]:
        found = np.unique(parcels.classes[self.parts == part])
        return set(found[found >= 0].tolist())


def split(parcels: Parcels, rule: SplitRule) -> Split:
    """Orders the parcels along a direction and cuts: train | validation | held out.

    side="auto" tries eight directions and takes the one with most classes trained on, then most classes tested, then
    the held-out area nearest to the wish (choice).
    """
    if not len(parcels.classes):
        raise LabelsUnusable("No labelled polygon lies on the series: check the labels' place and class names.")
    sides = [rule.side] if rule.side != "auto" else list(np.random.default_rng(rule.seed).permutation(_SIDES))
    cuts = [_cut(parcels, rule, str(side)) for side in sides]
    return max(cuts, key=lambda s: _worth(s, parcels, rule))


def _cut(parcels: Parcels, rule: SplitRule, side: str) -> Split:
    angle = math.radians(45 * _SIDES.index(side))
    along = parcels.points @ np.array([math.cos(angle), math.sin(angle)])
    order = np.argsort(along, kind="stable")
    # share of the area from the far side up to and with each parcel, so that 0 holds out nothing
    beyond = np.cumsum(parcels.areas[order][::-1])[::-1] / parcels.areas.sum()
    middle = beyond - parcels.areas[order] / parcels.areas.sum() / 2
    parts = np.full(len(order), TRAIN, np.uint8)
    parts[order[middle < rule.held_out + rule.validation]] = VALIDATION
    parts[order[middle < rule.held_out]] = HELD_OUT
    return Split(side, parts)


def _worth(s: Split, parcels: Parcels, rule: SplitRule) -> tuple[int, int, float]:
    trained, tested = s.classes(parcels, TRAIN), s.classes(parcels, HELD_OUT)
    share = parcels.areas[s.parts == HELD_OUT].sum() / parcels.areas.sum()
    return len(trained), len(trained & tested), -abs(float(share) - rule.held_out)
