"""A pre-training that takes seconds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from crop_classifier_plugin.engine.networks.base import DataSizes
from crop_classifier_plugin.engine.networks.cropsts import CropStsConfig
from crop_classifier_plugin.engine.training.loop.task import Position
from crop_classifier_plugin.engine.training.pretraining.recipe import DinoRecipe, HeadSizes, ViewSizes
from crop_classifier_plugin.engine.training.pretraining.sequences import Sequence_
from crop_classifier_plugin.engine.training.pretraining.task import DinoTask, ViewBatch
from crop_classifier_plugin.engine.training.pretraining.views import (
    Viewer,
    rules,
)
from crop_classifier_plugin.shared.cards.parts import Statistics
from crop_classifier_plugin.shared.jobs.pretrain import PretrainJob, ProbeJob
from crop_classifier_plugin.shared.jobs.sources import LabelledSeries, LabelSource, ParcelSource, SceneSource, Series
from crop_classifier_plugin.shared.recipes import Recipe
from kits.training.jobs import with_parts

TINY = DinoRecipe(
    Recipe("distillation", "adamw", 6.4e-2, "cosine", epochs=2, batch=2, weight_decay=0.04),
    ViewSizes(3, 24, 16, 8),
    HeadSizes(16, 8, 32),
    warm_up=1,
    at_once=1,
    momentum=0.9,
    min_steps=3,
)


def with_optim(recipe: DinoRecipe, **changes: float) -> DinoRecipe:
    return replace(recipe, optim=replace(recipe.optim, **changes))  # type: ignore[arg-type]


CONFIG = CropStsConfig(
    DataSizes(3, 3, 1), patch=4, grid=4, width=16, depth=2, heads=2, taps=(1, 1, 2, 2), pixel_heads=2
)


def a_sequence(rng, bands=3, dates=3, side=24, gaps=0.0):
    image = rng.uniform(100, 4000, (dates, bands, side, side)).astype(np.float32)
    image[np.broadcast_to(rng.random((dates, 1, side, side)) < gaps, image.shape)] = np.nan
    plots = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((8, 8), int)).astype(np.int32)
    return Sequence_(image, np.array([90, 150, 210]), plots)


def a_batch(seed, count=2, rgb=(0, 1, 2)):
    rng = np.random.default_rng(seed)
    stats = Statistics((2000.0,) * 3, (1000.0,) * 3)
    viewer = Viewer(stats, rules(TINY.views.large, TINY.views.small), rgb)
    drawn = [a_sequence(rng) for _ in range(count)]
    doy = torch.from_numpy(np.stack([s.doy for s in drawn]))
    return ViewBatch([viewer.views(s, rng) for s in drawn], doy, torch.device("cpu"))


def series_of(toy):
    return Series(tuple(SceneSource(str(p)) for p in sorted(toy.glob("S2_*.tif"))), mask="none")


def job_of(toy, folder, **other):
    small = (("grid", "4"), ("width", "16"), ("depth", "2"), ("heads", "2"), ("taps", "1,1,2,2"), ("pixel_heads", "2"))
    values = {"series": (series_of(toy),), "folder": str(folder), "bands": ("B04", "B8A"), "settings": small}
    return pretrain_job(values | other)


def pretrain_job(values):
    """A job of single facts; parcels are named by their file."""
    given = {name: values.pop(name) for name in ("series", "folder")}
    return changed_pretraining(PretrainJob(**given), **values)


def changed_pretraining(job, **values):
    if "parcels" in values:
        values["parcels"] = ParcelSource(values["parcels"]) if values["parcels"] else None
    if "align_weight" in values:
        values["weight"] = values.pop("align_weight")
    return with_parts(job, **values)


def probe_of(toy, tmp_path):
    return ProbeJob(
        str(tmp_path / "e"),
        LabelledSeries(series_of(toy), LabelSource(str(toy / "parcels.gpkg"), class_field="code")),
        str(tmp_path / "probe.json"),
        str(tmp_path / "probe.csv"),
        draws=3,
        support=0.4,
        neighbours=5,
    )


def task_of(config=CONFIG, recipe=TINY, align=None):
    return DinoTask(config, recipe, align, 1.0)


def step(task, batches, at=2):
    """One step of the loop over parts of a batch, the tenth of a hundred an epoch; the losses. `at`: the epoch."""
    position = Position(at, 0, 10, 10)
    task.schedule(position)
    task.optimizer.zero_grad()
    task.start_step()
    found = [task.losses_of(batch) for batch in batches]
    torch.stack([losses["loss"] for losses in found]).mean().backward()
    task.before_step(position)
    task.optimizer.step()
    return found
