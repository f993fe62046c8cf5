"""Units: raw values of a file as the reflectance a model was trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec
from ....shared.errors import OffsetMissing
from ...execution.reporter import Reporter
from ...products.band_names import STAC_ITEM
from ...products.bands import INDICES, OPTICAL
from ...products.spec import OffsetRule, specs
from ...raster.band_ref import BandRef
from ...reporting.sentences import listed
from .scene import Scene

_DARK = 900  # raw; clear land always has darker pixels than reflectance 0.09 in the visible bands (choice)
_VISIBLE = OPTICAL[:5]
_SCALED = (*OPTICAL, *INDICES)  # by the scale that a user gives


def to_reflectance(values: NDArray[np.float32], ref: BandRef, spec: InputSpec) -> NDArray[np.float32]:
    """Raw values as reflectance x spec.scale, by the file's scale and offset; a file without them has it already."""
    if ref.scale != 1 or ref.offset != 0:
        values = values * np.float32(ref.scale * spec.scale) + np.float32(ref.offset * spec.scale)
    elif says_reflectance(ref.unit):
        values = values * np.float32(spec.scale)
    return values


def factors_of(ref: BandRef, spec: InputSpec) -> tuple[float, float]:
    """Scale and offset by which the file's numbers are the physical value, reflectance 0-1, as to_reflectance reads."""
    if ref.scale != 1 or ref.offset != 0:
        return ref.scale, ref.offset
    return (1.0, 0.0) if says_reflectance(ref.unit) else (1 / spec.scale, 0.0)


def says_reflectance(unit: str) -> bool:
    """Whether a file's unit says that its values are reflectance 0-1."""
    return unit.casefold() in {"reflectance", "surface reflectance", "surface reflectance 0-1", "reflectance 0-1"}


def is_declared(ref: BandRef) -> bool:
    """Whether scale, offset or unit say how the numbers are meant."""
    return ref.scale != 1 or ref.offset != 0 or says_reflectance(ref.unit)


def with_scale(scenes: tuple[Scene, ...], scale: float, reporter: Reporter) -> tuple[Scene, ...]:
    """The scenes with `scale` for reflectance and indices, 0 = as they are; masks and radar keep their own.

    A file's offset stays. Files that say another scale are named in the log.
    """
    if not scale:
        return scenes
    refs = [ref for scene in scenes for ref in scene.refs if ref.band in _SCALED]
    reporter.log(f"Reflectance and indices are read as number x {scale:g}, as given.")
    others = sorted({f"{ref.path} ({ref.scale:g})" for ref in refs if ref.scale not in (1, scale)})
    if others:
        reporter.log(f"In place of their own scale: {listed(others)}.", "warning")
    return tuple(replace(scene, refs=tuple(_scaled(ref, scale) for ref in scene.refs)) for scene in scenes)


def _scaled(ref: BandRef, scale: float) -> BandRef:
    if ref.band not in _SCALED:
        return ref
    unit = "reflectance" if ref.band in OPTICAL else ref.unit  # a scale of 1 could not be told from none
    return replace(ref, encoding=replace(ref.encoding, scale=scale), origin=replace(ref.origin, unit=unit))


def check_offset(scene: Scene, spec: InputSpec) -> None:
    """Refuses products that are known by name to hold an offset which their file does not declare."""
    for ref in _optical(scene, spec):
        for rule in _offset_rules():
            found = rule.names.search(ref.path)
            shifted = found and rule.since <= int(found[1]) < rule.until
            told = ref.origin.where == STAC_ITEM and ref.scale != 1  # that its offset is applied
            if found and shifted and ref.offset == 0 and not (told or says_reflectance(ref.unit)):
                raise OffsetMissing(ref.path, f"{found[1][:2]}.{found[1][2:]}")


def looks_shifted(sampled: NDArray[np.float32], scene: Scene, spec: InputSpec) -> bool:
    """Whether raw values (C, N) without any dark pixel speak for an undeclared offset, as of Sentinel-2's 04.00."""
    refs = _optical(scene, spec)
    declared = any(is_declared(r) or not _may_be_sentinel_2(r) for r in refs)
    if (
        scene.date < min(rule.first_day for rule in _offset_rules())
        or declared
        or not {r.band for r in refs} & set(_VISIBLE)
    ):
        return False
    rows = [sampled[c][~np.isnan(sampled[c])] for c, band in enumerate(spec.bands) if band in OPTICAL]
    return all(row.size and float(np.quantile(row, 0.01)) >= _DARK for row in rows)


def _may_be_sentinel_2(ref: BandRef) -> bool:
    return not ref.origin.sensor or ref.origin.sensor.startswith("Sentinel-2")


def _offset_rules() -> list[OffsetRule]:
    return [spec.offset for spec in specs() if spec.offset]


def _optical(scene: Scene, spec: InputSpec) -> list[BandRef]:
    return [ref for band in spec.bands if band in OPTICAL for ref in scene.of(band)]
