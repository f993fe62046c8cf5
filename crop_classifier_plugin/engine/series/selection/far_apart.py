"""Scenes of several places far apart (chips of a data set, study areas), parted into the scenes of each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....shared.jobs.sources import Extent
from ...access.crs import crs_of_text
from ...raster.band_ref import BandRef, Bounds
from ...raster.geodesy import LONLAT, degrees_of
from ...raster.grid import Window
from ..scenes.read_series import ModelScenes, SceneSeries
from .coverage import overlap, places_of

_STEPS = 100_000  # a degree: places are found on a grid of about a metre


def apart(scenes: ModelScenes, bands: Sequence[str]) -> tuple[ModelScenes, ...]:
    """The scenes of each place, west to east; all of them where a box around them is not mostly empty.

    `bands`: of the first series, by whose files places are told.
    """
    first = scenes.optical or scenes.radar
    limit = _extent_box(scenes.extent)
    boxes = [_degrees(ref) for scene in (first.scenes if first else ()) for ref in scene.refs if ref.band in bands]
    windows = [w for box in boxes if box for w in (_window(box),) if limit is None or overlap(w, _window(limit))]
    places = sorted(places_of(windows), key=lambda w: (w.col, w.row))
    if len(places) < 2:
        return (scenes,)
    return tuple(
        ModelScenes(*(series and _at(series, place, limit) for series in (scenes.optical, scenes.radar)))
        for place in places
    )


def _at(series: SceneSeries, place: Window, limit: Bounds | None) -> SceneSeries:
    """What of a series lies in a place; the extent is what it has of the place."""
    kept = (replace(scene, refs=tuple(ref for ref in scene.refs if _lies(ref, place))) for scene in series.scenes)
    return replace(series, scenes=tuple(scene for scene in kept if scene.refs), extent=_extent_in(place, limit))


def _lies(ref: BandRef, place: Window) -> bool:
    box = _degrees(ref)
    return box is None or overlap(_window(box), place)


def _degrees(ref: BandRef) -> Bounds | None:
    """West, south, east, north; east beyond 180 where the file crosses it."""
    return _unrolled(degrees_of(ref.crs, ref.bounds))


def _extent_box(extent: Extent | None) -> Bounds | None:
    if extent is None or not extent.crs:
        return None
    box = extent.xmin, extent.ymin, extent.xmax, extent.ymax
    return _unrolled(degrees_of(crs_of_text(extent.crs), box))


def _unrolled(box: Bounds | None) -> Bounds | None:
    return (box[0], box[1], box[2] + 360, box[3]) if box and box[2] < box[0] else box


def _window(box: Bounds) -> Window:
    west, south, east, north = (round(edge * _STEPS) for edge in box)
    return Window(-north, west, max(north - south, 1), max(east - west, 1))


def _extent_in(place: Window, limit: Bounds | None) -> Extent | None:
    if limit is None:
        return None
    other = _window(limit)
    west, east = max(place.col, other.col), min(place.col + place.width, other.col + other.width)
    top, bottom = max(place.row, other.row), min(place.row + place.height, other.row + other.height)
    return Extent(west / _STEPS, -bottom / _STEPS, east / _STEPS, -top / _STEPS, LONLAT.to_wkt())
