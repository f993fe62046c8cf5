"""Whether a radar series is in decibel or in linear power."""

from __future__ import annotations

import datetime as dt

import numpy as np

from ....shared.errors import BadInput
from ...execution.reporter import Reporter
from ..scenes.quantity import Float
from .stack import Stack, sample

_MOST_POWER = 10.0  # choice: the median of a scene; open water, fields and towns are below 1


def in_decibel(stack: Stack, reporter: Reporter) -> bool:
    """Linear power is never negative (judged by sampled medians). Raises BadInput when the dates differ in it, and for
    amplitude and uncalibrated numbers, which no model and no index takes."""
    raw = [r for layer in stack.layers for b in stack.spec.bands for r in layer.scene.of(b) if r.unit == "amplitude"]
    if raw:
        raise BadInput(f"{raw[0].path} is amplitude: order it as power or decibel, or square it.")
    found = {}
    for t, day in enumerate(stack.dates):
        reporter.check()
        values = sample(stack, t)
        values = values[~np.isnan(values)]
        if values.size:
            found[day] = _is_negative(float(np.median(values)), day)
    if len(set(found.values())) > 1:
        odd = next(day for day, decibel in found.items() if decibel != next(iter(found.values())))
        raise BadInput(f"Some scenes are in decibel and some in linear power (as {odd}): bring them to one unit first.")
    return any(found.values())


def _is_negative(median: float, day: dt.date) -> bool:
    if median > _MOST_POWER:
        raise BadInput(
            f"The radar scene of {day} is around {median:.3g}, which backscatter in decibel or linear power is not: "
            "these are amplitudes or uncalibrated numbers, calibrate the scene first (as SNAP does, or an RTC product)."
        )
    return median < 0


def to_power(values: Float) -> Float:
    """Decibel -> linear power."""
    power: Float = np.power(np.float32(10), values / np.float32(10))
    return power
