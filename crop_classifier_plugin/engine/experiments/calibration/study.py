"""Expected calibration error of a shipped model on simulated seasons that it has not seen, before and after temperature
scaling: each season in turn fits the temperature, the others test it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....shared.jobs.classify import ClassifyJob, ClassifyOutputs
from ....shared.jobs.sources import LabelSource, SceneSource, Series
from ...access.rasters import open_raster
from ...accuracy.calibration import Reliability, calibrated, fit_temperature
from ...accuracy.parcels.parcel_summary import bands_of
from ...execution.reporter import Silent
from ...inference.job import classify
from ...labels.class_map import CropMap, opened
from ...labels.matching import Matcher
from ...labels.open_labels import open_labels
from ...raster.grid import Window
from ..recipes.study import SEASONS, Season

TESTED = (*SEASONS, Season("A third season", 33, 2019), Season("A fourth season", 44, 2023))
_EACH = 3  # px: every third of a row and column is counted (choice)


@dataclass(frozen=True, eq=False)
class Told:
    """What a model said of the pixels of a season."""

    probability: NDArray[np.float32]  # (K, n)
    truth: NDArray[np.int64]  # (n,)

    def error(self, temperature: float = 1.0) -> float:
        scaled = calibrated(self.probability, temperature)
        return Reliability.count(scaled.max(axis=0), scaled.argmax(axis=0) == self.truth).error

    @property
    def accuracy(self) -> float:
        return float((self.probability.argmax(axis=0) == self.truth).mean())


@dataclass(frozen=True)
class Fitted:
    """A temperature of one season, and the errors on each of the others."""

    season: Season
    accuracy: float
    before: float  # on the season itself
    temperature: float
    own: float  # error after, on the season itself
    others_before: tuple[float, ...]
    others: tuple[float, ...]
    by_others: float  # on the season itself, by one temperature of all others together


def study(model: str, work: Path) -> tuple[Fitted, ...]:
    told = {season: _told(model, season.simulated(work)) for season in TESTED}
    return tuple(_fitted(season, told) for season in TESTED)


def _fitted(season: Season, told: dict[Season, Told]) -> Fitted:
    own = told[season]
    temperature = fit_temperature(own.probability, own.truth).temperature
    others = [other for known, other in told.items() if known != season]
    before, after = (tuple(other.error(t) for other in others) for t in (1.0, temperature))
    pooled = fit_temperature(
        np.concatenate([other.probability for other in others], axis=1),
        np.concatenate([other.truth for other in others]),
    ).temperature
    by_others = own.error(pooled)
    return Fitted(season, own.accuracy, own.error(), temperature, own.error(temperature), before, after, by_others)


def _told(model: str, folder: Path) -> Told:
    scenes = tuple(SceneSource(str(path)) for path in sorted(folder.glob("S2_*.tif")))
    written = ClassifyOutputs(str(folder / "map.tif"), probabilities=str(folder / "probabilities.tif"))
    classify(ClassifyJob(Series(scenes), model, written, device="cpu"), Silent())
    with opened(written.class_map) as dataset, open_raster(written.probabilities) as file:
        crop_map = CropMap(written.class_map, dataset, Silent())
        position = Matcher(crop_map.legend, ()).position
        source = LabelSource(str(folder / "parcels.gpkg"), class_field="crop_name")
        with open_labels(source, crop_map.grid, crop_map.path, position) as labels:
            whole = labels.read(Window(0, 0, crop_map.grid.height, crop_map.grid.width))[::_EACH, ::_EACH]
            places = np.array([*(-1 if (p := position(label)) is None else p for label in labels.labels), -1, -1])
        probability = file.read([1 + band for band in bands_of(written.probabilities, crop_map.legend)], masked=True)
    thin, truth = probability[:, ::_EACH, ::_EACH], places[whole]
    known = (truth >= 0) & ~np.ma.getmaskarray(thin).any(axis=0)
    chances = thin.data[:, known].astype(np.float32)
    return Told(chances / chances.sum(axis=0), truth[known].astype(np.int64))
