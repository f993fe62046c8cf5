"""Accuracy of the shipped models beside a random forest: `python benchmarks/accuracy.py [--data FOLDER]`.

Network and forest learn from the same pixels of the same series and are tested on the same held-out parcels. The forest
(300 trees) takes the bands of all dates of a pixel; the second one also their mean over the 3 x 3 neighbours. Then
every network is trained anew on Flanders (benchmarks/networks.py, which can be run before and apart). Writes
benchmarks/accuracy.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

import networks
import numpy as np
import onnxruntime
import sklearn
import torch
from _forest import forests
from train_shipped_models import DATA, NAMES, ROOT, flanders_job, simulated_job

from crop_classifier_plugin.engine.accuracy.confusion import Confusion
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.splits.split import HELD_OUT
from crop_classifier_plugin.engine.training.data.labelled_series import LabelledCube
from crop_classifier_plugin.engine.training.data.normalisation import InputNormaliser, Statistics
from crop_classifier_plugin.engine.training.data.patches import ScoringPatches
from crop_classifier_plugin.engine.training.loop.evaluation import Predict, score
from crop_classifier_plugin.engine.training.model_folder.card_builder import TrainingData
from crop_classifier_plugin.engine.training.supervised.job import gather, onnx_predict
from crop_classifier_plugin.shared.cards.card import WEIGHTS_FILE, Card
from crop_classifier_plugin.shared.jobs.train import TrainJob
from crop_classifier_plugin.shared.legend import Legend

Results = list[tuple[str, list[Confusion]]]  # who, and one confusion matrix a repetition
Tests = dict[str, tuple[LabelledCube, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, default=networks.CACHE, help="where benchmarks/networks.py keeps results")
    given = parser.parse_args()
    lines = ["# Accuracy of the shipped models", "", f"`python benchmarks/accuracy.py` on {machine()}", ""]
    with tempfile.TemporaryDirectory() as place:
        lines += simulated(Path(place))
        if (given.data / "flanders_AC91C").is_dir():
            lines += flanders(Path(place), given.data) + networks.section(given.data, given.cache)
        else:
            lines += [f"Flanders was left out: there is no {given.data / 'flanders_AC91C'}."]
    text = "\n".join(lines)
    print(text)
    (ROOT / "benchmarks" / "accuracy.md").write_text(text + "\n", encoding="utf-8")


def machine() -> str:
    versions = f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}, scikit-learn {sklearn.__version__}"
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}."


# --- the two models --------------------------------------------------------------------------------------------------


def simulated(place: Path) -> list[str]:
    folder = ROOT / "models" / NAMES[0]
    material = collect(simulated_job(str(folder), place / "seasons"), place)
    tests = {"held-out parcels of the training seasons": material.places(), "three other seasons": material.tests}
    return ["## " + Card.load(folder).title, "", *against_forests(shipped(folder), material, tests)]


def flanders(place: Path, data: Path) -> list[str]:
    folder = ROOT / "models" / NAMES[1]
    lines = ["## " + Card.load(folder).title, "", "The file that ships: trained on the north, tested on the south.", ""]
    job = flanders_job(str(folder), data)
    material = collect(job, place)
    lines += against_forests(shipped(folder), material, {"southern parcels": material.places()})
    return lines


def collect(job: TrainJob, place: Path) -> TrainingData:
    folder = Path(tempfile.mkdtemp(dir=place))
    return gather(job, Legend.load(job.legend), folder, Silent(), max(job.patch, job.tile))


# --- network and forest ----------------------------------------------------------------------------------------------


def shipped(folder: Path) -> tuple[Predict, InputNormaliser, Card]:
    card = Card.load(folder)
    stats = Statistics(np.array(card.mean, np.float32), np.array(card.std, np.float32))
    intake = InputNormaliser(card.inputs, stats, len(card.bands))
    return onnx_predict(str(card.check_weights(folder).parent / WEIGHTS_FILE)), intake, card


def against_forests(model: tuple[Predict, InputNormaliser, Card], material: TrainingData, tests: Tests) -> list[str]:
    predict, intake, card = model
    rivals = forests(material)
    lines = []
    for where, seasons in tests.items():
        patches = ScoringPatches(seasons, intake, HELD_OUT, card.tile, card.overlap)
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


if __name__ == "__main__":
    main()
