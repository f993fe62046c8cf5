"""Expected calibration error of a shipped model on simulated seasons that it has not seen: as it comes, calibrated on
other seasons, and on some labelled parcels of the season itself; of pixels and of parcels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.calibration import Calibration
from ....shared.cards.card import Card
from ....shared.cards.files import WEIGHTS_FILE, load_card
from ....shared.devices import CPU
from ....shared.jobs.simulate import SimulateJob
from ....shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series
from ...accuracy.calibration.candidates import TEMPERATURE, fitted
from ...accuracy.calibration.fit import fit_calibration
from ...accuracy.calibration.parcels import ParcelMeans
from ...accuracy.calibration.reliability import Reliability
from ...accuracy.calibration.sample import Draw, Sample
from ...accuracy.calibration.scaling import calibrated, parcel_confidence
from ...execution.reporter import Silent
from ...inference.calibrate.labelled_map import LabelledMap
from ...runtime.open import open_runtime
from ...simulate.job import simulate
from ..recipes.study import SEASONS, days_of

SIDE = 1024  # px: some 3000 parcels, so that chance alone makes little error
COUNTS, DRAWS = (50, 100, 200), 5  # labelled parcels of the season itself, and how often they are drawn
_EACH = 5  # every fifth pixel is counted (choice)
KNOWN = tuple((season.seed, season.year) for season in SEASONS)
TESTED = (*KNOWN, (33, 2019), (44, 2023), (55, 2021), (66, 2020), (77, 2018), (88, 2017))  # seed, year


@dataclass(frozen=True, eq=False)
class Told:
    """What a model says of the labelled pixels of a season, before any calibration."""

    seed: int
    year: int
    probability: NDArray[np.float32]  # (K, n)
    truth: NDArray[np.int64]  # (n,)
    parcel: NDArray[np.int64]  # (n,)

    def some(self, which: NDArray[np.bool_]) -> Told:
        return replace(self, probability=self.probability[:, which], truth=self.truth[which], parcel=self.parcel[which])


@dataclass(frozen=True)
class Figures:
    """Of the pixels and parcels of a season."""

    error: float  # expected calibration error of the pixels
    accuracy: float
    parcels_mean: float  # the same error of the parcels, by the mean of their pixels
    parcels: float  # by their own confidence

    @classmethod
    def of(cls, told: Told, calibration: Calibration) -> Figures:
        thin = told.some(np.arange(told.truth.size) % _EACH == 0)
        scaled = calibrated(thin.probability, calibration)
        right = scaled.argmax(axis=0) == thin.truth
        means = ParcelMeans.of(scaled, thin.truth, thin.parcel, thin.parcel)
        chance = parcel_confidence(means.mean, calibration.parcels)
        errors = [Reliability.count(each, means.right).error for each in (means.mean, chance)]
        return cls(Reliability.count(scaled.max(axis=0), right).error, float(right.mean()), *errors)


@dataclass(frozen=True)
class Tested:
    """A season as it comes and calibrated; the lists are one a draw, first on the labels alone, then on top of what
    the other seasons gave."""

    seed: int
    year: int
    raw: Figures
    temperature: Figures  # of the other seasons together
    others: Figures  # calibrated on the other seasons
    own: dict[int, list[Figures]]  # by the number of labelled parcels
    both: dict[int, list[Figures]]


def study(model: str, work: Path) -> Iterator[Tested]:
    card = load_card(model)
    plain = replace(card, weights=replace(card.weights, calibration=Calibration()))
    told = [_told(plain, Path(model), seed, year, work) for seed, year in TESTED]
    for season in told:
        yield _tested(season, [other for other in told if other is not season])


def _tested(season: Told, others: Sequence[Told]) -> Tested:
    pooled = _drawn(others)
    temperature = fitted(TEMPERATURE, pooled.thinned(30), Calibration())
    by_others = _fitted(pooled, Calibration())
    own: dict[int, list[Figures]] = {count: [] for count in COUNTS}
    both: dict[int, list[Figures]] = {count: [] for count in COUNTS}
    for count in COUNTS:
        for draw in range(DRAWS):
            rng = np.random.default_rng(1000 * count + draw)
            labelled = np.isin(season.parcel, rng.choice(np.unique(season.parcel), count, replace=False))
            sample, rest = _drawn([season.some(labelled)]), season.some(~labelled)
            own[count].append(Figures.of(rest, _fitted(sample, Calibration())))
            both[count].append(Figures.of(rest, _fitted(sample, by_others)))
    raw, one, several = (Figures.of(season, each) for each in (Calibration(), temperature, by_others))
    return Tested(season.seed, season.year, raw, one, several, own, both)


def _fitted(sample: Sample, base: Calibration) -> Calibration:
    found = fit_calibration(sample, base)
    return found.calibration if found else base


def _drawn(seasons: Sequence[Told]) -> Sample:
    draw = Draw(len(seasons[0].probability))
    for number, told in enumerate(seasons):
        draw.add(number, told.probability, told.truth, told.parcel)
    return draw.sample


def _told(card: Card, model: Path, seed: int, year: int, work: Path) -> Told:
    folder = work / f"calibration_{seed}"
    if not (folder / "parcels.gpkg").exists():
        job = SimulateJob(str(folder), SIDE, SIDE, year, seed, days_of(year), cloud_share=0.1)
        simulate(replace(job, sentinel1=False, modis=False), Silent())
    scenes = tuple(SceneSource(str(path)) for path in sorted(folder.glob("S2_*.tif")))
    source = LabelledSeries(Series(scenes), LabelSource(str(folder / "parcels.gpkg"), class_field="crop_name"))
    runtime = open_runtime(model / WEIGHTS_FILE, CPU, card)
    with ExitStack() as exits:
        labelled = LabelledMap(source, card, (), folder, exits)
        labelled.open(Silent())
        blocks = list(labelled.blocks(runtime, Silent()))
    return Told(
        seed,
        year,
        np.concatenate([block.probability.astype(np.float32) for block in blocks], axis=1),
        np.concatenate([block.truth for block in blocks]),
        np.concatenate([block.parcel for block in blocks]),
    )
