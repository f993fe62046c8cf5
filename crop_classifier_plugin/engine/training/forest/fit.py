"""A random forest on the 3 x 3 neighbourhood of each labelled pixel: what the networks are measured against.

Crop mapping of TSSTFN's paper (40 trees, depth 25, leaves of 20; docs/papers/methods.md, section 5.5). It learns from
the same seasons, the same parcels and the same z-scores as the networks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from ....shared.cards.parts import Statistics
from ....shared.errors import LabelsUnusable
from ....shared.forest import ForestSize
from ...execution.cores import usable_cores
from ...execution.reporter import Reporter
from ...networks.random_forest import RandomForestConfig
from ...raster.grid import Window
from ...raster.neighbourhood import COUNT, neighbours
from ...series.cube.input_normalisation import z_scores
from ...splits.split import TRAIN
from ..data.labelled_series import LabelledCube
from ..data.patches import count_classes
from .trees import fit_trees

_MOST_BYTES = 1 << 30  # of features (choice)
Floats = NDArray[np.float32]


def fit_forest(
    config: RandomForestConfig, seasons: Sequence[LabelledCube], stats: Statistics, seed: int, reporter: Reporter
) -> RandomForestClassifier:
    """The forest of the training pixels of `seasons`; its classes_ are indices in the legend.

    Raises LabelsUnusable where no pixel is left to train on.
    """
    x, y = samples(config, seasons, stats, seed, reporter)
    reporter.log(f"The forest is grown on the processor ({usable_cores()} cores), from {len(y):,} pixels.")

    def report(trees: int) -> None:
        reporter.progress(trees / config.trees, f"Growing, {trees} trees", trees, config.trees)

    started, size = time.monotonic(), ForestSize(config.trees, config.depth, config.leaf)
    forest = fit_trees(x, y, size, seed, report, _weights(y) if config.balanced else None)
    reporter.log(f"{config.trees} trees grown in {time.monotonic() - started:.0f} s.")
    return forest


def samples(
    config: RandomForestConfig, seasons: Sequence[LabelledCube], stats: Statistics, seed: int, reporter: Reporter
) -> tuple[Floats, NDArray[np.int64]]:
    """Features (N,9*T*C) and classes (N,) of random training pixels, at most config.pixels a class."""
    counts = count_classes(seasons, TRAIN, config.classes)
    if not counts.any():
        raise LabelsUnusable("No labelled pixel is left to train on: lower held_out and validation.")
    features = COUNT * config.dates * config.bands
    most = min(config.pixels, max(_MOST_BYTES // (4 * features * int((counts > 0).sum())), 1))
    if most < min(config.pixels, int(counts.max())):
        reporter.log(f"For want of memory at most {most:,} pixels of a class are learnt from.", "warning")
    kept = _draw(counts, most, seed)
    parts = list(_features(seasons, stats, kept, reporter))
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def _draw(counts: NDArray[np.int64], most: int, seed: int) -> list[NDArray[np.int64]]:
    """For each class which of its training pixels, counted in reading order, are learnt from."""
    rng = np.random.default_rng(seed)
    return [np.sort(rng.choice(n, min(n, most), replace=False, shuffle=False)) for n in counts]


def _features(
    seasons: Sequence[LabelledCube], stats: Statistics, kept: Sequence[NDArray[np.int64]], reporter: Reporter
) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    """The kept pixels, block by block."""
    passed = np.zeros(len(kept), np.int64)
    for season in seasons:
        for window in season.blocks(TRAIN):
            reporter.check()
            target = np.where(season.part[window.slices] == TRAIN, season.target[window.slices], -1)
            wanted = np.zeros(target.shape, bool)
            for cls, ordinals in enumerate(kept):
                places = np.flatnonzero(target == cls)
                first, last = np.searchsorted(ordinals, (passed[cls], passed[cls] + len(places)))
                wanted.flat[places[ordinals[first:last] - passed[cls]]] = True
                passed[cls] += len(places)
            if wanted.any():
                yield _around(season, window, stats)[:, wanted].T, target[wanted].astype(np.int64)


def _around(season: LabelledCube, window: Window, stats: Statistics) -> Floats:
    """(9*T*C,h,w): the neighbourhoods of a window's z-scores, as the exported file computes them."""
    top, left = max(window.row - 1, 0), max(window.col - 1, 0)
    wider = Window(top, left, window.row + window.height + 1 - top, window.col + window.width + 1 - left)
    found = neighbours(z_scores(season.read(wider), stats))
    row, col = window.row - top, window.col - left
    return found[:, row : row + window.height, col : col + window.width]


def _weights(y: NDArray[np.int64]) -> Any:
    """(N,) so that each class weighs alike."""
    counts = np.bincount(y)
    return len(y) / (np.count_nonzero(counts) * counts[y])
