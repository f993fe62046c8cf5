"""Spectral and radar indices by the formulas of the Awesome Spectral Indices catalogue (package spyndex)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import spyndex

from .....shared.errors import BadInput
from ....products.bands import INDICES
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


def compute(name: str, cube: Float, bands: Sequence[str]) -> Float:
    """(T, H, W) of one index from (T, C, H, W): reflectance 0-1, or linear power; NaN where it has no value."""
    given: dict[str, object] = {
        symbol: cube[:, next(bands.index(b) for b in _BANDS[symbol] if b in bands)] for symbol in symbols(name)
    }
    constants = [s for s in _entry(name).bands if s not in _BANDS]
    given |= {c: _CONSTANTS.get((name, c), spyndex.constants[c].default) for c in constants}
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(spyndex.computeIndex(_CATALOGUE.get(name, name), params=given), np.float32)
    return np.where(np.isfinite(values), values, np.float32(np.nan))


def _entry(name: str) -> spyndex.SpectralIndex:
    return spyndex.indices[_CATALOGUE.get(name, name)]
