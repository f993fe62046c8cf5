"""Spectral and radar indices by the formulas of the Awesome Spectral Indices catalogue (package spyndex)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import spyndex
from numpy.typing import NDArray

from .....shared.errors import BadInput
from ....execution.reporter import Reporter
from ....products.bands import INDICES
from ...scenes.measured_values import POSSIBLE
from ...scenes.quantity import Float

# What the catalogue calls the indices whose names differ. RVI is the radar one, 4 VH / (VV + VH), not RE2 / R.
_CATALOGUE = {"NDRE": "NDREI", "RVI": "DpRVIVV", "VHVV": "VHVVR"}
_BANDS = {  # the catalogue's letters -> the bands that will do, the best first
    "B": ("B02",),
    "G": ("B03",),
    "R": ("B04",),
    "RE1": ("B05",),
    "N": ("B08", "B8A"),
    "S1": ("B11",),
    "VV": ("VV",),
    "VH": ("VH",),
}
_CONSTANTS = {("SAVI", "L"): 0.5}  # Huete (1988); the catalogue's default of 1 is EVI's
RADAR_INDICES = ("RVI", "VHVV")


def check_names(names: Sequence[str]) -> None:
    """Raises BadInput for an index that is not offered, for none, and for optical and radar ones together."""
    unknown = [n for n in names if n not in INDICES]
    if unknown or not names:
        what = f"The index {unknown[0]!r} is unknown" if unknown else "No index was named"
        raise BadInput(f"{what}: choose among {', '.join(INDICES)}.")
    radar = [n for n in names if n in RADAR_INDICES]
    if radar and len(radar) < len(names):
        raise BadInput(f"{', '.join(radar)} is made of radar and the others of light: compute them in two runs.")


def symbols(name: str) -> tuple[str, ...]:
    """The letters of the bands in an index's formula (constants, which have defaults, are not among them)."""
    return tuple(s for s in _entry(name).bands if s in _BANDS)


def needed(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The bands that the indices spec, each as the names that will do."""
    return tuple(dict.fromkeys(_BANDS[s] for name in names for s in symbols(name)))


def formula(name: str) -> str:
    return str(_entry(name).formula)


class RangeTally:
    """How many values of each index lie outside what its formula can give."""

    def __init__(self) -> None:
        self._outside: dict[str, int] = {}
        self._made: dict[str, int] = {}

    def add(self, name: str, outside: int, made: int) -> None:
        """Of `made` values, those that are no data for lying outside."""
        self._outside[name] = self._outside.get(name, 0) + outside
        self._made[name] = self._made.get(name, 0) + made

    def shares(self) -> dict[str, float]:
        """By index, where there are any."""
        return {name: round(count / self._made[name], 6) for name, count in self._outside.items() if count}

    def tell(self, reporter: Reporter) -> None:
        """One warning an index that has such values."""
        for name, share in self.shares().items():
            limits = POSSIBLE[name]
            what = f"outside {limits.low:.3g} to {limits.high:.3g}, or " if limits.low > -math.inf else ""
            why = "of power that is not above 0" if name in RADAR_INDICES else "of reflectance for which it is not made"
            reporter.log(f"{name}: {share:.2%} of the values are {what}{why}, and are no data.", "warning")


def compute(name: str, cube: Float, bands: Sequence[str], tally: RangeTally | None = None) -> Float:
    """(T, H, W) of one index from (T, C, H, W): reflectance 0-1, or linear power; NaN where it has no value.

    Values outside what the formula gives for reflectance from 0 to 1 have none (scenes/measured_values): of bands that
    correction brought below 0 a normalised difference may be anything. `tally` counts them.
    """
    given: dict[str, Any] = {
        symbol: cube[:, next(bands.index(b) for b in _BANDS[symbol] if b in bands)] for symbol in symbols(name)
    }
    constants = [s for s in _entry(name).bands if s not in _BANDS]
    given |= {c: _CONSTANTS.get((name, c), spyndex.constants[c].default) for c in constants}
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(spyndex.computeIndex(_CATALOGUE.get(name, name), params=given), np.float32)
        outside = POSSIBLE[name].excludes(values) | _meaningless(name, given)
    if tally:
        has_value = ~np.isnan(cube).any(axis=1)
        tally.add(name, int((outside & has_value).sum()), int(has_value.sum()))
    return np.where(np.isfinite(values) & ~outside, values, np.float32(np.nan))


def _meaningless(name: str, given: dict[str, Any]) -> NDArray[np.bool_]:
    """Where the bands are none that the index is made for, whatever the formula gives.

    EVI = G (N - R) / (N + C1 R - C2 B + L) has a pole where blue is bright, as in clouds: next to it, and beyond, its
    value says nothing. Land has a denominator above 0.7, water as well; half of that of black is asked for (choice).
    """
    if name == "EVI":
        below: NDArray[np.bool_] = given["N"] + given["C1"] * given["R"] - given["C2"] * given["B"] + given["L"] < 0.5
        return below
    if name in RADAR_INDICES:
        return np.asarray((given["VV"] <= 0) | (given["VH"] <= 0))
    return np.asarray(False)


def _entry(name: str) -> spyndex.SpectralIndex:
    return spyndex.indices[_CATALOGUE.get(name, name)]
