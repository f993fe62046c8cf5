"""Trains the models that ship, and puts the random forests' figures beside the network's into two of the cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

from ....shared.cards.card import Card
from ....shared.cards.files import load_card, save_card
from ....shared.jobs.train import TrainJob
from ....shared.legend import Legend
from ...execution.reporter import Reporter, Silent
from ...execution.scratch import numbered_folder
from ...training.loop.evaluation import accuracy_rows
from ...training.model_folder.results import ON_HELD_OUT, ON_TESTS
from ...training.supervised.job import train
from ...training.supervised.load_data import gather
from ..monthly.job import monthly_job
from ..pixel_forest import forests
from ..places import Places
from ..tsstfn.simulated_place import SimulatedPlace
from ..tsstfn.study import SEEDS, SIDE
from .flanders import flanders_job
from .three_dates import simulated_job
from .whole_seasons import attention_3dcnn, cropsts, random_forest

SIMULATED, FLANDERS, FUSION = "lrtacfnet_simulated_season", "lrtacfnet_flanders", "tsstfn_simulated_season"
JOBS: dict[str, Callable[[str, Places], TrainJob]] = {  # of all but the fusion model: (folder of the model, places)
    SIMULATED: simulated_job,
    FLANDERS: flanders_job,
    "attention3dcnn_simulated_season": attention_3dcnn,
    "cropsts_simulated_season": cropsts,
    "randomforest_simulated_season": random_forest,
    "vunetconvlstm_simulated_radar": monthly_job,
}
BESIDE_FORESTS = (SIMULATED, FLANDERS)
SHIPPED = ("model.onnx", "model.json", "fusion.json", "weights.safetensors", "split.json", "training.csv")
EVERY = (*JOBS, FUSION)


def make(name: str, model: Path, places: Places, reporter: Reporter) -> None:
    """Trains one model; its seasons are simulated into `places.work`."""
    if name == FUSION:
        train_tsstfn(model, places.work / name)
    else:
        train(JOBS[name](str(model), places), reporter)
    shed(model)
    if name in BESIDE_FORESTS:
        add_forests(JOBS[name](str(model), places), places.work)


def train_tsstfn(model: Path, folder: Path) -> None:
    """Strategy B on the first place of the experiment."""
    folder.mkdir(parents=True, exist_ok=True)
    place = SimulatedPlace(folder, SEEDS[0], SIDE).write()
    place.align("B")
    place.train("B", model)


def shed(model: Path) -> None:
    """Takes away what is of use to whoever trained it only: reports and run records, which name folders of theirs."""
    for file in model.iterdir():
        if file.name not in SHIPPED:
            file.unlink()


def add_forests(job: TrainJob, place: Path) -> Card:
    """Puts the random forests' figures on the same held-out pixels into the card."""
    legend = Legend.load(job.legend)
    folder = numbered_folder(place)
    material = gather(job, legend, folder, Silent(), max(job.optim.patch, job.model_inputs.tile))
    card = load_card(job.model)
    rows = list(card.accuracy)
    tests = ((ON_HELD_OUT, material.places()), (ON_TESTS, material.tests))
    for forest, (where, seasons) in product(forests(material), tests):
        if seasons:
            confusion = forest.score(seasons)
            figures = accuracy_rows(confusion, legend.names, f"{where}, {confusion.total} px")
            rows += [{**row, "metric": f"{forest.name}: {row['metric']}"} for row in figures[:4]]
    card = replace(card, accuracy=tuple(rows))
    save_card(card, job.model)
    return card
