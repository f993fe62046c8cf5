"""Pixels of a map drawn at random, a given number of each class, by reading the map once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...execution.reporter import Reporter
from ...labels.class_map import BLOCK, CropMap

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Drawn:
    """n pixels, (n,) each, in a random order: to look at the first ones only is a sample too."""

    rows: Ints
    cols: Ints
    strata: Ints  # position in the map's legend


def draw(crop_map: CropMap, units: Ints, counts: Ints, seed: int, reporter: Reporter) -> Drawn:
    """`counts` (K,) of the `units` (K,) pixels of each class, every set of them as likely as any other."""
    rng = np.random.default_rng(seed)
    ranks = [np.sort(rng.choice(int(n), int(k), replace=False)) for n, k in zip(units, counts)]
    parts = list(_pixels(crop_map, ranks, reporter))
    order = rng.permutation(sum(len(rows) for rows, _, _ in parts))
    rows, cols, strata = (np.concatenate([part[i] for part in parts])[order] for i in range(3))
    return Drawn(rows, cols, strata)


def _pixels(crop_map: CropMap, ranks: list[Ints], reporter: Reporter) -> list[tuple[Ints, Ints, Ints]]:
    """Rows, columns and classes of the pixels that have these ranks among those of their class, in reading order."""
    seen = [0] * len(ranks)
    found: list[tuple[Ints, Ints, Ints]] = []
    blocks = list(crop_map.grid.blocks(BLOCK))
    for done, window in enumerate(blocks, start=1):
        positions = crop_map.read(window)
        for crop, wanted in enumerate(ranks):
            rows, cols = np.nonzero(positions == crop)
            low, high = np.searchsorted(wanted, (seen[crop], seen[crop] + len(rows)))
            taken = wanted[low:high] - seen[crop]
            found.append((rows[taken] + window.row, cols[taken] + window.col, np.full(len(taken), crop)))
            seen[crop] += len(rows)
        reporter.progress(done / len(blocks), "Drawing the sample", done, len(blocks))
    return found
