"""The one door from scenes to a stack: their masks, and the checks of what is opened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from ....shared.cards.parts import InputSpec
from ...execution.reporter import Reporter
from ...raster.grid import Grid
from ...reporting.sentences import listed
from ..scenes.band_origins import tell_bands
from ..scenes.cloud_masks import reaches
from ..scenes.images import Image, fineness, lie_over_each_other
from ..scenes.levels import check_levels
from ..scenes.quantity import INDEX, RADAR, Quantity
from ..scenes.read_series import SceneSeries
from ..scenes.scene import Scene
from ..selection.coverage import log_coverage, places_of, windows_of
from .common_grid import common_grid
from .stack import Layer, Stack, clear_share
from .value_checks import check_values, usable_layers


def masked_for(series: SceneSeries, quantity: Quantity) -> SceneSeries:
    """The series with the masks that count for this quantity: radar sees through clouds."""
    if quantity is RADAR and series.masks.name == "auto":
        return replace(series, masks=replace(series.masks, name="none"))
    return series


def layers_of(
    scenes: Sequence[Scene], series: SceneSeries, quantity: Quantity, reporter: Reporter
) -> tuple[Layer, ...]:
    """Some scenes of a series with their masks; names in the log those for which none was found.

    Raises MaskMissing where a mask that was asked for by name is lacking.
    """
    masks = masked_for(series, quantity).masks
    layers = tuple(Layer.of(scene, masks.mask_of(scene)) for scene in scenes)
    bare = listed(layer.scene.date for layer in layers if not layer.mask.refs)
    if masks.name == "auto" and quantity is not INDEX and bare:
        reporter.log(f"No cloud mask found, every pixel is taken as clear: {bare}.", "warning")
    return layers


def open_stack(
    layers: Sequence[Layer],
    spec: InputSpec,
    grid: Grid,
    reporter: Reporter,
    masked_resampling: bool = True,
    cubic: bool = False,
) -> Stack:
    """The layers on the grid, the better one first of images of a day that lie over each other; what they do not reach,
    and their masks' gaps, are logged. `masked_resampling`, `cubic`: as in Stack.

    Raises the sentences of values that cannot be what the spec's bands are; nothing stays open then.
    """
    with ExitStack() as exits:
        stack = exits.enter_context(_opened(layers, spec, grid, reporter, masked_resampling, cubic))
        log_coverage([layer.scene for layer in layers], spec.bands, grid, reporter)
        check_values(stack, reporter)
        exits.pop_all()
    return stack


def open_usable(
    layers: Sequence[Layer], spec: InputSpec, grid: Grid, reporter: Reporter, masked_resampling: bool = True
) -> Stack:
    """As open_stack, without single scenes whose values cannot be right, which are named in the log.

    Raises their sentence where at least half of the scenes are such.
    """
    with ExitStack() as exits:
        stack = exits.enter_context(_opened(layers, spec, grid, reporter, masked_resampling))
        kept = usable_layers(stack, reporter)
        exits.pop_all()
    log_coverage([layer.scene for layer in kept], spec.bands, grid, reporter)
    if len(kept) == len(stack.layers):
        return stack
    stack.close()
    return Stack(kept, spec, grid, masked_resampling, measured=stack.measured)


def _opened(
    layers: Sequence[Layer], spec: InputSpec, grid: Grid, reporter: Reporter, masked: bool, cubic: bool = False
) -> Stack:
    """Images of a day in the order in which they are looked at. Says where the bands come from, and where masks do not
    reach. Raises the sentences of levels that do not fit."""
    scenes = [layer.scene for layer in layers]
    check_levels(scenes, spec, reporter)
    tell_bands(scenes, spec.bands, reporter)
    ordered = _best_first(layers, spec, reporter)
    _log_mask_gaps(ordered, spec, grid, reporter)
    return Stack(ordered, spec, grid, masked, cubic)


def _best_first(layers: Sequence[Layer], spec: InputSpec, reporter: Reporter) -> list[Layer]:
    """The layers; where images of a day lie over each other, the one of most clear ground is looked at first.

    Its ground is all that the day has, whatever the extent: a cut of a series holds what the whole has there.
    """
    found, told = [], []
    for layer in layers:
        images = [image for image in layer.images if image.of(spec.bands)]
        if lie_over_each_other(images):
            reporter.check()
            images = _by_clear_ground(replace(layer, images=tuple(images)), spec)
            told.append(f"{layer.scene.date}: {', then '.join(image.name for image in images)}")
        found.append(replace(layer, images=tuple(images)))
    if told:
        reporter.log(
            "Images of one day lie over each other: each pixel is taken from the first of them in which it is clear, "
            f"of finer pixels and with most clear ground first ({listed(told)})."
        )
    return found


def _by_clear_ground(layer: Layer, spec: InputSpec) -> list[Image]:
    grid = common_grid([layer.scene], replace(spec, pixel_tolerance=math.inf))
    places = places_of(windows_of(layer.scene, spec.bands, grid))

    def clear(image: Image) -> float:
        with Stack([replace(layer, images=(image,))], spec, grid) as alone:
            return clear_share(alone, 0, places)

    return sorted(layer.images, key=lambda image: (fineness(image.of(spec.bands)), -clear(image), image.refs[0].path))


def _log_mask_gaps(layers: Sequence[Layer], spec: InputSpec, grid: Grid, reporter: Reporter) -> None:
    """One line about the dates whose mask does not reach all of their data."""
    short = [layer for layer in layers if not reaches(layer.scene, layer.mask, spec.bands, grid)]
    if short:
        days = listed(f"{layer.scene.date} ({layer.mask.name})" for layer in short)
        reporter.log(f"The cloud mask misses part of the scene, which counts as no data: {days}.", "warning")
