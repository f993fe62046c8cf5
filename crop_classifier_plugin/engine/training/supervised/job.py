"""The train job: labelled series -> model folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import torch

from ....shared.cards.card import Card
from ....shared.cards.files import CARD_FILE, WEIGHTS_FILE, card_text
from ....shared.errors import LabelsUnusable, TrainingMissing
from ....shared.jobs.train import TrainJob
from ....shared.legend import Legend
from ...accuracy.confusion import Confusion
from ...execution.job_run import job_run
from ...execution.reporter import Reporter, Silent
from ...networks.base import (
    NetworkConfig,
    check_size,
    parameter_count,
)
from ...networks.random_forest import RandomForestConfig
from ...networks.registry import build
from ...series.cube.input_normalisation import Preprocess
from ...series.scenes.read_series import SceneCache
from ...splits.split import HELD_OUT, TRAIN, VALIDATION
from ...splits.split_file import SPLIT_FILE
from ..data.patches import count_classes
from ..data.split_file import split_json
from ..data.training_data import TrainingData, parcel_counts
from ..loop.accelerator import choose_accelerator
from ..loop.checkpoint import CheckpointStore, folder_of
from ..loop.epochs import Learning, history_csv
from ..loop.evaluation import KAPPA, MEAN_F1, Mapper, score
from ..loop.several_devices import check_batch
from ..model_folder.calibrate import calibrate
from ..model_folder.card_builder import card_of, tiling_of, with_file_facts
from ..model_folder.initial_weights import (
    WEIGHTS,
)
from ..model_folder.input_spec import input_spec_of
from ..model_folder.onnx_export import export
from ..model_folder.results import ON_HELD_OUT, ON_TESTS, ON_VALIDATION, headline, log_results, run_facts
from ..model_folder.weights_file import save_weights
from ..optim.recipes import resolve_recipe
from ..report.report import Trained, write_report
from ..report.sample_maps import sample_maps
from ..report.settings_table import Rows, settings_table, told_recipe
from .fit import config_of, fit, prepared, scaling
from .job_defaults import resolve_job
from .load_data import gather
from .tile_size import with_fitting_tile
from .verdict import warnings_of

HISTORY_FILE, REPORT_FILE, FACTS_FILE = "training.csv", "training.html", "training.json"
_FILES = (WEIGHTS_FILE, WEIGHTS, CARD_FILE, SPLIT_FILE, HISTORY_FILE, REPORT_FILE, FACTS_FILE)


def train(job: TrainJob, reporter: Reporter) -> dict[str, object]:
    """Writes model.onnx, model.json (the card), weights.safetensors, split.json, training.csv, .json, .html and
    .run.json into job.model."""
    with job_run(job, reporter) as run:
        learner = learner_of(job.network.name)
        headers = SceneCache()
        job, legend = resolve_job(job, reporter, headers)
        config = config_of(job.network, job.model_inputs, len(legend))
        tensors = inputs_of(job.network.name, config)
        job = _check_first(job, config, legend, reporter)
        folder, outputs = Path(job.model), run.outputs
        paths = {name: run.output(folder / name) for name in _FILES}
        margin = max(job.optim.patch, tiling_of(job.model_inputs, config).tile)
        material = gather(job, legend, outputs.scratch(folder_of(job.model)), run.step(0, 0.15), margin, headers)
        preprocess = Preprocess(input_spec_of(job, tensors), scaling(job.network.start, material.train))
        learnt = _learn(learner, job, config, material, preprocess, run.step(0.15, 0.9))
        learning = learnt.learning
        card = card_of(job, config, learnt.parameters, material, preprocess, told_recipe(job, learning))
        learnt.export(paths[WEIGHTS_FILE], card)
        learnt.keep(paths[WEIGHTS])
        mapper = Mapper.open(paths[WEIGHTS_FILE], card)
        mapper, validated = calibrate(mapper, material.validated, VALIDATION, run.step(0.9, 0.93))
        tested = assess(mapper, material, run.step(0.93, 0.99))
        card = with_file_facts(mapper.card, paths[WEIGHTS_FILE], tested)
        outputs.write_text(folder / CARD_FILE, card_text(card))
        outputs.write_text(folder / SPLIT_FILE, split_json(job, material))
        outputs.write_text(folder / HISTORY_FILE, history_csv(learning.history, [MEAN_F1.name, KAPPA.name]))
        warnings = warnings_of(learning, tested, legend)
        manner = tuple(("Warning", told) for told in warnings) + settings_table(job, config, learning, run.seconds)
        manner += _validation(validated, reporter) if learning.history else ()
        maps = sample_maps(mapper, material.places() + material.tests, run.step(0.99, 1))
        trained = Trained(job, card, learning, tested, parcel_counts(material), manner, material.unit, maps)
        write_report(trained, folder / FACTS_FILE, folder / REPORT_FILE, outputs)
        log_results(tested, warnings, reporter)
        run.record(folder / REPORT_FILE, run_facts(card, material) | {"warnings": list(warnings)})
    CheckpointStore(folder_of(job.model), {}).remove()
    facts = {"accuracy": list(card.accuracy), "parameters": card.weights.parameters, "sha256": card.weights.sha256}
    return {"model": job.model, "report": str(folder / REPORT_FILE), **facts, **headline(tested)}


def _check_first(job: TrainJob, config: NetworkConfig, legend: Legend, reporter: Reporter) -> TrainJob:
    """Refuses, before the series is read, what could only be refused after it; the job with tiles that fit."""
    if job.network.name in LEARNERS:
        return job
    recipe = resolve_recipe(job.network.name, job.optim)
    check_batch(recipe.batch, choose_accelerator(job.hardware, recipe.optimizer).devices)
    with torch.device("meta"):
        prepared(job.network, build(job.network.name, config), legend, Silent())
    return with_fitting_tile(job, config, reporter)


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a training leaves; `export` writes the model's file and checks it."""

    parameters: int
    learning: Learning
    export: Callable[[str, Card], object]
    keep: Callable[[str], None]  # writes the weights that a later training can start from


