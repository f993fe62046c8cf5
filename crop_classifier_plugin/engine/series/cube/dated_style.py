"""How a dated raster looks in QGIS: one band at a time in one colour ramp, each from its date to the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from ...execution.outputs import Outputs
from ...raster.sidecars import Ramp, dated_style, write_style
from ..scenes.quantity import INDEX, quantity_of
from .stack import Stack, sample

GREEN = Ramp(0, 1, ((165, 97, 26), (245, 245, 220), (90, 174, 97), (0, 90, 50)))
_GREY = ((0, 0, 0), (255, 255, 255))
_SAMPLED = 5  # dates


def write_dated_look(
    outputs: Outputs, raster: str, ramp: Ramp, days: Sequence[dt.date], end: dt.date | None = None
) -> None:
    """The .qml of a raster: `days` is the date of each band; the last one is shown until `end` (a day by default)."""
    write_style(outputs, raster, dated_style(ramp, ranges(days, end)))


def ranges(days: Sequence[dt.date], end: dt.date | None = None) -> list[tuple[dt.date, dt.date]]:
    """(first day, first day that is no longer meant) of each band: a picture stays until there is a newer one."""
    order = sorted(set(days))
    after = dict(zip(order, [*order[1:], end or order[-1] + dt.timedelta(1)]))
    return [(day, after[day]) for day in days]


def ramp_of(stack: Stack) -> Ramp:
    """A ramp for the first band: green for an index, else grey over the values in some of the dates."""
    band = stack.spec.bands[0]
    if quantity_of([band]) is INDEX:
        return GREEN
    dates = range(0, len(stack.dates), max(1, len(stack.dates) // _SAMPLED))
    values = np.concatenate([sample(stack, t)[0] for t in dates]) / stack.spec.scale
    values = values[~np.isnan(values)]
    if not values.size:
        return Ramp(0, 1, _GREY)
    low, high = (float(f"{q:.3g}") for q in np.quantile(values, (0.02, 0.98)))
    return Ramp(low, high if high > low else low + 1, _GREY)
