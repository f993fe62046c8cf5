"""What a simulated season is for: a classifier learns from one and is tried on another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.simulate.job import simulate
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob

DATES = ("2024-04-25", "2024-06-20", "2024-08-15")


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return np.asarray(file.read())


def samples(folder: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, 30) reflectance of the crop pixels on the three dates, (N,) codes."""
    job = SimulateJob(str(folder), 320, 320, seed=seed, dates=DATES, cloud_share=0.0, sentinel1=False, modis=False)
    simulate(job, Silent())
    layers = []
    for day in ("20240425", "20240620", "20240815"):
        layers.append(read(folder / f"S2_10m_{day}.tif"))
        layers.append(np.kron(read(folder / f"S2_20m_{day}.tif")[:6], np.ones((1, 2, 2), np.uint16)))
    truth = read(folder / "truth.tif")[0]
    return np.concatenate(layers)[:, truth > 0].T, truth[truth > 0]


def test_crops_can_be_told_apart_but_not_trivially(tmp_path: Path) -> None:
    """A random forest from one season's fields to another's: good and not perfect, winter cereals hardest."""
    forests = pytest.importorskip("sklearn.ensemble")
    (x, y), (x_new, y_new) = samples(tmp_path / "a", 1), samples(tmp_path / "b", 2)
    forest = forests.RandomForestClassifier(40, min_samples_leaf=2, random_state=0).fit(x[::12], y[::12])
    found = forest.predict(x_new[::7])
    assert 0.80 < (found == y_new[::7]).mean() < 0.97
    mixed_cereals = np.isin(found, (1, 2)) & np.isin(y_new[::7], (1, 2)) & (found != y_new[::7])
    assert mixed_cereals.mean() > 0.01
