"""Whether a radar series is in decibel or in linear power."""

from __future__ import annotations

import numpy as np

from ....shared.errors import BadInput
from ...execution.reporter import Reporter
from ..scenes.quantity import Float
from .stack import Stack, sample


def in_decibel(stack: Stack, reporter: Reporter) -> bool:
    """Linear power is never negative (judged by sampled medians). Raises BadInput when the dates differ in it."""
    found = {}
    for t, day in enumerate(stack.dates):
        reporter.check()
        values = sample(stack, t)
        values = values[~np.isnan(values)]
        if values.size:
            found[day] = float(np.median(values)) < 0
    if len(set(found.values())) > 1:
        odd = next(day for day, decibel in found.items() if decibel != next(iter(found.values())))
        raise BadInput(f"Some scenes are in decibel and some in linear power (as {odd}): bring them to one unit first.")
    return any(found.values())


def to_power(values: Float) -> Float:
    """Decibel -> linear power."""
    power: Float = np.power(np.float32(10), values / np.float32(10))
    return power
