"""Accuracy of the shipped models beside a random forest.

Network and forest learn from the same pixels of the same series and are tested on the same held-out parcels. The forest
(300 trees) takes the bands of all dates of a pixel; the second one also their mean over the 3 x 3 neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ....shared.cards.files import checked_weights, load_card
from ....shared.jobs.train import TrainJob
from ....shared.legend import Legend
from ...accuracy.confusion import Confusion
from ...execution.reporter import Silent
from ...execution.scratch import numbered_folder
from ...splits.split import HELD_OUT
from ...training.data.labelled_series import LabelledCube
from ...training.data.training_data import TrainingData
from ...training.loop.evaluation import Mapper, score
from ...training.supervised.load_data import gather
from ..pixel_forest import forests
from ..places import Places
from .flanders import flanders_job
from .three_dates import simulated_job
from .train import FLANDERS, SIMULATED

Tests = dict[str, tuple[LabelledCube, ...]]


@dataclass(frozen=True)
class Test:
    """Who maps the pixels of the tested parcels how."""

    title: str  # of the model
    where: str
    classes: tuple[str, ...]
    confusions: dict[str, Confusion]  # of the network first, and of each forest


def simulated(models: Path, places: Places) -> Iterator[Test]:
    material = _collect(simulated_job(str(models / SIMULATED), places), places.work)
    tests = {"held-out parcels of the training seasons": material.places(), "three other seasons": material.tests}
    return _against_forests(models / SIMULATED, material, tests)


def flanders(models: Path, places: Places) -> Iterator[Test]:
    """The file that ships: trained on the north, tested on the south."""
    material = _collect(flanders_job(str(models / FLANDERS), places), places.work)
    return _against_forests(models / FLANDERS, material, {"southern parcels": material.places()})


def _collect(job: TrainJob, place: Path) -> TrainingData:
    folder = numbered_folder(place)
    return gather(job, Legend.load(job.legend), folder, Silent(), max(job.optim.patch, job.model_inputs.tile))


def _against_forests(model: Path, material: TrainingData, tests: Tests) -> Iterator[Test]:
    card = load_card(model)
    mapper = Mapper.open(checked_weights(model, card.weights.sha256), card)
    rivals = forests(material)
    for where, seasons in tests.items():
        found = {"network": score(mapper, seasons, HELD_OUT, Silent())}
        found |= {forest.name: forest.score(seasons) for forest in rivals}
        yield Test(card.title, where, material.legend.names, found)
