"""A feed: what a network reads of one or two series, date by date, on one grid. Classification and training share it.

A date of the network stands for a stretch of days (a window of the season, or a calendar month). It is the clearest
scene in it, or each pixel's median or mean of all its scenes, clouds left out. Radar is averaged in linear power.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ....shared.errors import BadInput, NoOverlap, RadarMissing
from ....shared.jobs.sources import DateEntry, Extent, SceneSource
from ...execution.reporter import Reporter
from ...products.bands import RADAR
from ...products.dates import DateTable
from ...raster.grid import Grid, Window
from ..scenes.cloud_masks import Mask, mask_of
from ..scenes.quantity import INDEX, OPTICAL, Float
from ..scenes.requirements import InputSpec
from ..scenes.scene import log_unmatched, read_scenes
from ..selection.date_plan import (
    Picks,
    Plan,
    distinct,
    first_need,
    is_index,
    is_radar,
    make_plan,
    radar_need,
)
from ..selection.season_windows import Span
from .backscatter import in_decibel, to_power
from .common_grid import common_grid
from .open_series import check_quantity
from .reducers import (
    REDUCERS,
    Reduce,
    jointly,
    mean,
)
from .stack import (
    ClearShares,
    Layer,
    Stack,
    files_of,
    mask_scenes,
    tell_mask_gaps,
)

_BYTES = 96 * 2**20  # of the scenes of one date in memory at a time, as float32 (choice)


@dataclass(frozen=True, eq=False)
class SensorSeries:
    """One series of a feed. One that is absent has an empty stack, and all of it is no data."""

    stack: Stack
    members: tuple[tuple[int, ...], ...]  # for each date of the feed, the dates of the stack behind it
    reduce: Reduce

    @property
    def bands(self) -> tuple[str, ...]:
        return self.stack.need.bands

    @property
    def present(self) -> NDArray[np.bool_]:
        """(T,): whether a date has a scene."""
        return np.array([bool(m) for m in self.members])

    def read(self, window: Window) -> Float:
        """(T, C, H, W) float32; NaN marks no data, cloud, shadow and dates without a scene."""
        shape = (len(self.members), len(self.bands), window.height, window.width)
        cube = np.full(shape, np.nan, np.float32)
        for t, scenes in enumerate(self.members):
            if scenes:
                rows = max(1, _BYTES // (4 * len(scenes) * shape[1] * window.width))
                for top in range(0, window.height, rows):
                    part = Window(window.row + top, window.col, min(rows, window.height - top), window.width)
                    cube[t, :, top : top + rows] = self.reduce(self.stack.read(part, scenes))
        return cube

    def on(self, grid: Grid) -> SensorSeries:
        return replace(self, stack=self.stack.on(grid))


class ModelSeries:
    """T dates of the series a model takes, on the grid of the first. Use it in one thread, and close it (or `with`)."""

    def __init__(
        self,
        need: InputSpec,
        sensors: Sequence[SensorSeries],
        grid: Grid,
        widest: Grid,
        span: Span,
        dates: Sequence[dt.date],
    ) -> None:
        """`widest`: the grid without the extent; `dates`: what each date goes by."""
        self.need, self.sensors, self.grid, self.widest = need, tuple(sensors), grid, widest
        self.span, self.dates = tuple(span), tuple(dates)
        self.sources: set[str] = set()
        self.notes: tuple[str, ...] = ()

    @property
    def bands(self) -> tuple[str, ...]:
        """As `read` gives them: those of the first series, then the radar series'."""
        return tuple(band for sensor in self.sensors for band in sensor.bands)

    @property
    def days(self) -> NDArray[np.int64]:
        """(T,) day of year, 0..365."""
        return np.array([day.timetuple().tm_yday - 1 for day in self.dates], np.int64)

    @property
    def present(self) -> NDArray[np.bool_]:
        """(T,): whether a date has a scene of any series. Of one series, its sensor says it."""
        found: NDArray[np.bool_] = np.any([sensor.present for sensor in self.sensors], axis=0)
        return found

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The scenes in use, with their masks."""
        return tuple(layer for sensor in self.sensors for layer in sensor.stack.layers)

    def read(self, window: Window) -> Float:
        """(T, C, H, W) float32, the bands in the order of `bands`: reflectance x need.scale, radar in need.radar_unit.

        NaN marks no data, cloud, shadow, and dates without a scene. A date's validity is each series' own: one may be
        NaN where the other is not.
        """
        return np.concatenate([sensor.read(window) for sensor in self.sensors], axis=1)

    def on(self, grid: Grid) -> ModelSeries:
        """The same feed on another grid; this one is closed."""
        other = ModelSeries(self.need, [s.on(grid) for s in self.sensors], grid, self.widest, self.span, self.dates)
        other.sources, other.notes = self.sources, self.notes
        return other

    def close(self) -> None:
        for sensor in self.sensors:
            sensor.stack.close()

    def __enter__(self) -> ModelSeries:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_model_series(
    scenes: Sequence[SceneSource],
    need: InputSpec,
    reporter: Reporter,
    dates: Iterable[DateEntry] = (),
    mask: str = "auto",
    mask_layers: Sequence[SceneSource] = (),
    extent: Extent | None = None,
    radar: Sequence[SceneSource] = (),
    month: str = "",
) -> ModelSeries:
    """Reads headers, chooses the scenes, settles the grid, and checks the units; no pixel is read beyond samples.

    `radar`: the second series, `dates` may name its files too. `month` (YYYY-MM): what a monthly model maps; "" = the
    latest it can. Raises WindowsEmpty and RadarMissing, and the sentences of dates, bands and units.
    """
    _check_series(scenes, radar, need)
    table = DateTable(dates)
    first, second = (read_scenes(given, reporter, table) for given in (scenes, radar))
    dated, undated = mask_scenes(mask_layers, reporter, table)
    log_unmatched(table, reporter)
    own = first_need(need)
    source = "none" if mask == "auto" and is_radar(need) else mask  # radar sees through clouds
    shares = ClearShares(own, source, dated, undated, extent, reporter)
    plan = make_plan(need, first, second, shares, month)
    layers = [Layer(s, mask_of(s, source, dated, undated)) for s in distinct(plan.first)]
    if source == "auto" and not is_index(need):
        _tell_unmasked(layers, reporter)
    feed = _assemble(need, plan, layers, extent, reporter)
    feed.sources |= files_of((*first, *second))
    return feed


def _check_series(scenes: Sequence[SceneSource], radar: Sequence[SceneSource], need: InputSpec) -> None:
    """Raises where a series is given that the model does not take, or one is lacking that it cannot do without."""
    if radar and not need.radar:
        raise BadInput(
            f"The model {need.model} takes one series ({', '.join(need.bands)}): give it as the scenes, and no second."
        )
    if not set(need.radar) <= set(RADAR):
        raise BadInput(f"The model {need.model} asks for {', '.join(need.radar)} as radar: only VV and VH are known.")
    if need.radar and not need.least_dates and not (scenes and radar):
        raise RadarMissing(need.model, "the optical scenes" if radar else "a radar series", need.radar)
    if not (scenes or radar):
        raise BadInput("No raster was given: choose the dated scenes of the season.")


def _tell_unmasked(layers: Sequence[Layer], reporter: Reporter) -> None:
    bare = [layer.scene.date.isoformat() for layer in layers if not layer.mask.refs]
    if bare:
        reporter.log(f"{', '.join(bare)}: no cloud mask found, every pixel is taken as clear.", "warning")


def _assemble(
    need: InputSpec, plan: Plan, layers: Sequence[Layer], extent: Extent | None, reporter: Reporter
) -> ModelSeries:
    """The feed of what was chosen; the units of every scene in it are checked."""
    own, other = first_need(need), radar_need(need)
    heard = [Layer(scene, Mask("none")) for scene in distinct(plan.radar)]
    grid, widest = (_grid(layers, heard, need, place) for place in (extent, None))
    stacks = [Stack(layers, own, grid, pure=need.reduce != "clearest")]
    stacks += [Stack(heard, other, grid)] if need.radar else []
    try:
        tell_mask_gaps(layers, own, grid, reporter)
        sensors = [_sensor(s, p, need, reporter) for s, p in zip(stacks, (plan.first, plan.radar))]
    except BaseException:
        for stack in stacks:
            stack.close()
        raise
    feed = ModelSeries(need, sensors, grid, widest, plan.span, plan.days)
    feed.sources, feed.notes = set().union(*(s.sources for s in stacks)), plan.notes
    return feed


def _sensor(stack: Stack, picks: Picks, need: InputSpec, reporter: Reporter) -> SensorSeries:
    place = {scene.date: t for t, scene in enumerate(distinct(picks))}
    members = tuple(tuple(place[scene.date] for scene in scenes) for scenes in picks)
    if not stack.layers:
        reporter.log(f"No scene with {', '.join(stack.need.bands)} is used: the model works without.", "warning")
    if stack.layers and is_radar(stack.need):
        _check_meets(stack)
        return SensorSeries(stack, members, _backscatter(in_decibel(stack, reporter), need.radar_unit))
    check_quantity(stack, INDEX if is_index(stack.need) else OPTICAL, reporter)
    return SensorSeries(stack, members, _whole if need.reduce == "clearest" else _jointly(REDUCERS[need.reduce]))


def _whole(cube: Float) -> Float:
    """The one scene of a date."""
    one: Float = cube[0]
    return one


def _jointly(reduce: Reduce) -> Reduce:
    return lambda cube: reduce(jointly(cube)[0])


def _backscatter(decibel: bool, unit: str) -> Reduce:
    """The mean in linear power; power of 0 or less is no data, and in the unit power the mean is at most 1."""

    def reduce(cube: Float) -> Float:
        power = to_power(cube) if decibel else np.where(cube > 0, cube, np.float32(np.nan))
        middle = mean(jointly(power)[0])
        told = 10 * np.log10(middle) if unit == "decibel" else np.minimum(middle, 1)
        return told.astype(np.float32)

    return reduce


# --- the grid --------------------------------------------------------------------------------------------------------


def _grid(layers: Sequence[Layer], heard: Sequence[Layer], need: InputSpec, extent: Extent | None) -> Grid:
    """The grid of the first series; where that is absent, the radar's, at the model's pixel size if it is coarser."""
    if layers:
        return common_grid([layer.scene for layer in layers], first_need(need), extent)
    asked = radar_need(need)
    grid = common_grid([layer.scene for layer in heard], asked, extent)
    finest = min(ref.pixel for layer in heard for band in asked.bands for ref in layer.scene.of(band))
    if finest <= need.pixel_size * (1 + need.pixel_tolerance):
        return grid
    by = float(f"{finest / need.pixel_size:.2g}")  # two digits: 2, not 1.9992
    size = math.ceil(grid.height * by), math.ceil(grid.width * by)
    return Grid(grid.crs, grid.transform @ Affine.scale(1 / by), *size)


def _check_meets(stack: Stack) -> None:
    """Raises NoOverlap where no file of the radar series lies on the grid (bounding boxes)."""
    x0, y0, x1, y1 = stack.grid.bounds
    for layer in stack.layers:
        for ref in layer.scene.refs:
            a0, b0, a1, b1 = ref.bounds_in(stack.grid.crs)
            if max(x0, a0) < min(x1, a1) and max(y0, b0) < min(y1, b1):
                return
    raise NoOverlap("The radar series", "the scenes")
