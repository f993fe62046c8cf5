"""The 3 x 3 neighbourhood of each pixel as features: what pixel-wise classifiers (random forests) see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OFFSETS = tuple((row, col) for row in (-1, 0, 1) for col in (-1, 0, 1))  # the order of the nine values
COUNT = len(OFFSETS)


def neighbours(cube: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T,C,H,W) -> (9*T*C,H,W), as 9 blocks of T*C: the upper left neighbours' values first, the lower right's last.

    A neighbour without data (NaN), and one beyond the cube's edge, takes the value of the nearest pixel that can stand
    for it: the centre's, or the edge's. Where the centre has no data on a date in a band, all nine are NaN.
    """
    dates, bands, high, wide = cube.shape
    planes = cube.reshape(dates * bands, high, wide)
    padded = np.pad(planes, ((0, 0), (1, 1), (1, 1)), mode="edge")
    out = np.empty((COUNT, *planes.shape), np.float32)
    for values, (row, col) in zip(out, OFFSETS):
        values[...] = padded[:, 1 + row : 1 + row + high, 1 + col : 1 + col + wide]
        np.copyto(values, planes, where=np.isnan(values) | np.isnan(planes))
    return out.reshape(-1, high, wide)