Learner = Callable[[TrainJob, NetworkConfig, TrainingData, Preprocess, Reporter], Learnt]


def teach_network(
    job: TrainJob, config: NetworkConfig, material: TrainingData, preprocess: Preprocess, reporter: Reporter
) -> Learnt:
    fitted = fit(job, config, material, preprocess, reporter, folder_of(job.model))
    network = fitted.network
    return Learnt(parameter_count(network), fitted.learning, partial(export, network), partial(save_weights, network))


def forest_learner() -> Learner:
    """Loads what no network needs. Raises TrainingMissing where it is not installed."""
    try:
        from ..forest.fit import fit_forest
        from ..forest.forest_onnx import export_forest
    except ModuleNotFoundError as error:
        if error.name not in ("sklearn", "skl2onnx"):
            raise
        raise TrainingMissing(error.name) from None

    def learn(
        job: TrainJob, config: NetworkConfig, material: TrainingData, preprocess: Preprocess, reporter: Reporter
    ) -> Learnt:
        forest = fit_forest(cast(RandomForestConfig, config), material.train, preprocess.statistics, job.seed, reporter)
        return Learnt(0, Learning(), partial(export_forest, forest), lambda path: None)

    return learn


LEARNERS = {"random_forest": forest_learner}  # of what is no network, by the job's `network`


def learner_of(network: str) -> Learner:
    """Raises TrainingMissing, before any scene is read."""
    return LEARNERS[network]() if network in LEARNERS else teach_network


def _learn(
    learner: Learner,
    job: TrainJob,
    config: NetworkConfig,
    material: TrainingData,
    preprocess: Preprocess,
    reporter: Reporter,
) -> Learnt:
    counts = count_classes(material.train, TRAIN, material.classes)
    if not counts.any():
        raise LabelsUnusable("No labelled pixel is left to train on: lower held_out and validation.")
    material.tell_classes(counts, reporter)
    return learner(job, config, material, preprocess, reporter)


def inputs_of(name: str, config: NetworkConfig) -> tuple[str, ...]:
    """The names of what the model reads."""
    if name in LEARNERS:
        return ("x",)
    with torch.device("meta"):
        network = build(name, config)
    check_size(network)
    return network.inputs


def assess(mapper: Mapper, material: TrainingData, reporter: Reporter) -> tuple[tuple[str, Confusion], ...]:
    """Confusion matrices of the ONNX file on the held-out parcels and on the test series, where there are such."""
    tested = []
    for seasons, on in ((material.places(), ON_HELD_OUT), (material.tests, ON_TESTS)):
        confusion = score(mapper, seasons, HELD_OUT, reporter)
        if confusion.total:
            tested.append((on, confusion))
    return tuple(tested)


def _validation(confusion: Confusion, reporter: Reporter) -> Rows:
    """How good the kept epoch is where it is mapped: after each epoch a sample of tiles is looked at, unblended."""
    if not confusion.total:
        return ()
    log_results([(ON_VALIDATION, confusion)], (), reporter)
    return (("Validation of the kept epoch", f"mean F1 {confusion.mean_f1:.3f} of its map ({confusion.total:,} px)"),)
