"""A whole series: every scene that has the requested bands, on one grid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import PurePath

from ....shared.errors import BadInput
from ....shared.jobs.sources import Extent, Series
from ...execution.reporter import Reporter
from ...products.bands import INDICES, OPTICAL, RADAR
from ...raster.grid import Grid, Window
from ...raster.writer import BLOCK
from ...reporting.sentences import listed
from ..scenes.quantity import quantity_of
from ..scenes.read_series import SceneSeries, files_of, read_series
from ..scenes.scene import Scene
from .common_grid import checked_size, common_grid, reaching
from .open_stack import layers_of, open_usable
from .stack import Stack

_MEASURED = (*OPTICAL, *RADAR, *INDICES)
Also = Callable[[Sequence[str]], Sequence[tuple[str, ...]]]
Choose = Callable[[Sequence[Scene]], Sequence[str]]
_BYTES = 96 * 2**20  # of one window of all its dates and bands, as float32 (choice; work needs about three times that)
_SIDES = (1024, 512, 256, 128)


def open_series(
    series: Series | SceneSeries,
    reporter: Reporter,
    bands: Sequence[str] | Choose | None = (),
    also: Also = lambda bands: (),
    span: tuple[dt.date, dt.date] | None = None,
) -> Stack:
    """A stack of all dates (inside `span`) that have the bands; those left out are named in the log.

    `series`: as a job names it, or with its headers read. `bands` () = those of the most complete scene, None = none,
    or a choice made of the scenes; `also`: what the work needs beyond them, each as the names that will do. Raises
    BadInput when no scene has them, and the sentences of missing dates and odd units.
    """
    found = series if isinstance(series, SceneSeries) else read_series(series, reporter)
    scenes = _reaching(_within(found.scenes, span) if span else found.scenes, found.extent, reporter)
    requested = _requested(scenes, bands, also)
    quantity = quantity_of(requested)
    chosen, spec = _complete(scenes, requested, reporter), quantity.input_spec(requested)
    layers = layers_of(chosen, found, quantity, reporter)
    stack = open_usable(layers, spec, checked_size(common_grid(chosen, spec, found.extent)), reporter)
    stack.sources |= files_of(scenes)
    first, last, grid = stack.dates[0], stack.dates[-1], stack.grid
    reporter.log(f"{len(stack.dates)} dates from {first} to {last}, bands {', '.join(requested)}.")
    reporter.log(f"Grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    return stack


def _requested(scenes: Sequence[Scene], bands: Sequence[str] | Choose | None, also: Also) -> tuple[str, ...]:
    """The bands to read: those to be written, then what the work needs beyond them."""
    named = bands(scenes) if callable(bands) else bands
    written = () if named is None else tuple(named) or measured_bands(scenes)
    return tuple(dict.fromkeys((*written, *(_most_common(names, scenes) for names in also(written)))))


def windows(grid: Grid, planes: int) -> list[Window]:
    """The grid in squares so small that `planes` of them stay within bounded memory.

    Squares smaller than a file's block follow block by block, so that no block is written twice.
    """
    side = next((s for s in _SIDES if 4 * planes * s * s <= _BYTES), _SIDES[-1])
    return [
        Window(outer.row + inner.row, outer.col + inner.col, inner.height, inner.width)
        for outer in grid.blocks(max(side, BLOCK))
        for inner in grid.sub(outer).blocks(side)
    ]


def _reaching(scenes: Sequence[Scene], extent: Extent | None, reporter: Reporter) -> tuple[Scene, ...]:
    """Those that meet the extent; the others are named in the log."""
    found = reaching(scenes, extent)
    left = listed(scene.date for scene in scenes if scene not in found)
    if left:
        reporter.log(f"Left out, as they lie outside the extent: {left}.")
    return found


def _within(scenes: Sequence[Scene], span: tuple[dt.date, dt.date]) -> tuple[Scene, ...]:
    inside = tuple(s for s in scenes if span[0] <= s.date <= span[1])
    if not inside:
        there = f"{scenes[0].date} to {scenes[-1].date}" if scenes else "no dates"
        raise BadInput(f"No scene lies between {span[0]} and {span[1]} (the series has {there}): choose other dates.")
    return inside


def measured_bands(scenes: Sequence[Scene]) -> tuple[str, ...]:
    """The measured bands of the most complete scene, in the usual order."""
    richest = max(scenes, key=lambda s: len(s.bands), default=None)
    found = tuple(b for b in _MEASURED if richest and b in richest.bands)
    if not found:
        bands = [f"{PurePath(ref.path).name} band {ref.index}" for scene in scenes for ref in scene.refs]
        raise BadInput(
            f"No band of the scenes has a name that is known, as B04, red, VV or NDVI ({listed(bands) or 'no scene'}): "
            "name them in their descriptions, or in the table of dates, columns layer, band and name."
        )
    return found


def _most_common(names: Sequence[str], scenes: Sequence[Scene]) -> str:
    """The one of these names that most scenes have; the first of them where they are equal."""
    return max(names, key=lambda name: sum(name in s.bands for s in scenes))


def _complete(scenes: Sequence[Scene], requested: Sequence[str], reporter: Reporter) -> list[Scene]:
    chosen = [s for s in scenes if set(requested) <= set(s.bands)]
    if not chosen:
        seen = sorted({b for s in scenes for b in s.bands})
        lacking = [b for b in requested if b not in seen] or list(requested)
        raise BadInput(
            f"No scene has the band {', '.join(lacking)} (the series has {', '.join(seen) or 'no named band'}): "
            "add the files with it, or choose other bands."
        )
    left = [s for s in scenes if s not in chosen]
    if left:
        lacking = [b for b in requested if any(b not in s.bands for s in left)]
        dates = listed([s.date.isoformat() for s in left])
        reporter.log(f"Left out for want of bands ({', '.join(lacking)}): {dates}.", "warning")
    return chosen
