"""Grows a random forest a few trees at a time, so that it can be cancelled; they are the same trees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from ....shared.forest import ForestSize
from ...execution.cores import usable_cores


def fit_trees(
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    size: ForestSize,
    seed: int,
    report: Callable[[int], None],
    weights: NDArray[np.float64] | None = None,
) -> RandomForestClassifier:
    """The forest of pixels x (N,F) of the classes y (N,), which count by `weights` (N,).

    `report` is told the number of trees so far, and ends the growing where it raises Cancelled.
    """
    step = usable_cores()
    forest = RandomForestClassifier(
        max_depth=size.depth, min_samples_leaf=size.leaf, n_jobs=step, random_state=seed, warm_start=True
    )
    for trees in [*range(step, size.trees, step), size.trees]:
        forest.set_params(n_estimators=trees).fit(x, y, sample_weight=weights)
        report(trees)
    return forest
