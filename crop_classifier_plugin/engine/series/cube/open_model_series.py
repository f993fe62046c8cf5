"""From the headers of one or two series to what a model reads of them: its dates chosen, on one grid, units checked."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from affine import Affine

from ....shared.cards.parts import InputSpec
from ....shared.cards.refusals import refuse_series
from ....shared.errors import BadInput, NoOverlap
from ....shared.jobs.sources import Extent
from ...execution.reporter import Reporter
from ...products.bands import RADAR as RADAR_BANDS
from ...raster.grid import Grid
from ..scenes.quantity import RADAR, Float, model_quantity
from ..scenes.read_series import ModelScenes, SceneSeries
from ..selection.coverage import pixels, windows_of
from ..selection.date_plan import (
    DatePlan,
    Picks,
    distinct,
    first_spec,
    make_plan,
    radar_spec,
    with_fillers,
)
from .backscatter import in_decibel, to_power
from .common_grid import checked_size, grid_and_surroundings, reaching
from .model_series import ModelSeries, SensorSeries
from .open_stack import layers_of, masked_for, open_usable
from .reducers import (
    REDUCERS,
    Reduce,
    first_clear,
    jointly,
    mean,
)
from .stack import ClearShares, Layer, Stack

_Layers = tuple[tuple[Layer, ...], tuple[Layer, ...]]  # of the first series, and of radar


def open_model_series(
    scenes: ModelScenes, spec: InputSpec, reporter: Reporter, month: str = "", fill: bool = False
) -> ModelSeries:
    """Chooses the scenes, settles the grid, and checks the units; no pixel is read beyond samples.

    `month` (YYYY-MM): what a monthly model maps; "" = the latest it can. `fill`: what the scene of a date does not show
    clear is taken from the other scenes of its stretch of days. Raises WindowsEmpty and RadarMissing, and the
    sentences of dates, bands and units.
    """
    _check_series(scenes, spec)
    first, second = (_within(each or SceneSeries(), scenes.extent) for each in (scenes.optical, scenes.radar))
    quantity = model_quantity(spec.bands)
    shares = ClearShares(first_spec(spec), masked_for(first, quantity), reporter)
    while True:
        plan = make_plan(spec, first.scenes, second.scenes, shares, month)
        plan = with_fillers(plan, spec, first.scenes, shares) if fill and first.scenes else plan
        layers = (
            layers_of(distinct(plan.first), first, quantity, reporter),
            layers_of(distinct(plan.radar), second, RADAR, reporter),
        )
        with ExitStack() as exits:
            grid, widest = _grids(layers, spec, scenes.extent)
            _check_depth(plan, spec, widest)
            stacks = _stacks(spec, layers, checked_size(grid), exits, reporter)
            wrong = {layer.scene.date for layer in layers[0]} - set(stacks[0].dates)
            if not wrong:
                series = _assemble(spec, plan, stacks, widest, reporter)
                exits.pop_all()
                break
        first = replace(first, scenes=tuple(scene for scene in first.scenes if scene.date not in wrong))
    series.sources |= scenes.files
    return series


def _within(series: SceneSeries, extent: Extent | None) -> SceneSeries:
    """The scenes that meet the extent."""
    return replace(series, scenes=reaching(series.scenes, extent), extent=extent)


def _check_series(scenes: ModelScenes, spec: InputSpec) -> None:
    """Raises where a series is given that the model does not take, or one is lacking that it cannot do without."""
    if not set(spec.radar.bands) <= set(RADAR_BANDS):
        raise BadInput(
            f"The model {spec.model} asks for {', '.join(spec.radar.bands)} as radar: only VV and VH are known."
        )
    refuse_series(spec, bool(scenes.optical), bool(scenes.radar))


def _stacks(spec: InputSpec, layers: _Layers, grid: Grid, exits: ExitStack, reporter: Reporter) -> list[Stack]:
    """Of each series the scenes that were chosen, without those whose values cannot be right."""
    parts = list(zip(layers, (first_spec(spec), radar_spec(spec))))
    masked = spec.dates.reduce != "clearest"
    return [
        exits.enter_context(open_usable(own, own_spec, grid, reporter, masked_resampling=masked))
        for own, own_spec in (parts if spec.radar.bands else parts[:1])
    ]


def _assemble(spec: InputSpec, plan: DatePlan, stacks: list[Stack], widest: Grid, reporter: Reporter) -> ModelSeries:
    """The series of what was chosen."""
    picks = (plan.first, plan.radar)
    sensors = [_sensor(stack, own, spec, reporter) for stack, own in zip(stacks, picks)]
    series = ModelSeries(spec, sensors, stacks[0].grid, widest, plan.span, plan.days)
    series.sources, series.notes = set().union(*(stack.sources for stack in stacks)), plan.notes
    return series


def _sensor(stack: Stack, picks: Picks, spec: InputSpec, reporter: Reporter) -> SensorSeries:
    position = {scene.date: t for t, scene in enumerate(distinct(picks))}
    members = tuple(tuple(position[scene.date] for scene in scenes) for scenes in picks)
    if not stack.layers:
        reporter.log(f"No scene with {', '.join(stack.spec.bands)} is used: the model works without.", "warning")
    elif model_quantity(stack.spec.bands) is RADAR:
        _check_meets(stack)
        return SensorSeries(stack, members, _backscatter(in_decibel(stack, reporter), spec.radar.unit))
    reduce = spec.dates.reduce
    return SensorSeries(stack, members, first_clear if reduce == "clearest" else _jointly(REDUCERS[reduce]))


def _jointly(reduce: Reduce) -> Reduce:
    return lambda cube: reduce(jointly(cube)[0])


def _backscatter(decibel: bool, unit: str) -> Reduce:
    """The mean in linear power; power of 0 or less is no data, and in the unit power the mean is at most 1."""

    def reduce(cube: Float) -> Float:
        power = to_power(cube) if decibel else np.where(cube > 0, cube, np.float32(np.nan))
        middle = mean(jointly(power)[0])
        values = 10 * np.log10(middle) if unit == "decibel" else np.minimum(middle, 1)
        return values.astype(np.float32)

    return reduce


# --- the grid --------------------------------------------------------------------------------------------------------


def _grids(layers: _Layers, spec: InputSpec, extent: Extent | None) -> tuple[Grid, Grid]:
    """The grid of the first series; where that is absent, the radar's, at the model's pixel size if it is coarser.
    And the same grid over all that the scenes cover."""
    first, radar = ([layer.scene for layer in each] for each in layers)
    if first:
        return grid_and_surroundings(first, first_spec(spec), extent)
    own_spec = radar_spec(spec)
    found = grid_and_surroundings(radar, own_spec, extent)
    finest = min(ref.pixel for scene in radar for band in own_spec.bands for ref in scene.of(band))
    if finest > spec.pixel_size * (1 + spec.pixel_tolerance):
        by = float(f"{finest / spec.pixel_size:.2g}")  # two digits: 2, not 1.9992
        found = _finer(found[0], by), _finer(found[1], by)
    return found


def _finer(grid: Grid, by: float) -> Grid:
    size = math.ceil(grid.height * by), math.ceil(grid.width * by)
    return Grid(grid.crs, grid.transform @ Affine.scale(1 / by), *size)


def _check_depth(plan: DatePlan, spec: InputSpec, grid: Grid) -> None:
    """Raises NoOverlap where no place is reached by as many dates as the model needs (bounding boxes)."""
    bands = (*spec.bands, *spec.radar.bands)
    picks = [(*first, *radar) for first, radar in zip(plan.first, plan.radar)]
    dates = [[w for scene in scenes for w in windows_of(scene, bands, grid)] for scenes in picks]
    if pixels(dates, spec.dates.min_dates or len(dates)):
        return
    filled = [(scenes[0].date, windows) for scenes, windows in zip(picks, dates) if scenes]
    pairs = ((a, b) for n, a in enumerate(filled) for b in filled[n + 1 :] if not pixels([a[1], b[1]], 2))
    one, other = next(pairs, (filled[0], filled[-1]))
    raise NoOverlap(f"The scenes of {one[0]}", f"of {other[0]}")


def _check_meets(stack: Stack) -> None:
    """Raises NoOverlap where no file of the radar series lies on the grid (bounding boxes)."""
    x0, y0, x1, y1 = stack.grid.bounds
    for layer in stack.layers:
        for ref in layer.scene.refs:
            a0, b0, a1, b1 = ref.bounds_in(stack.grid.crs)
            if max(x0, a0) < min(x1, a1) and max(y0, b0) < min(y1, b1):
                return
    raise NoOverlap("The radar series", "the scenes")
