"""The one door from scenes to a stack: their masks, and the checks of what is opened."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from ....shared.cards.parts import InputSpec
from ...execution.reporter import Reporter
from ...raster.grid import Grid
from ..scenes.band_origins import tell_bands
from ..scenes.levels import check_levels
from ..scenes.quantity import INDEX, RADAR, Quantity
from ..scenes.read_series import SceneSeries
from ..scenes.scene import Scene
from .stack import Layer, Stack, log_mask_gaps
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
    layers = tuple(Layer(scene, masks.mask_of(scene)) for scene in scenes)
    bare = ", ".join(layer.scene.date.isoformat() for layer in layers if not layer.mask.refs)
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
    """The layers on the grid; their masks' gaps are logged. `masked_resampling`, `cubic`: as in Stack.

    Raises the sentences of values that cannot be what the spec's bands are; nothing stays open then.
    """
    with ExitStack() as exits:
        stack = exits.enter_context(Stack(layers, spec, grid, masked_resampling, cubic))
        _tell(stack, reporter)
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
        stack = exits.enter_context(Stack(layers, spec, grid, masked_resampling))
        _tell(stack, reporter)
        kept = usable_layers(stack, reporter)
        exits.pop_all()
    if len(kept) == len(layers):
        return stack
    stack.close()
    return Stack(kept, spec, grid, masked_resampling, measured=stack.measured)


def _tell(stack: Stack, reporter: Reporter) -> None:
    """Where the bands come from, and where masks do not reach. Raises the sentences of levels that do not fit."""
    scenes = [layer.scene for layer in stack.layers]
    check_levels(scenes, stack.spec, reporter)
    tell_bands(scenes, stack.spec.bands, reporter)
    log_mask_gaps(stack.layers, stack.spec, stack.grid, reporter)
