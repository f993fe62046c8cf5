"""Declared parcels as a traffic light: green agrees, red speaks against the declaration, yellow cannot tell.

Red by a conformal test: a declaration is doubted by one less the probability that the map gives the declared crop, and
its p-value is the share of the reference parcels of the same crop that are doubted as much. Of right declarations at
most the stated share then turns red, whatever the model, as far as they are like those of the reference: Vovk,
Gammerman and Shafer (2005), Algorithmic Learning in a Random World, section 4.5 (label-conditional).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import LabelsUnusable
from ....shared.jobs.accuracy import CheckDeclarationsJob
from ....shared.legend import plain
from ...labels.matching import Label, Matcher
from ...reporting.sentences import listed
from .parcel_layer import as_text
from .parcel_report import ParcelFacts
from .summary import AGREES, DISAGREES

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
GREEN, YELLOW, RED = LIGHTS = ("green", "yellow", "red")


@dataclass(frozen=True, eq=False)
class Checked:
    """P parcels: their lights, and what these rest on."""

    lights: list[str]
    p_values: Floats  # NaN where nothing is known of the declared crop
    found: list[str | None]  # by the map's word; None = nobody was there
    reference: int  # parcels that set the limit
    pooled: tuple[str, ...]  # crops with too few of them, which take all crops'


def lights_of(facts: ParcelFacts, job: CheckDeclarationsJob) -> Checked:
    """The light of each parcel."""
    declared, support = _support(facts, job)
    found = _found(facts, job)
    known = ~np.isnan(support)
    reference = known & _reference(facts, found, job)
    if not reference.any():
        raise LabelsUnusable(
            f"No parcel of {job.parcels.path} can set the limit: none has a declared crop that the map knows"
            + (f", and was found to be it in the field {job.found_field}." if job.found_field else ".")
        )
    p_values, pooled = p_values_of(1 - support, declared, reference, job.false_alarms)
    agreement = facts.table["agreement"].to_numpy()
    small = facts.table["pixels"].to_numpy(float) < job.least_pixels
    red = (agreement == DISAGREES) & (p_values <= job.false_alarms) & ~small
    lights = np.where(agreement == AGREES, GREEN, np.where(red, RED, YELLOW)).astype(object)
    lights[facts.table["declared_name"].isna().to_numpy()] = ""
    names = tuple(facts.legend.classes[k].name for k in pooled)
    return Checked(list(lights), p_values, found, int(reference.sum()), names)


def _support(facts: ParcelFacts, job: CheckDeclarationsJob) -> tuple[NDArray[np.int64], Floats]:
    """(P,) position of the declared crop, -1 where the map has none; (P,) what the map gives it: its mean probability,
    or its share where probabilities were not given."""
    names = {plain(crop.name): place for place, crop in enumerate(facts.legend)}
    said = facts.table["declared_name"]
    declared = np.array([names.get(plain(str(name)), -1) if isinstance(name, str) else -1 for name in said], np.int64)
    measured = facts.measured
    shares = measured.coverage / np.where(measured.pixels > 0, measured.pixels, np.nan)[:, None]
    weights = shares if measured.probabilities is None else measured.probabilities
    support = weights[np.arange(len(declared)), declared]
    return declared, np.where(declared < 0, np.nan, support)


def _found(facts: ParcelFacts, job: CheckDeclarationsJob) -> list[str | None]:
    """What was found on the spot, by the map's word where it has one."""
    if not job.found_field:
        return [None] * len(facts.table)
    if job.found_field not in facts.table:
        fields = listed(name for name in facts.table.columns if name != "geometry")
        raise LabelsUnusable(f"The parcels have no field {job.found_field!r}: choose one of {fields}.")
    matcher = Matcher(facts.legend, job.mapping)
    told = []
    for value in facts.table[job.found_field]:
        text = as_text(value)
        place = matcher.position(Label(text)) if text else None
        told.append(text if place is None else facts.legend.classes[place].name)
    return told


def _reference(facts: ParcelFacts, found: list[str | None], job: CheckDeclarationsJob) -> Bools:
    """Parcels whose declaration is right as far as is known: found to be so; else all that were declared."""
    if not job.found_field:
        return np.ones(len(found), bool)
    pairs = zip(found, facts.table["declared_name"])
    return np.array([bool(a) and isinstance(b, str) and plain(str(a)) == plain(b) for a, b in pairs])


def p_values_of(
    doubt: Floats, declared: NDArray[np.int64], reference: Bools, false_alarms: float
) -> tuple[Floats, list[int]]:
    """(P,) p-values by crop, NaN where doubt is; and the crops with fewer reference parcels than 1 / rate, whose
    parcels are held against those of all crops: alone they could never turn red."""
    p_values, pooled = np.full(len(doubt), np.nan), []
    for crop in np.unique(declared[~np.isnan(doubt)]):
        mine = (declared == crop) & ~np.isnan(doubt)
        like = reference & mine
        if like.sum() < 1 / false_alarms:
            pooled.append(int(crop))
            like = reference & ~np.isnan(doubt)
        p_values[mine] = _ranks(doubt[mine], np.sort(doubt[like]), like[mine])
    return p_values, pooled


def _ranks(doubt: Floats, among: Floats, own: Bools) -> Floats:
    """Share of the reference that is doubted at least as much; a parcel that is not of it counts as one more."""
    as_much = len(among) - np.searchsorted(among, doubt - 1e-12, side="left")
    others = ~own
    share: Floats = (as_much + others) / (len(among) + others)
    return share
