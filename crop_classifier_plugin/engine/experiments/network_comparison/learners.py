"""How the entrants learn, and map: networks, the plugin's forest and the comparison's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ....shared.jobs.train import TrainJob
from ...execution.reporter import Silent
from ...networks.base import Network, parameter_count
from ...networks.random_forest import RandomForestConfig
from ...raster.grid import Window
from ...raster.neighbourhood import neighbours
from ...series.cube.input_normalisation import Preprocess, usable_dates, z_scores
from ...training.data.band_statistics import statistics
from ...training.data.labelled_series import LabelledCube
from ...training.data.training_data import TrainingData
from ...training.forest.fit import fit_forest
from ...training.model_folder.input_spec import input_spec_of
from ...training.supervised.fit import config_of, fit
from ...training.supervised.job import inputs_of
from ..pixel_forest import Forest
from .runs import Run

NOWHERE = -1
Hidden = Sequence[int] | NDArray[np.int64]


class Model(Protocol):
    @property
    def parameters(self) -> int: ...

    def map(self, season: LabelledCube, hidden: Hidden = ()) -> NDArray[np.int64]:
        """(H,W) index in the legend, NOWHERE where it maps nothing. `hidden`: optical dates taken away."""


def learn(run: Run, job: TrainJob, material: TrainingData) -> Model:
    if run.entrant.trees:
        return PixelForest(Forest(material, neighbours=False, seed=job.seed))
    config = config_of(job.network, job.model_inputs, material.classes)
    preprocess = Preprocess(input_spec_of(job, inputs_of(job.network.name, config)), statistics(material.train))
    if isinstance(config, RandomForestConfig):
        return PluginForest(fit_forest(config, material.train, preprocess.statistics, job.seed, Silent()), preprocess)
    return Trained(fit(job, config, material, preprocess, Silent()).network, preprocess)


@dataclass(frozen=True, eq=False)
class Trained:
    """A network. It maps where as many dates are usable as its input asks for."""

    network: Network
    preprocess: Preprocess

    @property
    def parameters(self) -> int:
        return parameter_count(self.network)

    def map(self, season: LabelledCube, hidden: Hidden = ()) -> NDArray[np.int64]:
        cube = _cube(season)
        inputs = self.preprocess.inputs
        cube[np.array(hidden, int), inputs.slice_of(inputs.images[0])] = np.nan
        given = {n: torch.from_numpy(v)[None] for n, v in self.preprocess.asked(cube, season.days).items()}
        with torch.no_grad():
            found = self.network(**given)[0].argmax(dim=0).numpy()
        enough = usable_dates(cube, inputs).sum(axis=0) >= (inputs.dates.min_dates or len(cube))
        return np.where(enough, found, NOWHERE)


@dataclass(frozen=True, eq=False)
class PluginForest:
    """The forest of `train --network random_forest`: it needs every date."""

    forest: Any
    preprocess: Preprocess
    parameters: int = 0

    def map(self, season: LabelledCube, hidden: Hidden = ()) -> NDArray[np.int64]:
        cube = _cube(season)
        cube[np.array(hidden, int)] = np.nan
        known = ~np.isnan(cube).any(axis=(0, 1))
        found = np.full(season.shape, NOWHERE, np.int64)
        if known.any():
            features = neighbours(z_scores(cube, self.preprocess.statistics))
            found[known] = self.forest.predict(features[:, known].T)
        return found


@dataclass(frozen=True, eq=False)
class PixelForest:
    forest: Forest
    parameters: int = 0

    def map(self, season: LabelledCube, hidden: Hidden = ()) -> NDArray[np.int64]:
        return self.forest.map(season)


def _cube(season: LabelledCube) -> NDArray[np.float32]:
    """(T,C,H,W) of the whole square; a copy."""
    return season.read(Window(0, 0, *season.shape))
