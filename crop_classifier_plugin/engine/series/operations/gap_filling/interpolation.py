"""Values between dates, pixel by pixel: nearest and linear in time. Series are (T, ...) float32, NaN marks no data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
WORK = 16  # times the memory of a series that filling it needs: neighbours and their days in 8 bytes (measured)
Days = NDArray[np.float64]


def days_of(dates: Sequence[dt.date]) -> Days:
    """(T,) days since the first date."""
    return np.array([(d - dates[0]).days for d in dates], np.float64)


class Neighbours:
    """The last known value at or before each target day, and the first at or after it."""

    def __init__(self, values: Float, days: Days, targets: Days) -> None:
        """`days` (T,) rising, `targets` (K,)."""
        count = len(values)
        valid = ~np.isnan(values)
        index = np.arange(count).reshape(-1, *[1] * (values.ndim - 1))
        last = np.maximum.accumulate(np.where(valid, index, -1), axis=0)
        first = np.minimum.accumulate(np.where(valid, index, count)[::-1], axis=0)[::-1]
        position, none = np.searchsorted(days, targets, "right"), np.full((1, *values.shape[1:]), -1)
        before = np.concatenate([none, last])[position]
        after = np.concatenate([first, none + count + 1])[np.searchsorted(days, targets, "left")]
        self.has_before, self.has_after = before >= 0, after < count
        before, after = np.maximum(before, 0), np.minimum(after, count - 1)
        targets = targets.reshape(-1, *[1] * (values.ndim - 1))
        self.since, self.until = targets - days[before], days[after] - targets  # (K, ...) days
        self.before, self.after = (np.take_along_axis(values, i, axis=0) for i in (before, after))

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(K, ...): there are known values on both sides."""
        return np.logical_and(self.has_before, self.has_after)

    @property
    def gap(self) -> Days:
        """(K, ...) days between the two known values, or to the only one; 0 where the target itself is known."""
        since, until = np.where(self.has_before, self.since, 0), np.where(self.has_after, self.until, 0)
        return np.asarray(since + until, np.float64)


def nearest(values: Float, days: Days, targets: Days) -> Float:
    """(K, ...): the known value of the nearest date, of two equally near ones the earlier."""
    near = Neighbours(values, days, targets)
    take_before = near.has_before & (~near.has_after | (near.since <= near.until))
    return np.where(take_before, near.before, near.after).astype(np.float32)


def linear(values: Float, days: Days, targets: Days) -> Float:
    """(K, ...): linear between the known neighbours; before the first and after the last of them, their value."""
    near = Neighbours(values, days, targets)
    span = near.since + near.until
    share = np.where(span > 0, near.since / np.where(span > 0, span, 1), 0)
    between = near.before + share * (near.after - near.before)
    held = np.where(near.has_before, near.before, near.after)
    return np.where(near.inside, between, held).astype(np.float32)
