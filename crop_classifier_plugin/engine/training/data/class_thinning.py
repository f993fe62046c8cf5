"""How many labelled pixels of each class are learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...labels.constants import IGNORE
from ...splits.split import TRAIN
from .labelled_series import LabelledCube
from .patches import count_classes


def limit_pixels_per_class(seasons: Sequence[LabelledCube], most: int, classes: int, seed: int) -> None:
    """Takes labelled pixels at random out of what is trained on, until no class has more than `most`.

    Each block gives up its share, drawn as from one urn (hypergeometric), so that no more than a block is in memory.
    """
    rng = np.random.default_rng(seed)
    left = count_classes(seasons, TRAIN, classes)
    wanted = np.minimum(left, most)
    for season in seasons:
        for window in season.blocks(TRAIN):
            target, part = season.target[window.slices], season.part[window.slices]
            for cls in np.unique(target[part == TRAIN]):
                places = np.flatnonzero((target == cls) & (part == TRAIN))
                kept = rng.hypergeometric(wanted[cls], left[cls] - wanted[cls], len(places))
                out = rng.permutation(places)[kept:]
                left[cls] -= len(places)
                wanted[cls] -= kept
                rows, cols = np.unravel_index(out, target.shape)
                target[rows, cols], part[rows, cols] = IGNORE, 0
