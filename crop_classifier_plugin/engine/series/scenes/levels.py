"""The level of processing of a series: whether its optical values are at the surface, as its files' products tell."""

from __future__ import annotations

from collections.abc import Iterable

from ....shared.cards.parts import InputSpec
from ....shared.errors import LevelUnfit, NumbersUnscaled
from ...execution.reporter import Reporter
from ...products.bands import INDICES, OPTICAL
from ...products.spec import LEVELS, NUMBERS, SURFACE, TOA
from ...raster.band_ref import BandRef, short_name
from .scene import Scene


def level_of(ref: BandRef) -> str:
    """One of LEVELS; "" = not told. Calibrated numbers with a scale, or made decimal, were brought to reflectance."""
    scaled = ref.scale != 1 or ref.offset != 0 or ref.dtype.startswith("float")
    return TOA if ref.origin.level == NUMBERS and scaled else ref.origin.level


def check_levels(scenes: Iterable[Scene], spec: InputSpec, reporter: Reporter) -> None:
    """Raises where optical bands are of another level than a model was trained on, or numbers that are no reflectance.

    An operation, which asks for no level, takes top-of-atmosphere reflectance with a warning.
    """
    refs = _refs(scenes, spec.bands)
    found = {level: [ref for ref in refs if level_of(ref) == level] for level in LEVELS}
    if found[NUMBERS]:
        raise NumbersUnscaled(found[NUMBERS][0].path)
    other = SURFACE if spec.level == TOA else TOA
    if spec.level and found[other]:
        raise LevelUnfit(found[other][0].path, other, spec.level, spec.model)
    if found[TOA] and not spec.level:
        reporter.log(_warning(found[TOA], bool(found[SURFACE])), "warning")


def series_level(scenes: Iterable[Scene], bands: Iterable[str]) -> str:
    """What a model that learns from these scenes is trained on: at the surface, unless a file tells another level."""
    return TOA if common_level(scenes, bands) == TOA else SURFACE


def common_level(scenes: Iterable[Scene], bands: Iterable[str]) -> str:
    """The level of all these bands; TOA where only some are; "" where one is not known."""
    levels = {level_of(ref) for ref in _refs(scenes, bands)}
    if TOA in levels:
        return TOA
    return levels.pop() if len(levels) == 1 else ""


def _refs(scenes: Iterable[Scene], bands: Iterable[str]) -> list[BandRef]:
    """Of reflectance and of what is made of it."""
    wanted = [band for band in bands if band in OPTICAL or band in INDICES]
    return [ref for scene in scenes for band in wanted for ref in scene.of(band)]


def _warning(refs: list[BandRef], mixed: bool) -> str:
    files = list(dict.fromkeys(short_name(ref.path) for ref in refs))
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    beside = ", others of the series surface reflectance: their dates cannot be compared" if mixed else ""
    return (
        f"{files[0]}{more}: {TOA} (level 1) and no surface reflectance{beside}; indices and composites of it differ "
        "from those at the surface, and models trained at the surface refuse it."
    )
