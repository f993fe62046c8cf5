"""Which part the parcels of a series belong to, so that no parcel held out in one series is learnt from in another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import LabelsUnusable
from ..execution.reporter import Reporter
from ..raster.grid import Grid
from .parcel_overlap import (
    LEARNT,
    AssignedParcels,
    ParcelIndex,
    WeightsProvenance,
    held,
    learnt,
)
from .split import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
    Parcels,
    Split,
    SplitRule,
    split,
)


@dataclass(frozen=True, eq=False)
class PriorAssignments:
    """Parcels that are parted already."""

    earlier: tuple[AssignedParcels, ...] = ()  # of the series of this training that were read before
    past: WeightsProvenance | None = None  # of the model that the training starts from


@dataclass(frozen=True, eq=False)
class Assignment:
    """The parts of a series' parcels, and what pixels they may not have."""

    split: Split
    known: ParcelIndex = field(repr=False)  # of all that was parted before
    barred: tuple[tuple[ParcelIndex, tuple[int, ...], tuple[int, ...]], ...] = ()  # no pixel of .. on ground of ..

    def clear(self, place: Grid, parcel: NDArray[np.int64]) -> NDArray[np.int64]:
        """`parcel` (H,W), the parcels' numbers on `place`, but negative where a pixel belongs to no part, or where a
        parcel of another part has it too."""
        parts = np.where(parcel >= 0, self.split.parts[parcel], 0) if len(self.split.parts) else np.zeros_like(parcel)
        out = parts == 0
        for claims, own, others in self.barred:
            mine = np.isin(parts, own)
            if mine.any():
                out |= mine & claims.burnt(place, others)
        return np.where(out, -1, parcel)


Part = Callable[[str, Parcels, Grid, Reporter], Assignment]  # the labels' name and parcels, on a series' grid


def assign_training(
    rule: SplitRule, known: PriorAssignments, name: str, parcels: Parcels, grid: Grid, reporter: Reporter
) -> Assignment:
    """By the rule; but parcels that an earlier series parted keep their part. One that lies on held-out parcels and on
    others is left out. What the model that the training starts from learnt from is not held out, and what it held out
    is, where anything is to be."""
    claims = ParcelIndex(known.earlier, grid, parcels.simulated)
    touched = claims.touched(parcels)
    parted, started = (
        split(parcels, rule),
        ParcelIndex(known.past.grounds if known.past else (), grid, parcels.simulated),
    )
    before = started.touched(parcels)
    new = ~touched.any(axis=1)
    if known.past:
        parted.parts[new] = _as_started(parted.parts[new], before[new], rule, known.past.name, reporter)
    parts = _kept(parted.parts, touched, name, reporter)
    parts[(parts == HELD_OUT) & learnt(before)] = 0
    barred = (claims, (HELD_OUT,), LEARNT), (claims, LEARNT, (HELD_OUT,)), (started, (HELD_OUT,), LEARNT)
    return Assignment(replace(parted, parts=parts), claims, barred)


def _as_started(
    parts: NDArray[np.uint8], touched: NDArray[np.bool_], rule: SplitRule, start: str, reporter: Reporter
) -> NDArray[np.uint8]:
    """The parts, but for parcels that the model which the training starts from knew."""
    seen = learnt(touched)
    moved, kept = (parts == HELD_OUT) & seen, (parts != HELD_OUT) & held(touched) & ~seen & bool(rule.held_out)
    if moved.any():
        reporter.log(
            f"{int(moved.sum())} of {int((parts == HELD_OUT).sum())} parcels that would be held out are trained on: "
            f"{start}, which the training starts from, learnt from them.",
            "warning",
        )
    if kept.any():
        reporter.log(f"{int(kept.sum())} further parcels stay held out, as {start} held them out.")
    return np.select([moved, kept], [np.uint8(TRAIN), np.uint8(HELD_OUT)], parts)


def _kept(parts: NDArray[np.uint8], touched: NDArray[np.bool_], name: str, reporter: Reporter) -> NDArray[np.uint8]:
    """The parts, but for parcels of earlier series."""
    tests, lessons = held(touched), learnt(touched)
    before = parts.astype(np.int64)
    for which, part in ((lessons, VALIDATION), (touched[:, TRAIN], TRAIN), (tests, HELD_OUT), (tests & lessons, 0)):
        before[which] = part
    if (tests & lessons).any():
        reporter.log(
            f"{int((tests & lessons).sum())} of {len(parts)} parcels of {name} are left out: they lie both on "
            "held-out parcels of an earlier series and on parcels that were learnt from.",
            "warning",
        )
    moved = int(((before != parts) & (before > 0)).sum())
    if moved:
        reporter.log(f"{moved} of {len(parts)} parcels of {name} keep the part they have in an earlier series.")
    return before.astype(np.uint8)


def assign_validation(
    known: PriorAssignments, name: str, parcels: Parcels, grid: Grid, reporter: Reporter
) -> Assignment:
    """All of them choose the best epoch, but for those on held-out parcels. Raises LabelsUnusable where none is
    left."""
    claims = ParcelIndex(known.earlier, grid, parcels.simulated)
    touched = claims.touched(parcels)
    out, number = held(touched), len(parcels.areas)
    parts = np.where(out, 0, VALIDATION).astype(np.uint8)
    if number and out.all():
        raise LabelsUnusable(
            f"All {number} parcels of the validation series {name} lie on held-out parcels, which may not choose the "
            "best epoch: choose a series with other parcels, or hold out a smaller share."
        )
    if out.any():
        reporter.log(
            f"{int(out.sum())} of {number} parcels of the validation series {name} lie on held-out parcels and do not "
            "choose the best epoch."
        )
    both = touched[:, TRAIN] & ~out
    if both.any():
        reporter.log(
            f"{int(both.sum())} of {number} parcels of the validation series {name} are also trained on: they tell "
            "how well the model does on other dates, not on other parcels."
        )
    return Assignment(_whole(parcels, parts), claims, ((claims, (VALIDATION,), (HELD_OUT,)),))


def assign_test(known: PriorAssignments, name: str, parcels: Parcels, grid: Grid, reporter: Reporter) -> Assignment:
    """All of them are tested on. Those that were learnt from are counted in a warning."""
    claims = ParcelIndex((*known.earlier, *(known.past.grounds if known.past else ())), grid, parcels.simulated)
    seen = learnt(claims.touched(parcels))
    if seen.any():
        reporter.log(
            f"{int(seen.sum())} of {len(seen)} parcels of the test series {name} lie on parcels that were learnt from: "
            "its figures tell how well the model does on other dates, not on other parcels.",
            "warning",
        )
    return Assignment(_whole(parcels, np.full(len(seen), HELD_OUT, np.uint8)), claims)


def _whole(parcels: Parcels, parts: NDArray[np.uint8]) -> Split:
    if not len(parcels.areas):
        raise LabelsUnusable("No labelled polygon lies on the series: check the labels' place and class names.")
    return Split("all", parts)
