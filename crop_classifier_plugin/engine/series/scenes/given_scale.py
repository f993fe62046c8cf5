"""The scale that the user gives a series, in place of what its files say."""

from __future__ import annotations

from dataclasses import replace

from ...execution.reporter import Reporter
from ...products.bands import INDICES, OPTICAL
from ...raster.band_ref import BandRef
from ...reporting.sentences import listed
from .scene import Scene

_SCALED = (*OPTICAL, *INDICES)


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
