"""A cube of a model's series -> the inputs of its network: one way for training and for classification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec, Statistics

Float = NDArray[np.float32]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class NetworkInputs:
    """What a network is given of a cube, without the batch."""

    tensors: dict[str, NDArray[Any]]  # images (T,c,H,W) float32, their usable share of each date (T,), days (T,) int64
    usable: Bool  # (T,H,W): where a date is usable


@dataclass(frozen=True)
class Preprocess:
    """z-scores of each series with no data as 0, how much of each date is usable, and the days."""

    inputs: InputSpec
    statistics: Statistics  # of inputs.all_bands

    def apply(self, cube: Float, days: NDArray[np.int64]) -> NetworkInputs:
        """`cube` (T,C,H,W) of inputs.all_bands, NaN marks no data; `days` (T,) day of year, 0..365.

        A date of a series is no data in every band where it is in one. All that can be told of the series is in the
        result, whether the network asks for it or not.
        """
        tensors: dict[str, NDArray[Any]] = {"doy": days}
        seen = {}
        for name in self.inputs.images:
            bands = self.inputs.slice_of(name)
            seen[name] = seen_dates(cube[:, bands])
            tensors[name] = z_scores(cube[:, bands], self.statistics.of(bands), seen[name])
            tensors[name.replace("x", "valid")] = seen[name].mean(axis=(1, 2)).astype(np.float32)
        return NetworkInputs(tensors, _usable(list(seen.values()), self.inputs))

    def asked(self, cube: Float, days: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """As `apply`, but no more than the network asks for, in its order."""
        tensors = self.apply(cube, days).tensors
        return {name: tensors[name] for name in self.inputs.tensors}


def seen_dates(cube: Float) -> Bool:
    """(T,C,H,W) of one series -> (T,H,W): where a date has data in every band."""
    return np.asarray(~np.isnan(cube).any(axis=1))


def usable_dates(cube: Float, inputs: InputSpec) -> Bool:
    """(T,C,H,W) of both series -> (T,H,W): where a date is usable.

    Of two series either will do where the model works with gaps, else both.
    """
    return _usable([seen_dates(cube[:, inputs.slice_of(name)]) for name in inputs.images], inputs)


def _usable(seen: list[Bool], inputs: InputSpec) -> Bool:
    either = np.any if inputs.dates.min_dates else np.all
    return np.asarray(either(seen, axis=0))


def z_scores(cube: Float, statistics: Statistics, seen: Bool | None = None) -> Float:
    """(T,C,H,W) of one series -> the same in standard deviations from the mean; no data is 0 in every band.

    `seen` (T,H,W): where a date has data, if that is known already.
    """
    mean, std = (np.asarray(v, np.float32)[:, None, None] for v in (statistics.mean, statistics.std))
    seen = seen_dates(cube) if seen is None else seen
    return np.where(seen[:, None], (cube - mean) / std, np.float32(0)).astype(np.float32)
