"""Parcels of several places far apart, parted as those of one: shares are held out of all places together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..execution.reporter import Reporter
from ..raster.grid import Grid
from .assignment import Assignment, Part
from .split import Parcels

Ground = tuple[Parcels, Grid]  # the parcels of a place, in the CRS of the grid of its series


def part_together(part: Part, name: str, grounds: Sequence[Ground], reporter: Reporter) -> list[Assignment]:
    """The assignment of each place, in their order. Places in several coordinate systems are parted system by system.

    Raises LabelsUnusable where there is no parcel.
    """
    found: dict[int, Assignment] = {}
    systems: dict[str, list[int]] = {}
    for number, (_, grid) in enumerate(grounds):
        systems.setdefault(grid.crs.to_wkt(), []).append(number)
    for numbers in systems.values():
        parcels = [grounds[number][0] for number in numbers]
        whole = part(name, joined(parcels), grounds[numbers[0]][1], reporter)
        ends = np.cumsum([len(each.areas) for each in parcels])
        for number, end, each in zip(numbers, ends, parcels):
            parts = whole.split.parts[end - len(each.areas) : end]
            found[number] = replace(whole, split=replace(whole.split, parts=parts))
    return [found[number] for number in range(len(grounds))]


def joined(several: Sequence[Parcels]) -> Parcels:
    """The parcels of one coordinate system, one after the other; groups stay each its own."""
    if len(several) == 1:
        return several[0]
    groups, first = [], 0
    for each in several:
        own = np.arange(len(each.areas)) if each.groups is None else each.groups
        groups.append(own + first)
        first += int(own.max()) + 1 if len(own) else 0
    return replace(
        several[0],
        points=np.concatenate([each.points for each in several]),
        areas=np.concatenate([each.areas for each in several]),
        classes=np.concatenate([each.classes for each in several]),
        groups=None if all(each.groups is None for each in several) else np.concatenate(groups),
        outlines=np.concatenate([each.ground for each in several]),
        simulated=any(each.simulated for each in several),
    )
