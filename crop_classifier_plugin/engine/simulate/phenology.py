"""What stands on each parcel on a day: green leaves, straw, blossom. Every parcel differs from its crop's mean.

The green leaf area follows the double logistic of Beck et al. (2006, eq. 3); mowing, harvest and catch crops come on
top. The spread between parcels (days and shares in `grow`) is a choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from .crops import (
    BANDS,
    BLOSSOM,
    COVERS,
    table,
)
from .landscape import Parcels
from .noise import (
    Floats,
    floats,
    key,
    mix,
    normal,
    uniform,
)

NEVER = 999.0  # a day that does not come


@dataclass(frozen=True)
class Canopy:
    """The curve of each parcel's leaf area index; arrays as in Stands."""

    winter: Floats  # leaf area index before spring
    peak: Floats
    start: Floats  # day of year
    start_rate: Floats  # 1/day
    end: Floats
    end_rate: Floats


@dataclass(frozen=True)
class Stands:
    """The season of each parcel. Arrays of N + 1 float32; entry 0 is what lies between the parcels."""

    kinds: NDArray[np.intp]
    canopy: Canopy
    harvest: Floats  # days of year, as those below
    tillage: Floats
    catch_start: Floats
    bloom: Floats
    cuts: Floats  # (3, N + 1)
    leaf: Floats  # (10, N + 1) reflectance of the closed green canopy, in the order of crops.BANDS
    soil: Floats  # brightness of the bare soil against the mean


@dataclass(frozen=True)
class Growth:
    """The state of each parcel on one day, float32 (N + 1,)."""

    lai: Floats  # green leaf area index, m2 m-2
    lai_per_day: Floats
    straw: Floats  # share of the ground between green leaves that dry matter covers
    blossom: Floats  # share of the canopy in yellow bloom


def grow(parcels: Parcels, seed: int, year: int) -> Stands:
    """Draws the season of each parcel from its key."""
    kinds = np.concatenate([[0], parcels.kinds]).astype(np.intp)
    keys = np.concatenate([np.zeros(1, np.uint32), parcels.keys])
    draw = _Draw(keys, seed, year)
    seasons = [cover.season for cover in COVERS]
    year_shift = 2.0 * draw.common("spring")
    early = 4.0 * draw.normal("early")  # an early parcel is early all season
    harvest = table(kinds, tuple(s.harvest for s in seasons))
    annual = harvest < 400
    harvest = np.where(annual, harvest + year_shift + early + 4.0 * draw.normal("harvest"), NEVER)
    start = table(kinds, tuple(s.start for s in seasons)) + year_shift + early + 4.0 * draw.normal("start")
    canopy = Canopy(
        winter=table(kinds, tuple(s.winter for s in seasons)) * np.exp(0.25 * draw.normal("winter")),
        peak=table(kinds, tuple(s.peak for s in seasons)) * np.exp(0.16 * draw.normal("peak")),
        start=start,
        start_rate=table(kinds, tuple(s.start_rate for s in seasons)) * np.exp(0.15 * draw.normal("start rate")),
        end=table(kinds, tuple(s.end for s in seasons)) + year_shift + early + 4.0 * draw.normal("end"),
        end_rate=table(kinds, tuple(s.end_rate for s in seasons)) * np.exp(0.15 * draw.normal("end rate")),
    )
    return Stands(
        kinds=kinds,
        canopy=canopy,
        harvest=floats(harvest),
        tillage=floats(harvest + 18 + 9.0 * draw.normal("tillage")),
        catch_start=_catch_crop(kinds, harvest, draw),
        bloom=_bloom(kinds, year_shift + early + 3.0 * draw.normal("bloom")),
        cuts=_cuts(kinds, draw),
        leaf=_leaves(kinds, draw),
        soil=floats(1 + 0.10 * draw.normal("soil")),
    )


def on_day(stands: Stands, day: float) -> Growth:
    """The state on a day of year (1 = 1 January; fractions allowed)."""
    return Growth(
        lai=_leaf_area(stands, day),
        lai_per_day=floats((_leaf_area(stands, day + 1) - _leaf_area(stands, day - 1)) / 2),
        straw=_straw(stands, day),
        blossom=floats(0.65 * np.exp(-(((day - stands.bloom) / 9.0) ** 2))),
    )


