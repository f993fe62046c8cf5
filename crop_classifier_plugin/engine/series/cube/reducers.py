"""From the dates of a period to one value a band. Cubes are (T, C, H, W) float32; a date is NaN in all bands or none.

Where no date has a value the result is NaN. Where two dates are equally good the earlier one is taken.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .backscatter import to_power

Float = NDArray[np.float32]
Reduce = Callable[[Float], Float]


def usable(cube: Float) -> NDArray[np.bool_]:
    """(T, H, W): every band of the date has a value here."""
    return np.logical_not(np.isnan(cube).any(axis=1))


def jointly(cube: Float) -> tuple[Float, NDArray[np.bool_]]:
    """The cube with a date that lacks any band taken out whole, and where dates are usable (T, H, W)."""
    seen = usable(cube)
    return np.where(seen[:, None], cube, np.float32(np.nan)), seen


def median(cube: Float) -> Float:
    """(C, H, W): each band's median; of an even number of dates the mean of the middle two."""
    ordered = np.sort(cube, axis=0)  # NaN last
    count = (~np.isnan(cube[:, :1])).sum(axis=0, keepdims=True)  # (1, 1, H, W)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(cube) - 1)
    shape = (1, *cube.shape[1:])
    pair = [np.take_along_axis(ordered, np.broadcast_to(i, shape), axis=0)[0] for i in (low, high)]
    middle: Float = ((pair[0] + pair[1]) / 2).astype(np.float32)
    return middle


def mean(cube: Float) -> Float:
    """(C, H, W)."""
    valid = ~np.isnan(cube)
    count = valid.sum(axis=0)
    total = np.where(valid, cube, 0).sum(axis=0, dtype=np.float64)
    return np.where(count, total / np.maximum(count, 1), np.nan).astype(np.float32)


def medoid(cube: Float) -> Float:
    """(C, H, W): the date whose summed distance to all other dates is least, so that its bands stay together.

    Flood (2013), "Seasonal composite Landsat TM/ETM+ images using the medoid", Remote Sensing 5(12), eq. 1.
    """
    far = np.full((len(cube), *cube.shape[2:]), np.inf, np.float32)
    for t in range(len(cube)):
        distance = np.sqrt(((cube - cube[t]) ** 2).sum(axis=1))  # (T, H, W), NaN where either is no data
        far[t] = np.where(np.isnan(cube[t, 0]), np.inf, np.nansum(distance, axis=0))
    return _date(cube, far.argmin(axis=0))


def max_ndvi(red: int, nir: int) -> Reduce:
    """(C, H, W): the date of the highest NDVI (Holben 1986), by the positions of red and near infrared."""

    def reduce(cube: Float) -> Float:
        total = cube[:, nir] + cube[:, red]
        with np.errstate(divide="ignore", invalid="ignore"):
            ndvi = (cube[:, nir] - cube[:, red]) / total
        # a date with a value always beats one without, also where both bands are 0 and the NDVI has no value
        ranked = np.where(np.isnan(ndvi), np.where(np.isnan(total), -np.inf, -1e30), np.clip(ndvi, -1, 1))
        return _date(cube, ranked.argmax(axis=0))

    return reduce


def highest(band: int) -> Reduce:
    """(C, H, W): the date on which this band is highest."""
    return lambda cube: _date(cube, np.where(np.isnan(cube[:, band]), -np.inf, cube[:, band]).argmax(axis=0))


def in_power(reduce: Reduce) -> Reduce:
    """The reduction of decibels done in linear power, where backscatter adds up; decibels again at the end."""
    return lambda cube: (10 * np.log10(reduce(to_power(cube)))).astype(np.float32)


def _date(cube: Float, chosen: NDArray[np.int64]) -> Float:
    """The bands of the chosen date (H, W) of each pixel."""
    index = np.broadcast_to(chosen[None, None], (1, *cube.shape[1:]))
    picked: Float = np.take_along_axis(cube, index, axis=0)[0]
    return picked


REDUCERS: dict[str, Reduce] = {"median": median, "mean": mean, "medoid": medoid}


def first_clear(cube: Float) -> Float:
    """(C, H, W) of (T, C, H, W): each pixel from the first image that has all bands; else the first image's."""
    if len(cube) == 1:
        only: Float = cube[0]
        return only
    whole = usable(cube)
    place = np.where(whole.any(axis=0), whole.argmax(axis=0), 0)
    found: Float = np.take_along_axis(cube, place[None, None], axis=0)[0]
    return found
