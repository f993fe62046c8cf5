"""Accuracy of the shipped models beside a random forest.

Network and forest learn from the same pixels of the same series and are tested on the same held-out parcels. The forest
(300 trees) takes the bands of all dates of a pixel; the second one also their mean over the 3 x 3 neighbours.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ....shared.cards.card import Card
from ....shared.cards.files import checked_weights, load_card
from ....shared.jobs.train import TrainJob
from ....shared.legend import Legend
from ...accuracy.confusion import Confusion
from ...execution.reporter import Silent
from ...series.cube.preprocess import Preprocess
from ...splits.split import HELD_OUT
from ...training.data.labelled_series import LabelledCube
from ...training.data.patches import ScoringPatches
from ...training.data.training_data import TrainingData
from ...training.loop.evaluation import Predict, score
from ...training.supervised.job import onnx_predict
from ...training.supervised.load_data import gather
from ..pixel_forest import forests
from ..places import Places
from .jobs import NAMES, flanders_job, simulated_job

Results = list[tuple[str, list[Confusion]]]  # who, and one confusion matrix a repetition
Tests = dict[str, tuple[LabelledCube, ...]]


# --- the two models --------------------------------------------------------------------------------------------------


def simulated(models: Path, places: Places) -> list[str]:
    folder = models / NAMES[0]
    material = collect(simulated_job(str(folder), places), places.work)
    tests = {"held-out parcels of the training seasons": material.places(), "three other seasons": material.tests}
    return ["## " + load_card(folder).title, "", *against_forests(shipped(folder), material, tests)]


def flanders(models: Path, places: Places) -> list[str]:
    folder = models / NAMES[1]
    lines = ["## " + load_card(folder).title, "", "The file that ships: trained on the north, tested on the south.", ""]
    material = collect(flanders_job(str(folder), places), places.work)
    lines += against_forests(shipped(folder), material, {"southern parcels": material.places()})
    return lines


def collect(job: TrainJob, place: Path) -> TrainingData:
    folder = Path(tempfile.mkdtemp(dir=place))
    return gather(job, Legend.load(job.legend), folder, Silent(), max(job.patch, job.tile))


# --- network and forest ----------------------------------------------------------------------------------------------


def shipped(folder: Path) -> tuple[Predict, Preprocess, Card]:
    card = load_card(folder)
    predict = onnx_predict(str(checked_weights(folder, card.weights.sha256)))
    return predict, Preprocess(card.inputs, card.statistics), card


def against_forests(model: tuple[Predict, Preprocess, Card], material: TrainingData, tests: Tests) -> list[str]:
    predict, preprocess, card = model
    rivals = forests(material)
    lines = []
    for where, seasons in tests.items():
        patches = ScoringPatches(seasons, preprocess, HELD_OUT, card.tiling.tile, card.tiling.overlap)
        network = [score(predict, patches, len(card.legend), Silent())]
        lines += [f"On {where}, {network[0].total} px:", ""]
        results = [("network", network), *((f.name, [f.score(seasons)]) for f in rivals)]
        lines += table(results, material.legend)
    return lines


# --- tables ----------------------------------------------------------------------------------------------------------


def table(results: Results, legend: Legend) -> list[str]:
    """A Markdown table: overall accuracy, mean F1, kappa and the F1 score of each class that the reference has."""
    present = [i for i, s in enumerate(results[0][1][0].scores()) if s.present]
    head = ["", "OA", "mean F1", "kappa", *(f"F1 {legend.names[i]}" for i in present)]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for who, runs in results:
        figures = [[r.oa, r.mean_f1, r.kappa, *(r.scores()[i].f1 for i in present)] for r in runs]
        lines.append(f"| {' | '.join([who, *(_cell(column) for column in zip(*figures))])} |")
    return [*lines, ""]


def _cell(values: Sequence[float]) -> str:
    known = np.nan_to_num(np.array(values), nan=0.0)
    spread = f" ({known.min():.3f} to {known.max():.3f})" if len(known) > 1 else ""
    return f"{known.mean():.3f}{spread}"
