"""Whether sampled values of a band can be what the band is called: reflectance by its scale, an index by its range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec
from ....shared.errors import CropClassifierError, IndexOutOfRange, UnitUnclear
from ....shared.errors.rasters import NO_LAND, unit_advice
from ...products.vocabulary import fold
from ...raster.band_ref import BandRef
from .measured_values import POSSIBLE
from .reflectance import factors_of, is_declared

_COLLECTION_2_DARK = 7000  # atmospheric correction leaves little below 7273 (choice)
_COLLECTION_2_ADVICE = "set them in the file (gdal_edit.py -scale 0.0000275 -offset -0.2), or use the original product."


@dataclass(frozen=True)
class Fault:
    """Why a scene's values cannot be right."""

    error: CropClassifierError
    reason: str  # "around 16000, too large"
    of_unit: bool = False  # no cloud and no shadow explains it


def percent_fault(sampled: NDArray[np.float32], refs: Sequence[BandRef], spec: InputSpec) -> Fault | None:
    """Of values (C, N) of all bands of a scene: undeclared numbers that reach no reflectance of 0.01 in any band.

    Open water in the infrared alone does so too; its file's scale, or a given one, says that it is right.
    """
    high = max(
        (float(np.quantile(row[~np.isnan(row)], 0.99)) for row in sampled if not np.isnan(row).all()), default=0.0
    )
    if not 0 < high <= 0.01 * spec.scale or spec.scale <= 100 or any(is_declared(ref) for ref in refs):
        return None
    reason = f"at most {high:.3g} in all bands, like reflectance in percent"
    what, advice = f"surface reflectance x {spec.scale:g}", unit_advice(_likely_scale(high, refs[0], spec))
    return Fault(UnitUnclear(refs[0].path, reason, what, advice), reason)


def reflectance_fault(values: NDArray[np.float32], ref: BandRef, spec: InputSpec) -> Fault | None:
    """Of values (N,) without no data, reflectance x spec.scale as the file and the user say it."""
    high, middle = float(np.quantile(values, 0.99)), float(np.median(values))
    what = f"surface reflectance x {spec.scale:g}" if spec.scale != 1 else "surface reflectance"
    after = " after the scale and offset it declares" if is_declared(ref) else ""
    reason, of_unit = "", False
    if middle < -0.05 * spec.scale:  # land is never that dark; atmospheric correction errs by less (choice)
        reason = f"around {middle:.4g}{after}, negative"
    elif spec.scale > 10 and high <= 2 and ref.band != "B10":  # the air holds all of its light back
        reason, of_unit = f"at most {high:.3g}{after}, like reflectance 0-1 without a scale", True
    elif ref.dtype == "uint8" and not is_declared(ref):
        reason, of_unit = f"at most {high:.3g} of 255, like a picture of 8 bits", True
    elif _like_collection_2(values, ref):
        reason = f"around {middle:.4g}, like Landsat Collection 2's numbers (x 0.0000275 - 0.2) without their scale"
    elif middle > 1.6 * spec.scale:
        reason = f"around {middle:.4g}{after}, too large"
    advice = NO_LAND if middle < 0 else unit_advice(_likely_scale(middle, ref, spec))
    advice = _COLLECTION_2_ADVICE if _like_collection_2(values, ref) else advice
    return Fault(UnitUnclear(ref.path, reason, what, advice), reason, of_unit) if reason else None


def _likely_scale(value: float, ref: BandRef, spec: InputSpec) -> float:
    """By which numbers like the file's are usually reflectance; 0 = none is usual."""
    scale, offset = factors_of(ref, spec)
    number = (value / spec.scale - offset) / scale
    usual = (1.0, 1e-3, 1.0), (0.01, 1.0, 100.0), (1e-4, 100.0, 16_000.0)
    return next((factor for factor, low, high in usual if low < number <= high), 0.0)


def _like_collection_2(values: NDArray[np.float32], ref: BandRef) -> bool:
    """Whether numbers of a Landsat, as Earth Engine exports them, lie above the one that means reflectance 0 (7273)."""
    landsat = ref.origin.sensor.startswith("Landsat") or fold(ref.origin.written).startswith("srb")
    return landsat and not is_declared(ref) and float(np.quantile(values, 0.01)) >= _COLLECTION_2_DARK


def index_fault(values: NDArray[np.float32], ref: BandRef, spec: InputSpec) -> Fault | None:
    """Of values (N,): an index most of which lies outside what its formula gives is stored with a scale untold."""
    possible = POSSIBLE[ref.band]
    outside = values[possible.excludes(values / spec.scale)]
    if 2 * outside.size <= values.size:
        return None
    reach = f"{float(outside[np.abs(outside).argmax()]):.4g}"
    return Fault(IndexOutOfRange(ref.path, ref.band, reach, (possible.low, possible.high)), reach, of_unit=True)
