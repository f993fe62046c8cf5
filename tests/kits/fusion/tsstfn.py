"""Two years of fine and coarse images, and the job that trains a TSSTFN on the first."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.jobs.fusion import image_pairs
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from crop_classifier_plugin.shared.jobs.tsstfn import TrainTsstfnJob
from kits.rasters import write_raster
from kits.training.jobs import with_parts


class Impatient(Silent):
    """Cancels when the job says this."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        if message.startswith(self._at):
            self.stop.set()
        super().progress(fraction, message, done, total)


YEARS = {"2020": ("0501", "0520", "0610", "0801"), "2021": ("0503", "0522", "0612", "0731", "0820")}


HEIGHT, WIDTH, TILE = 60, 75, 16


MICRO = (("widths", "4,6,8"), ("chunks", "16"), ("paths", "1"), ("dropout", "0"))


def write_year(folder: Path, year: str, seed: int) -> None:
    """Fine images of 10 m and coarse ones of 50 m; fields that grow, each at its own pace, as both sensors see."""
    pace = np.kron(np.random.default_rng(seed).uniform(-0.1, 0.1, (6, 5)), np.ones((10, 15)))
    for day in YEARS[year]:
        age = (dt.date(2021, int(day[:2]), int(day[2:])) - dt.date(2021, 5, 1)).days / 20
        image = (0.4 + pace * age)[None].astype(np.float32)
        write_raster(folder / f"fine{year}" / f"LC_{year}{day}_NDVI.tif", image, names=["NDVI"], nodata=np.nan)
        coarse = image.reshape(12, 5, 15, 5).mean((1, 3))[None]
        write_raster(folder / f"coarse{year}" / f"MOD_{year}{day}_NDVI.tif", coarse, names=["NDVI"], pixel=50.0)


def images(place: Path, year: str, reverse: bool = False) -> dict[str, tuple[SceneSource, ...]]:
    found = {}
    for kind in ("fine", "coarse"):
        paths = sorted((place / f"{kind}{year}").iterdir(), reverse=reverse)
        found[kind] = tuple(SceneSource(str(path)) for path in paths)
    return found


def train_job(place: Path, **changes: Any) -> TrainTsstfnJob:
    given: dict[str, Any] = {**images(place, "2020"), "model": str(place / "model"), "pairs": 3, "settings": MICRO}
    given |= {"tile": TILE, "epochs": 12, "batch": 4, "learning_rate": 5e-3} | changes
    if "split" in given:
        given["method"] = given.pop("split")
    return with_pairs(TrainTsstfnJob, given)


def with_pairs(kind: Any, given: dict[str, Any]) -> Any:
    images = {name: given.pop(name) for name in ("fine", "coarse", "dates", "extent") if name in given}
    own = {name: given.pop(name) for name in ("model", "output") if name in given}
    return with_parts(kind(*image_pairs(**images), **own), **given)
