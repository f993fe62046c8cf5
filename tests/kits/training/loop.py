"""A tiny lesson for the tests of the loop; as a program, one that a test can kill, or that several processes share:
`loop.py FOLDER OPTIMIZER [DEVICES]`."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.data import Dataset

from crop_classifier_plugin.engine.execution.ranks import HelperDone, rank
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.networks.registry import build, configure
from crop_classifier_plugin.engine.training.loop.accelerator import Accelerator
from crop_classifier_plugin.engine.training.loop.checkpoint import CheckpointStore
from crop_classifier_plugin.engine.training.loop.module import TaskModule
from crop_classifier_plugin.engine.training.loop.resume import Resume
from crop_classifier_plugin.engine.training.loop.trainer import run_task
from crop_classifier_plugin.engine.training.optim.recipes import recipe_of
from crop_classifier_plugin.engine.training.supervised.task import SegmentationTask

CPU = Accelerator("cpu", "32-true", "On the processor.")
RECIPE = replace(recipe_of("unet", "paper"), epochs=6, batch=4, learning_rate=0.02)


class Toy(Dataset):
    """Patches in which the class of a pixel is the band that is brighter; others in each epoch, as in training."""

    def __init__(self, length=8, pause=0.0):
        self.length, self.pause, self.epoch = length, pause, 0

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        time.sleep(self.pause)
        chance = torch.Generator().manual_seed(1000 * self.epoch + index)
        x = torch.randn(1, 2, 8, 8, generator=chance)
        target = x[0].argmax(dim=0)
        target[torch.rand(8, 8, generator=chance) < 0.2] = -1
        return {"x": x, "target": target}


def lesson_of(recipe=RECIPE, reporter=None, seed=1, **settings):
    torch.manual_seed(seed)
    config = configure("unet", {"widths": "4,8", "dropout": "0.2", **settings}, bands=2, dates=1, classes=2)
    return module_of(build("unet", config), recipe, reporter, seed)


def module_of(network, recipe=RECIPE, reporter=None, seed=1):
    return TaskModule(SegmentationTask(network, torch.tensor([0.5, 0.5]), recipe), seed, reporter or Silent())


def run(lesson, folder=None, resume="continue", patches=None, checks=True, identity=None, machine=CPU):
    store = Resume(CheckpointStore(Path(folder), identity or {"of": "toy"}), resume) if folder else None
    run_task(lesson, patches or Toy(), Toy(5) if checks else None, machine, store)
    return lesson


def plain_of(recipe, reporter=None):
    """A lesson whose steps are the same however a batch is parted: without dropout and batch normalisation."""
    torch.manual_seed(1)
    return module_of(Plain(), recipe, reporter)


class Plain(torch.nn.Module):
    inputs = ("x",)

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(2, 4, 3, padding=1), torch.nn.GELU(), torch.nn.Conv2d(4, 2, 1)
        )

    def forward(self, x):
        found = self.layers(x.flatten(1, 2))
        return found[None] if self.training else found


class Loud(Silent):
    """Says which process says what."""

    def log(self, text, level="info"):
        sys.stdout.write(f"{rank()}: {text}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    recipe = replace(RECIPE, optimizer=sys.argv[2])
    if len(sys.argv) == 3:
        run(lesson_of(recipe), sys.argv[1], patches=Toy(pause=0.05))
    else:
        machine = replace(CPU, devices=int(sys.argv[3]))
        with contextlib.suppress(HelperDone):
            run(plain_of(replace(recipe, loss="root_cross_entropy"), Loud()), sys.argv[1], machine=machine)