def _leaf_area(stands: Stands, day: float) -> Floats:
    rise = expit(stands.canopy.start_rate * (day - stands.canopy.start))
    fall = expit(stands.canopy.end_rate * (stands.canopy.end - day))
    lai = stands.canopy.winter + (stands.canopy.peak - stands.canopy.winter) * (rise + fall - 1)
    since = np.maximum(day - stands.cuts, 0)
    lai = np.maximum(lai, 0) * np.prod(np.where(day < stands.cuts, 1, 1 - 0.7 * np.exp(-since / 14)), axis=0)
    lai = lai * expit((stands.harvest - day) / 0.7)
    return floats(lai + 2.2 * expit(0.12 * (day - stands.catch_start)))


def _straw(stands: Stands, day: float) -> Floats:
    ripe = expit(stands.canopy.end_rate * (day - stands.canopy.end)) * (1 - np.exp(-0.5 * stands.canopy.peak)) * 0.9
    stubble = 0.12 + 0.45 * expit((stands.tillage - day) / 2)
    annual = stands.harvest < 400
    return floats(np.where(annual, np.where(day < stands.harvest, np.maximum(ripe, 0.06), stubble), 0.25))


def _catch_crop(kinds: NDArray[np.intp], harvest: NDArray[np.floating], draw: _Draw) -> Floats:
    sown = draw.uniform("catch crop") < table(kinds, tuple(c.season.catch_crop for c in COVERS))
    return floats(np.where(sown, harvest + 42 + 6.0 * draw.normal("catch start"), NEVER))


def _bloom(kinds: NDArray[np.intp], shift: NDArray[np.floating]) -> Floats:
    mean = table(kinds, tuple(c.season.bloom for c in COVERS))
    return floats(np.where(mean > 0, mean + shift, NEVER))


def _cuts(kinds: NDArray[np.intp], draw: _Draw) -> Floats:
    """Meadows are mown up to three times; a third of the grassland is grazed and never is."""
    mown = draw.uniform("grazed") > 0.33
    days = np.full((3, len(kinds)), NEVER)
    for k in range(3):
        mean = table(kinds, tuple((c.season.cuts[k] if c.season.cuts else 0) for c in COVERS))
        days[k] = np.where((mean > 0) & mown, mean + 9.0 * draw.normal(f"cut {k}"), NEVER)
    return floats(days)


def _leaves(kinds: NDArray[np.intp], draw: _Draw) -> Floats:
    """Variety, nutrition and water make a parcel's leaves darker or brighter: visible, near and short-wave infrared."""
    groups = {"visible": ("B02", "B03", "B04", "B05"), "near": ("B06", "B07", "B08", "B8A"), "short": ("B11", "B12")}
    spread = {"visible": 0.09, "near": 0.055, "short": 0.07}
    mean = np.array([cover.leaf for cover in COVERS], np.float32).T[:, kinds]
    for group, bands in groups.items():
        gain = np.exp(spread[group] * draw.normal(group))
        for band in bands:
            mean[BANDS.index(band)] *= gain
    return floats(mean)


def canopy(stands: Stands, growth: Growth) -> Floats:
    """(10, N + 1) float32: the closed canopy's reflectance on the day, blossom included."""
    return floats(stands.leaf + growth.blossom * (BLOSSOM[:, None] - stands.leaf))


class _Draw:
    """Named random numbers of each parcel: by key, seed and year."""

    def __init__(self, keys: NDArray[np.uint32], seed: int, year: int) -> None:
        self._keys, self._season = keys, (seed, year)

    def normal(self, name: str) -> Floats:
        return normal(mix(self._keys ^ np.uint32(key(*self._season, name))))

    def uniform(self, name: str) -> NDArray[np.float64]:
        return uniform(mix(self._keys ^ np.uint32(key(*self._season, name))))

    def common(self, name: str) -> float:
        """One number for the whole season."""
        return float(normal(np.array([key(*self._season, "common", name)], np.uint32))[0])
