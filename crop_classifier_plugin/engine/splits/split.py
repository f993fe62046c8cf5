"""Which parcels are trained on: whole parcels, by default parted by a straight cut, so that no neighbour tells the
answer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...shared.errors import LabelsUnusable

TRAIN, VALIDATION, HELD_OUT = 1, 2, 3
PARTS = {TRAIN: "train", VALIDATION: "validation", HELD_OUT: "held_out"}
UNITS = {  # what is parted whole -> as a sentence calls many of them
    "parcel": "parcels",
    "point": "points (those whose pixels touch go together)",
    "connected region": "connected regions",
}
SCATTERED_POINTS = (
    "Points are parted at random: those of one field may be learnt from and tested on, which makes figures too high. "
    "Part them by blocks instead."
)
_SIDES = ("east", "northeast", "north", "northwest", "west", "southwest", "south", "southeast")  # counter-clockwise
_DRAWS = 20
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SplitRule:
    """How parcels are parted. Shares are of the parcels' area; `seed` decides between equally good ways.

    `by`: side (a straight cut across the area), block (squares of `block` map units, whole ones, at random) or parcel
    (parcels at random: neighbours of the parcels learnt from may be tested on).
    """

    held_out: float
    validation: float
    side: str
    seed: int
    by: str = "side"
    block: float = 0.0  # 0 = a tenth of the longer side of the labelled area


@dataclass(frozen=True, eq=False)
class Parcels:
    """What the split needs to know of N parcels."""

    points: Floats  # (N, 2) x, y in map units, inside each parcel
    areas: Floats  # (N,) square map units
    classes: NDArray[np.int64]  # (N,) index in the legend, or (N, M): several, negative where one is not known
    groups: NDArray[np.int64] | None = None  # (N,) parcels of one group stay together; None = each by itself
    outlines: NDArray[Any] | None = None  # (N,) polygons in map units
    simulated: bool = False  # on invented ground
    unit: str = "parcel"  # what each of them is: one of UNITS

    @property
    def ground(self) -> NDArray[Any]:
        """(N,) polygons, or points where outlines are not known."""
        return np.asarray(shapely.points(self.points)) if self.outlines is None else self.outlines

    def some(self, which: NDArray[np.bool_], column: int) -> Parcels:
        """Those with the classes of one column."""
        outlines = None if self.outlines is None else self.outlines[which]
        return replace(
            self,
            points=self.points[which],
            areas=self.areas[which],
            classes=self.classes[which, column],
            groups=None,
            outlines=outlines,
        )


@dataclass(frozen=True, eq=False)
class Split:
    """`parts` holds TRAIN, VALIDATION or HELD_OUT a parcel, or 0 for one that is left out. `side`: where the held-out
    ones lie, or how they lie."""

    side: str
    parts: NDArray[np.uint8]  # (N,)
    fresh: NDArray[np.bool_] | None = None  # (N,) parcels that no earlier season of these labels shows; None = all

    def of(self, part: int) -> NDArray[np.bool_]:
        """(N,) the parcels of the part that no earlier season of these labels shows."""
        here: NDArray[np.bool_] = self.parts == part
        return here if self.fresh is None else here & self.fresh

    def classes(self, parcels: Parcels, part: int) -> set[int]:
        found = np.unique(parcels.classes[self.parts == part])
        return set(found[found >= 0].tolist())


def split(parcels: Parcels, rule: SplitRule) -> Split:
    """Orders the parcels (or groups of them) and cuts: train | validation | held out.

    Of several orders that with most classes trained on is taken, then most classes tested, then the held-out area
    nearest to the wish (choice): along a side one order, along side="auto" eight, at random twenty.
    """
    if not len(parcels.classes):
        raise LabelsUnusable("No labelled polygon lies on the series: check the labels' place and class names.")
    group = _groups(parcels, rule)
    areas = np.asarray(np.bincount(group, parcels.areas), np.float64)
    centres = np.stack([np.bincount(group, parcels.areas * axis) for axis in parcels.points.T], axis=1) / areas[:, None]
    cuts = [
        Split(name, _parts(order, areas, rule)[group])
        for name, order in (_along(centres, rule) if rule.by == "side" else _scattered(len(areas), rule))
    ]
    return max(cuts, key=lambda s: _worth(s, parcels, rule))


def _groups(parcels: Parcels, rule: SplitRule) -> NDArray[np.int64]:
    """(N,) number of the unit that each parcel goes with."""
    if rule.by == "block":
        low = parcels.points.min(axis=0)
        side = rule.block or max(float((parcels.points.max(axis=0) - low).max()) / 10, 1e-9)
        cells = np.floor((parcels.points - low) / side).astype(np.int64)
        return np.asarray(np.unique(cells, axis=0, return_inverse=True)[1]).reshape(-1)
    if parcels.groups is not None:
        return np.asarray(np.unique(parcels.groups, return_inverse=True)[1]).reshape(-1)
    ranks = np.empty(len(parcels.areas), np.int64)
    ranks[np.lexsort(parcels.points.T)] = np.arange(len(ranks))  # by place, whatever the file's order
    return ranks


def _along(centres: Floats, rule: SplitRule) -> list[tuple[str, NDArray[np.int64]]]:
    """The units from the near to the far side, for each side in question."""
    sides = [rule.side] if rule.side != "auto" else list(np.random.default_rng(rule.seed).permutation(_SIDES))
    found = []
    for side in map(str, sides):
        angle = math.radians(45 * _SIDES.index(side))
        along = centres @ np.array([math.cos(angle), math.sin(angle)])
        steps = np.round(along / max(float(np.ptp(along)), 1e-9) * 1e9)  # what differs by rounding alone is as far
        found.append((side, np.argsort(steps, kind="stable")))
    return found


def _scattered(units: int, rule: SplitRule) -> list[tuple[str, NDArray[np.int64]]]:
    rng = np.random.default_rng(rule.seed)
    return [("scattered", rng.permutation(units)) for _ in range(_DRAWS)]


def _parts(order: NDArray[np.int64], areas: Floats, rule: SplitRule) -> NDArray[np.uint8]:
    # share of the area from the far end up to and with each unit, so that 0 holds out nothing
    beyond = np.cumsum(areas[order][::-1])[::-1] / areas.sum()
    middle = np.round(beyond - areas[order] / areas.sum() / 2, 9)
    parts = np.full(len(order), TRAIN, np.uint8)
    parts[order[middle < rule.held_out + rule.validation]] = VALIDATION
    parts[order[middle < rule.held_out]] = HELD_OUT
    return parts


def _worth(s: Split, parcels: Parcels, rule: SplitRule) -> tuple[int, int, float]:
    trained, tested = s.classes(parcels, TRAIN), s.classes(parcels, HELD_OUT)
    share = parcels.areas[s.parts == HELD_OUT].sum() / parcels.areas.sum()
    return len(trained), len(trained & tested), -abs(float(share) - rule.held_out)
