"""The network of a train job, fitted to the material: patches, loop, and what tells its checkpoints from others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec, Statistics
from ....shared.errors import BadInput
from ....shared.jobs.train import ModelInputs, NetworkSpec, TrainJob
from ....shared.legend import Legend
from ....shared.recipes import Recipe
from ...execution.reporter import Reporter
from ...networks.base import Network, NetworkConfig
from ...networks.registry import build, configure
from ...raster.tiling import Tiling
from ...series.cube.input_normalisation import Preprocess
from ...splits.split import TRAIN, VALIDATION
from ..data.band_statistics import statistics
from ..data.labelled_series import LabelledCube
from ..data.patches import (
    Augmentation,
    PatchPlan,
    ScoringPatches,
    TrainingPatches,
    count_classes,
    decibel_bands,
)
from ..data.training_data import TrainingData
from ..loop.accelerator import choose_accelerator
from ..loop.checkpoint import CheckpointStore
from ..loop.epochs import Learning
from ..loop.module import TaskModule
from ..loop.resume import Resume
from ..loop.trainer import run_task
from ..model_folder.card_builder import round_up, tiling_of
from ..model_folder.initial_weights import load_initial_weights, read_initial_weights
from ..optim.recipes import resolve_recipe
from .identity import identity_of
from .plan import TIMED, Material, Pace, TrainingPlan, Unheard, find_plan, pace_of
from .task import SegmentationTask

_MOST_VALIDATION = 64  # tiles looked at after each epoch (choice)


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a training leaves."""

    network: Network  # in eval mode
    learning: Learning


def fit(
    job: TrainJob,
    config: NetworkConfig,
    material: TrainingData,
    preprocess: Preprocess,
    reporter: Reporter,
    keep: Path | None = None,
) -> Fitted:
    """Trains the network; its state is kept in the folder `keep` after each epoch, where one is given.

    Leaves torch's global random numbers as they were.
    """
    recipe = resolve_recipe(job.network.name, job.optim)
    side = round_up(recipe.patch, config.multiple)
    changes = changes_of(recipe, preprocess.inputs)
    patches = TrainingPatches(material.train, preprocess, PatchPlan(side, 0, job.seed, recipe.batch), changes)
    tiling = Tiling.of(tiling_of(job.model_inputs, config))
    checks = ScoringPatches(material.validated, preprocess, VALIDATION, tiling, _MOST_VALIDATION)
    accelerator = choose_accelerator(job.hardware, recipe.optimizer)
    shown = patches.count_shown(material.classes)
    labelled = int(count_classes(material.train, TRAIN, material.classes).sum())
    identity = identity_of(job, config, recipe, preprocess.statistics, material) | {"labelled pixels": labelled}
    resume = Resume(CheckpointStore(keep, identity), job.resume) if keep else None
    make = partial(_task, job, config, material.legend, shown)

    def measure() -> Pace:
        patches.lengthen(TIMED * recipe.batch)
        task = make(replace(recipe, epochs=1), Unheard(reporter))
        return pace_of(task, patches, checks, accelerator, reporter)

    facts = Material(labelled, float(shown.sum()) * recipe.batch)
    with torch.random.fork_rng():
        plan = find_plan(recipe, job.optim, facts, resume, measure if accelerator.devices == 1 else None, reporter)
        patches.lengthen(plan.steps * recipe.batch)
        module = TaskModule(make(replace(recipe, epochs=plan.epochs), reporter), job.seed, reporter)
        run_task(module, patches, checks, accelerator, resume)
        module.finish()
    return _fitted(module, plan)


def _fitted(module: TaskModule, plan: TrainingPlan) -> Fitted:
    task = cast(SegmentationTask, module.task)
    return Fitted(task.network.requires_grad_(True), Learning(tuple(module.history), task.recipe, plan.steps))


def _task(
    job: TrainJob, config: NetworkConfig, legend: Legend, shown: NDArray[np.float64], recipe: Recipe, reporter: Reporter
) -> SegmentationTask:
    """The same at each call: the random numbers are seeded before the network is built."""
    torch.manual_seed(job.seed)
    network = prepared(job.network, build(job.network.name, config), legend, reporter)
    return SegmentationTask(network, torch.from_numpy(shown / shown.sum()), recipe)


def config_of(network: NetworkSpec, inputs: ModelInputs, classes: int) -> NetworkConfig:
    """Of a network that is told its inputs."""
    return configure(network.name, dict(network.settings), len(inputs.bands), len(inputs.windows), classes)


def prepared(spec: NetworkSpec, network: Network, legend: Legend, reporter: Reporter) -> Network:
    """The network with the weights it starts from; parts that are not to be trained are frozen."""
    if spec.start:
        load_initial_weights(network, read_initial_weights(spec.start), legend, reporter)
    for part in spec.frozen:
        found = [p for name, p in network.named_parameters() if name.split(".")[0] == part]
        if not found:
            parts = ", ".join(dict.fromkeys(name.split(".")[0] for name, _ in network.named_parameters()))
            raise BadInput(f"The network {spec.name} has no part {part!r} to freeze: choose among {parts}.")
        for parameter in found:
            parameter.requires_grad_(False)
    return network


def changes_of(recipe: Recipe, inputs: InputSpec) -> Augmentation:
    """What patches of such inputs go through."""
    own = recipe.changes
    return Augmentation(own.jitter, own.turns, own.optical_dropout, own.radar_dropout, decibel_bands(inputs))


def scaling(start: str, seasons: Sequence[LabelledCube]) -> Statistics:
    """Of the training seasons; weights that go on learning keep the scaling they were learnt with."""
    if not start:
        return statistics(seasons)
    return read_initial_weights(start).statistics
