"""Units: raw values of a file as the reflectance a model was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UnitUnclear
from .scenes import BandRef
from .select import Need


def to_reflectance(values: NDArray[np.float32], ref: BandRef, need: Need) -> NDArray[np.float32]:
    """Raw values as reflectance x need.scale, by the file's scale and offset; a file without them has it already."""
    if ref.scale != 1 or ref.offset != 0:
        values = values * np.float32(ref.scale * need.scale) + np.float32(ref.offset * need.scale)
    elif says_reflectance(ref.unit):
        values = values * np.float32(need.scale)
    return values


def says_reflectance(unit: str) -> bool:
    """Whether a file's unit says that its values are reflectance 0-1."""
    return unit.casefold() in {"reflectance", "surface reflectance", "surface reflectance 0-1", "reflectance 0-1"}


def check_values(values: NDArray[np.float32], ref: BandRef, need: Need) -> None:
    high, middle = float(np.quantile(values, 0.99)), float(np.median(values))
    wanted = f"surface reflectance x {need.scale:g}" if need.scale != 1 else "surface reflectance"
    declared = ref.scale != 1 or ref.offset != 0 or says_reflectance(ref.unit)
    after = " after the scale and offset it declares" if declared else ""
    if need.scale > 10 and high <= 2:
        raise UnitUnclear(ref.path, f"at most {high:.3g}{after}, like reflectance 0-1 without a scale", wanted)
    if middle > 1.6 * need.scale:
        raise UnitUnclear(ref.path, f"around {middle:.4g}{after}, too large", wanted)
