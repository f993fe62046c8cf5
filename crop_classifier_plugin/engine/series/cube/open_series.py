"""A whole series: every scene that has the wanted bands, on one grid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np

from ....shared.errors import BadInput
from ....shared.jobs.sources import Series
from ...execution.reporter import Reporter
from ...products.bands import INDICES, OPTICAL, RADAR
from ...products.dates import DateTable
from ...raster.grid import Grid, Window
from ...raster.writer import BLOCK
from ..scenes.cloud_masks import mask_of
from ..scenes.quantity import INDEX, Quantity, quantity_of
from ..scenes.quantity import RADAR as BACKSCATTER
from ..scenes.scene import Scene, log_unmatched, read_scenes
from .common_grid import common_grid
from .stack import (
    Layer,
    Stack,
    check_units,
    files_of,
    mask_scenes,
    sample,
    tell_mask_gaps,
)

_MEASURED = (*OPTICAL, *RADAR, *INDICES)
Also = Callable[[Sequence[str]], Sequence[tuple[str, ...]]]
Choose = Callable[[Sequence[Scene]], Sequence[str]]
_BYTES = 96 * 2**20  # of one window of all its dates and bands, as float32 (choice; work needs about three times that)
_SIDES = (1024, 512, 256, 128)


def open_series(
    series: Series,
    reporter: Reporter,
    bands: Sequence[str] | Choose | None = (),
    also: Also = lambda bands: (),
    span: tuple[dt.date, dt.date] | None = None,
) -> Stack:
    """A stack of all dates (inside `span`) that have the bands; those left out are named in the log.

    `bands` () = those of the most complete scene, None = none, or a choice made of the scenes; `also`: what the work
    needs beyond them, each as the names that will do. Raises BadInput when no scene has them, and the sentences of
    missing dates and odd units.
    """
    table = DateTable(series.dates)
    scenes = read_scenes(series.scenes, reporter, table)
    if span:
        scenes = _within(scenes, span)
    chosen_bands = bands(scenes) if callable(bands) else bands
    written = () if chosen_bands is None else tuple(chosen_bands) or _default_bands(scenes)
    wanted = tuple(dict.fromkeys((*written, *(_most_common(names, scenes) for names in also(written)))))
    quantity = quantity_of(wanted)
    chosen = _complete(scenes, wanted, reporter)
    need = quantity.need(wanted)
    dated, undated = mask_scenes(series.mask_layers, reporter, table)
    log_unmatched(table, reporter)
    source = "none" if quantity is BACKSCATTER and series.mask == "auto" else series.mask  # radar sees through clouds
    layers = [Layer(s, mask_of(s, source, dated, undated)) for s in chosen]
    _tell_unmasked(layers, source, quantity, reporter)
    stack = Stack(layers, need, common_grid(chosen, need, series.extent), pure=True)
    stack.sources |= files_of(scenes)
    try:
        tell_mask_gaps(layers, need, stack.grid, reporter)
        check_quantity(stack, quantity, reporter)
    except BaseException:
        stack.close()
        raise
    first, last, grid = stack.dates[0], stack.dates[-1], stack.grid
    reporter.log(f"{len(chosen)} dates from {first} to {last}, bands {', '.join(wanted)}.")
    reporter.log(f"Grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    return stack


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


def _within(scenes: Sequence[Scene], span: tuple[dt.date, dt.date]) -> tuple[Scene, ...]:
    inside = tuple(s for s in scenes if span[0] <= s.date <= span[1])
    if not inside:
        there = f"{scenes[0].date} to {scenes[-1].date}" if scenes else "no dates"
        raise BadInput(f"No scene lies between {span[0]} and {span[1]} (the series has {there}): choose other dates.")
    return inside


def _default_bands(scenes: Sequence[Scene]) -> tuple[str, ...]:
    """The measured bands of the most complete scene, in the usual order."""
    richest = max(scenes, key=lambda s: len(s.bands), default=None)
    found = tuple(b for b in _MEASURED if richest and b in richest.bands)
    if not found:
        raise BadInput(f"No band of the scenes has a name that is known ({', '.join(_MEASURED)}): name the bands.")
    return found


def _most_common(names: Sequence[str], scenes: Sequence[Scene]) -> str:
    """The one of these names that most scenes have; the first of them where they are equal."""
    return max(names, key=lambda name: sum(name in s.bands for s in scenes))


def _complete(scenes: Sequence[Scene], wanted: Sequence[str], reporter: Reporter) -> list[Scene]:
    chosen = [s for s in scenes if set(wanted) <= set(s.bands)]
    if not chosen:
        seen = sorted({b for s in scenes for b in s.bands})
        lacking = [b for b in wanted if b not in seen] or list(wanted)
        raise BadInput(
            f"No scene has the band {', '.join(lacking)} (the series has {', '.join(seen) or 'no named band'}): "
            "add the files with it, or choose other bands."
        )
    left = [s.date.isoformat() for s in scenes if s not in chosen]
    if left:
        reporter.log(f"Left out for want of bands ({', '.join(wanted)}): {', '.join(left)}.", "warning")
    return chosen


def _tell_unmasked(layers: Sequence[Layer], source: str, quantity: Quantity, reporter: Reporter) -> None:
    bare = [layer.scene.date.isoformat() for layer in layers if not layer.mask.refs]
    if source == "auto" and quantity.scale != 1 and bare:
        reporter.log(f"No cloud mask found, every pixel is taken as clear: {', '.join(bare)}.", "warning")


def check_quantity(stack: Stack, quantity: Quantity, reporter: Reporter) -> None:
    """Reflectance is checked as for a model; normalised differences must lie within -1 and 1."""
    if quantity is INDEX:
        _check_normalised(stack, reporter)
    elif quantity is not BACKSCATTER:
        check_units(stack, reporter)


def _check_normalised(stack: Stack, reporter: Reporter) -> None:
    """Raises BadInput for an index stored with a scale that its file does not tell."""
    which = [c for c, b in enumerate(stack.need.bands) if b in ("NDVI", "NDWI", "NDMI", "NDRE", "LSWI")]
    for t, layer in enumerate(stack.layers if which else ()):
        reporter.check()
        sampled = sample(stack, t)[which]
        sampled = np.abs(sampled[~np.isnan(sampled)])
        if sampled.size and float(np.quantile(sampled, 0.99)) > 1.05:
            refs = layer.scene.of(stack.need.bands[which[0]])
            raise BadInput(
                f"The values of {refs[0].path} reach {sampled.max():.4g}, a normalised index lies within -1 and 1: "
                "set the file's scale (gdal_edit.py -scale), or recompute it."
            )
