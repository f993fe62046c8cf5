"""The random forest that the networks are measured against: same pixels, same series, same split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from sklearn.ensemble import RandomForestClassifier

from ..accuracy.confusion import Confusion
from ..splits.split import HELD_OUT, TRAIN
from ..training.data.labelled_series import LabelledCube
from ..training.data.training_data import TrainingData

MOST_PIXELS = 100_000  # that a forest learns from


def forests(material: TrainingData) -> list[Forest]:
    return [Forest(material, neighbours) for neighbours in (False, True)]


class Forest:
    """Learns from the training pixels of the material; `score` tells how it does on held-out pixels of seasons."""

    def __init__(self, material: TrainingData, neighbours: bool, seed: int = 0) -> None:
        self.name = "random forest, 3 x 3" if neighbours else "random forest"
        self._classes, self._neighbours = material.classes, neighbours
        samples = list(_pixels(material.train, TRAIN, neighbours))
        x, y = np.concatenate([s[0] for s in samples]), np.concatenate([s[1] for s in samples])
        kept = np.random.default_rng(seed).permutation(len(y))[:MOST_PIXELS]
        trees = RandomForestClassifier(300, min_samples_leaf=2, n_jobs=-1, random_state=seed)
        self._trees = trees.fit(x[kept], y[kept])

    def map(self, season: LabelledCube) -> NDArray[np.int64]:
        """(H,W) index in the legend; -1 where a band of a date has no data."""
        known = np.asarray(~np.isnan(season.image).any(axis=(0, 1)), np.bool_)
        found = np.full(season.shape, -1, np.int64)
        found[known] = self._trees.predict(_features(season, known, self._neighbours))
        return found

    def score(self, seasons: Sequence[LabelledCube]) -> Confusion:
        confusion = Confusion(np.zeros((self._classes, self._classes), np.int64))
        for x, y in _pixels(seasons, HELD_OUT, self._neighbours):
            confusion += Confusion.count(y, self._trees.predict(x), self._classes)
        return confusion


def _pixels(
    seasons: Sequence[LabelledCube], part: int, neighbours: bool
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int16]]]:
    """Features (N, T*C or 2*T*C) and classes (N,) of the pixels of `part`, season by season."""
    for season in seasons:
        wanted = season.part == part
        yield _features(season, wanted, neighbours), season.target[wanted]


def _features(season: LabelledCube, wanted: NDArray[np.bool_], neighbours: bool) -> NDArray[np.float32]:
    bands = [np.asarray(season.image[t, c]) for t, c in np.ndindex(season.image.shape[:2])]
    features = [band[wanted] for band in bands]
    if neighbours:
        features += [_mean_3x3(band)[wanted] for band in bands]
    return np.stack(features, axis=1)


def _mean_3x3(band: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the pixels with data among a pixel and its eight neighbours."""
    seen = ~np.isnan(band)
    total = uniform_filter(np.where(seen, band, 0), 3, mode="nearest")
    return np.asarray(total / np.maximum(uniform_filter(seen.astype(np.float32), 3, mode="nearest"), 1e-6), np.float32)
