"""Parcels of the reference: the class that most of each has in the map, and those that the map says nothing of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....labels.constants import NO_DATA
from ....labels.open_labels import Labels
from ...confusion import Confusion
from ..comparison import Seen

_BITS = 12  # of a class's position in a key; classes are fewer than 4,096
_ONES = (1 << _BITS) - 1

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ParcelCounts:
    """What the map says of the reference's parcels that hold a pixel's centre."""

    confusion: Confusion  # of the parcels with a map
    unmapped: tuple[tuple[int, int, int], ...]  # row and column of a pixel, and pixels, of each without; largest first

    @property
    def total(self) -> int:
        return self.confusion.total + len(self.unmapped)


class ParcelTally:
    """Pixels by parcel and class. The commonest class of a parcel is its class, of two the first in the legend."""

    def __init__(self, reference: Labels, width: int) -> None:
        self._reference, self._width = reference, width
        self._parts: list[tuple[Ints, Ints, Ints]] = []  # keys, pixels, place of the first

    def see(self, seen: Seen) -> None:
        """Counts the window's parcels, with a map or without."""
        numbers = self._reference.read_parcels(seen.window)
        known = (numbers >= 0) & (seen.truth != NO_DATA) & ~seen.outside
        if not known.any():
            return
        truth, mapped = (side[known].astype(np.int64) for side in (seen.truth, seen.mapped))
        keys = (numbers[known] << 2 * _BITS) | (truth << _BITS) | np.where(mapped == NO_DATA, 0, mapped + 1)
        found, first, pixels = np.unique(keys, return_index=True, return_counts=True)
        rows, cols = np.nonzero(known)
        places = (rows[first] + seen.window.row) * self._width + cols[first] + seen.window.col
        self._parts.append((found, pixels.astype(np.int64), places))

    def counts(self, classes: int) -> ParcelCounts | None:
        """Over all windows; None where no parcel holds a pixel."""
        if not self._parts:
            return None
        keys, pixels, places = (np.concatenate(side) for side in zip(*self._parts))
        keys, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        pixels = np.bincount(inverse, pixels).astype(np.int64)
        mapped = keys & _ONES
        order = np.lexsort(
            (mapped, -pixels, mapped == 0, keys >> 2 * _BITS)
        )  # of each parcel its commonest class first
        _, best = np.unique((keys >> 2 * _BITS)[order], return_index=True)
        best = order[best]
        with_map = best[mapped[best] > 0]
        without = best[mapped[best] == 0]
        without = without[np.argsort(-pixels[without], kind="stable")]
        truth = (keys >> _BITS) & _ONES
        confusion = Confusion.count(truth[with_map], mapped[with_map] - 1, classes)
        cells = zip(places[first][without].tolist(), pixels[without].tolist())
        return ParcelCounts(confusion, tuple((*divmod(place, self._width), count) for place, count in cells))
