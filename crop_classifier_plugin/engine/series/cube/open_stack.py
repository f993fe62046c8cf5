"""The one door from scenes to a stack: their masks, and the checks of what is opened."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from ....shared.cards.parts import InputSpec
from ....shared.errors import BadInput
from ...execution.reporter import Reporter
from ...raster.grid import Grid
from ..scenes.quantity import INDEX, RADAR, Quantity, model_quantity
from ..scenes.read_series import SceneSeries
from ..scenes.scene import Scene
from .stack import (
    Layer,
    Stack,
    check_units,
    log_mask_gaps,
    sample,
)

_NORMALISED = ("NDVI", "NDWI", "NDMI", "NDRE", "LSWI")  # lie within -1 and 1


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
        log_mask_gaps(layers, spec, grid, reporter)
        _check_values(stack, reporter)
        exits.pop_all()
    return stack


def _check_values(stack: Stack, reporter: Reporter) -> None:
    """Reflectance is checked as for a model; normalised differences must lie within -1 and 1."""
    quantity = model_quantity(stack.spec.bands)
    if quantity is INDEX:
        _check_normalised(stack, reporter)
    elif quantity is not RADAR:
        check_units(stack, reporter)


def _check_normalised(stack: Stack, reporter: Reporter) -> None:
    """Raises BadInput for an index stored with a scale that its file does not tell."""
    which = [c for c, b in enumerate(stack.spec.bands) if b in _NORMALISED]
    for t, layer in enumerate(stack.layers if which else ()):
        reporter.check()
        sampled = sample(stack, t)[which]
        sampled = np.abs(sampled[~np.isnan(sampled)])
        if sampled.size and float(np.quantile(sampled, 0.99)) > 1.05:
            refs = layer.scene.of(stack.spec.bands[which[0]])
            raise BadInput(
                f"The values of {refs[0].path} reach {sampled.max():.4g}, a normalised index lies within -1 and 1: "
                "set the file's scale (gdal_edit.py -scale), or recompute it."
            )
