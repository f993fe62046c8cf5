"""Plot-wise masks: the inner halves of parcels are hidden from the student, their boundaries stay (CropSTS paper).

The paper gives the idea and the ratio; the ranking by distance to the edge is a choice of this project
(docs/papers/cropsts.md, section 3.6).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects

RATIO = 0.5
_SPREAD = 0.3  # how far chance moves a parcel's ranking
Plots = NDArray[np.integer[Any]]


def plot_mask(plots: Plots, rng: np.random.Generator, ratio: float = RATIO) -> NDArray[np.bool_]:
    """(H,W): the share `ratio` of the pixels inside parcels that lies deepest in them.

    plots (H,W) holds a number > 0 for each parcel, 0 outside. A parcel cut by the image's edge has no boundary there.
    """
    score = _depth(plots, rng)
    inside = np.flatnonzero(plots)
    order = np.lexsort((rng.random(len(inside)), -score.flat[inside]))  # pixels of equal depth by chance
    mask = np.zeros(plots.shape, bool)
    mask.flat[inside[order[: round(ratio * len(inside))]]] = True
    return mask


def _depth(plots: Plots, rng: np.random.Generator) -> NDArray[np.float64]:
    """(H,W) distance to the parcel's edge as a share of its largest, plus a number drawn for each parcel."""
    score = np.zeros(plots.shape)
    numbers, dense = np.unique(plots, return_inverse=True)
    dense = dense.reshape(plots.shape) + (0 if numbers[0] == 0 else 1)
    for number, place in enumerate(find_objects(dense), start=1):
        if place is None:
            continue
        rows, cols = (slice(max(s.start - 1, 0), s.stop + 1) for s in place)
        own = dense[rows, cols] == number
        depth = distance_transform_edt(own) if not own.all() else np.ones(own.shape)
        score[rows, cols][own] = (depth / depth.max() + _SPREAD * rng.random())[own]
    return score
