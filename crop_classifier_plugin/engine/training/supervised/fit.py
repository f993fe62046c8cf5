"""The network of a train job, fitted to the material: patches, loop, and what tells its checkpoints from others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from ....shared.cards.parts import InputSpec, Statistics
from ....shared.errors import BadInput
from ....shared.jobs.train import ModelInputs, NetworkSpec, OptimSpec, TrainJob
from ....shared.legend import Legend
from ....shared.networks import Recipe
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
    shown_shares,
)
from ..data.training_data import TrainingData
from ..loop.accelerator import choose_accelerator
from ..loop.checkpoint import CheckpointStore
from ..loop.epochs import EpochLog
from ..loop.module import TaskModule
from ..loop.resume import Resume
from ..loop.trainer import run_task
from ..model_folder.card_builder import round_up, tiling_of
from ..model_folder.initial_weights import load_initial_weights, read_initial_weights
from ..optim.recipes import resolve_recipe
from .identity import identity_of
from .task import SegmentationTask

_FEWEST_STEPS = 10  # an epoch: few labels are shown more often, turned and shifted each time (choice)
_MOST_VALIDATION = 64  # tiles looked at after each epoch (choice)


def fit(
    job: TrainJob,
    config: NetworkConfig,
    material: TrainingData,
    preprocess: Preprocess,
    reporter: Reporter,
    keep: Path | None = None,
) -> tuple[Network, tuple[EpochLog, ...]]:
    """The trained network in eval mode; its state is kept in the folder `keep` after each epoch, where one is given.

    Leaves torch's global random numbers as they were.
    """
    counts = count_classes(material.train, TRAIN, material.classes)
    recipe = resolve_recipe(job.network.name, job.optim)
    patch = round_up(recipe.patch, config.multiple)
    steps = job.optim.steps or max(_FEWEST_STEPS, round(int(counts.sum()) / patch**2 / recipe.batch))
    changes = changes_of(job.optim, recipe, preprocess.inputs)
    plan = PatchPlan(patch, steps * recipe.batch, job.seed, recipe.batch)
    patches = TrainingPatches(material.train, preprocess, plan, changes)
    tiling = Tiling.of(tiling_of(job.model_inputs, config))
    checks = ScoringPatches(material.validated, preprocess, VALIDATION, tiling, _MOST_VALIDATION)
    shown = {"labelled pixels": counts.tolist(), "patches an epoch": plan.length}
    identity = identity_of(job, config, recipe, preprocess.statistics, material) | shown
    resume = Resume(CheckpointStore(keep, identity), job.resume) if keep else None
    with torch.random.fork_rng():
        torch.manual_seed(job.seed)
        network = prepared(job.network, build(job.network.name, config), material.legend, reporter)
        shares = torch.from_numpy(shown_shares(counts))
        module = TaskModule(SegmentationTask(network, shares, recipe), job.seed, reporter)
        run_task(module, patches, checks, choose_accelerator(job.hardware, recipe.optimizer), resume)
        module.finish()
    return network.requires_grad_(True), tuple(module.history)


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


def changes_of(optim: OptimSpec, recipe: Recipe, inputs: InputSpec) -> Augmentation:
    """As the paper changes its patches, but for what the user asks for otherwise."""
    paper = recipe.changes
    optical = paper.optical_dropout if optim.optical_dropout is None else optim.optical_dropout
    radar = paper.radar_dropout if optim.radar_dropout is None else optim.radar_dropout
    return Augmentation(optim.jitter, paper.turns, optical, radar, decibel_bands(inputs))


def scaling(start: str, seasons: Sequence[LabelledCube]) -> Statistics:
    """Of the training seasons; weights that go on learning keep the scaling they were learnt with."""
    if not start:
        return statistics(seasons)
    return read_initial_weights(start).statistics
