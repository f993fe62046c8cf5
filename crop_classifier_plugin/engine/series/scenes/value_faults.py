"""Whether sampled values of a band can be what the band is called: reflectance by its scale, an index by its range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec
from ....shared.errors import CropClassifierError, IndexOutOfRange, UnitUnclear
from ...raster.band_ref import BandRef
from .measured_values import POSSIBLE
from .reflectance import is_declared


@dataclass(frozen=True)
class Fault:
    """Why a scene's values cannot be right."""

    error: CropClassifierError
    reason: str  # "around 16000, too large"
    of_unit: bool = False  # no cloud and no shadow explains it


def reflectance_fault(values: NDArray[np.float32], ref: BandRef, spec: InputSpec) -> Fault | None:
    """Of values (N,) without no data, reflectance x spec.scale as the file and the user say it."""
    high, middle = float(np.quantile(values, 0.99)), float(np.median(values))
    what = f"surface reflectance x {spec.scale:g}" if spec.scale != 1 else "surface reflectance"
    after = " after the scale and offset it declares" if is_declared(ref) else ""
    reason, of_unit = "", False
    if middle < -0.05 * spec.scale:  # land is never that dark; atmospheric correction errs by less (choice)
        reason = f"around {middle:.4g}{after}, negative"
    elif spec.scale > 10 and high <= 2:
        reason, of_unit = f"at most {high:.3g}{after}, like reflectance 0-1 without a scale", True
    elif middle > 1.6 * spec.scale:
        reason = f"around {middle:.4g}{after}, too large"
    return Fault(UnitUnclear(ref.path, reason, what), reason, of_unit) if reason else None


def index_fault(values: NDArray[np.float32], ref: BandRef, spec: InputSpec) -> Fault | None:
    """Of values (N,): an index most of which lies outside what its formula gives is stored with a scale untold."""
    possible = POSSIBLE[ref.band]
    outside = values[possible.excludes(values / spec.scale)]
    if 2 * outside.size <= values.size:
        return None
    reach = f"{float(outside[np.abs(outside).argmax()]):.4g}"
    return Fault(IndexOutOfRange(ref.path, ref.band, reach, (possible.low, possible.high)), reach, of_unit=True)
