"""The loop's three tasks, each tiny and of data from a seed; as a program, one that a test can kill, or that several
processes share: `tasks.py TASK FOLDER DEVICES [PAUSE]`."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from crop_classifier_plugin.engine.execution.ranks import HelperDone
from crop_classifier_plugin.engine.networks.base import DataSizes
from crop_classifier_plugin.engine.networks.cropsts import CropStsConfig
from crop_classifier_plugin.engine.networks.tsstfn import Tsstfn, TsstfnConfig
from crop_classifier_plugin.engine.training.loop.checkpoint import CheckpointStore
from crop_classifier_plugin.engine.training.loop.module import TaskModule
from crop_classifier_plugin.engine.training.loop.resume import Resume
from crop_classifier_plugin.engine.training.loop.trainer import run_task
from crop_classifier_plugin.engine.training.pretraining import dino
from crop_classifier_plugin.engine.training.pretraining.sequences import Sequence_
from crop_classifier_plugin.engine.training.pretraining.task import DinoTask, Draws, ViewSource
from crop_classifier_plugin.engine.training.pretraining.views import Viewer, rules
from crop_classifier_plugin.engine.training.tsstfn.task import FusionTask
from crop_classifier_plugin.engine.training.tsstfn.tiles import Sampling, Tiles, TrainingTiles, Year
from crop_classifier_plugin.shared.cards.parts import Statistics
from crop_classifier_plugin.shared.recipes import AdamSpec, Recipe
from kits.training.loop import CPU, RECIPE, Loud, Toy, lesson_of, plain_of
from kits.training.pretraining import TINY, with_optim

EPOCHS = 3
ENCODER = CropStsConfig(
    DataSizes(2, 2, 1), patch=4, grid=4, width=16, depth=2, heads=2, taps=(1, 1, 2, 2), pixel_heads=2
)
FUSION = Recipe("mse", "adam", 5e-3, "constant", epochs=EPOCHS, batch=4, adam=AdamSpec(epsilon=1e-8))


@dataclass(frozen=True)
class Case:
    """A task with what it learns from."""

    module: TaskModule
    training: object
    validation: object = None


class Land:
    """Sequences of chance, as files would give them."""

    def draw(self, rng, reporter):
        image = rng.uniform(100, 4000, (2, 2, 24, 24)).astype(np.float32)
        plots = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((8, 8), int)).astype(np.int32)
        return Sequence_(image, np.array([90, 210]), plots)


def segmentation(plain, reporter, **optim):
    recipe = replace(RECIPE, epochs=EPOCHS, optimizer="adamw", loss="root_cross_entropy", **optim)
    return Case(plain_of(recipe, reporter) if plain else lesson_of(recipe, reporter), Toy(), Toy(5))


def self_distillation(plain, reporter, **optim):
    """`plain`: no path is dropped, so that the steps are the same however a batch is parted."""
    recipe = replace(with_optim(TINY, epochs=EPOCHS, batch=4, **optim), at_once=2)
    stats = Statistics((2000.0,) * 2, (1000.0,) * 2)
    source = ViewSource(Land(), Viewer(stats, rules(recipe.views.large, recipe.views.small), ()), 1, reporter)
    torch.manual_seed(1)
    task = DinoTask(ENCODER, recipe, None, 1.0, source)
    if plain:
        dino.drop_paths(task.student.encoder, 0.0)
    return Case(TaskModule(task, 1, reporter), Draws(8, recipe))


def fusion(plain, reporter, **optim):
    rng = np.random.default_rng(2)
    fine, coarse = (rng.uniform(0, 1, (3, 48, 40)).astype(np.float32) for _ in range(2))
    fine[rng.random(fine.shape) < 0.02] = np.nan
    year = Year(fine, coarse, ~np.isnan(np.concatenate([fine, coarse])).any(axis=0))
    torch.manual_seed(1)
    network = Tsstfn(
        TsstfnConfig(DataSizes(2, 3, 1), widths=(4, 6, 8), chunks=(16,), paths=1, dropout=0.0 if plain else 0.2)
    )
    if plain:
        without_norms(network)
    tiles, sampling = [(row, col) for row in (0, 8, 16) for col in (0, 8, 24)], Sampling(4, 1, augment=True)
    shown, checked = TrainingTiles(year, tiles, 16, sampling), Tiles(year, [(32, c) for c in (0, 8, 24)], 16)
    return Case(TaskModule(FusionTask(network, replace(FUSION, **optim)), 1, reporter), shown, checked)


def without_norms(network):
    """Batch statistics would differ between the parts of a batch."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())


TASKS = {each.__name__: each for each in (segmentation, self_distillation, fusion)}


def run_case(case, folder=None, resume="continue", accelerator=CPU, publish=None):
    store = Resume(CheckpointStore(Path(folder), {"of": "toy"}), resume) if folder else None
    run_task(case.module, case.training, case.validation, accelerator, store, publish)
    return case.module


class Slow(Loud):
    """Each step takes a while, so that it can be killed in the middle of an epoch."""

    def __init__(self, pause):
        super().__init__()
        self.pause = pause

    def check(self):
        time.sleep(self.pause)
        super().check()


if __name__ == "__main__":
    torch.set_num_threads(1)
    name, folder, devices, *pause = sys.argv[1:]
    reporter = Slow(float(pause[0])) if pause else Loud()
    with contextlib.suppress(HelperDone):
        run_case(TASKS[name](not pause, reporter), folder, accelerator=replace(CPU, devices=int(devices)))
