"""Whose a training's state is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ....shared.cards.parts import Statistics
from ....shared.jobs.train import TrainJob
from ....shared.recipes import Recipe
from ...networks.base import NetworkConfig
from ...splits.split import VALIDATION
from ..data.labelled_series import LabelledCube
from ..data.training_data import TrainingData


def identity_of(
    job: TrainJob, config: NetworkConfig, recipe: Recipe, stats: Statistics, material: TrainingData
) -> dict[str, Any]:
    """What decides how an epoch goes and which is the best, but for the device and its precision."""
    optim, told = job.optim, asdict(recipe)
    asked = {
        "seed": job.seed,
        **{name: value for name, value in told.items() if name not in ("patience", "changes", "adam")},
        **told["changes"],
        **told["adam"],
        "steps": optim.steps,
        "network": job.network.name,
        "settings": asdict(config),
        "bands": job.model_inputs.bands,
        "dates": _dates(material.train),
        "validation parcels": _validation_parcels(material.train),
        "means of the bands": list(stats.mean),
    }
    if not recipe.epochs:
        asked["minutes"] = optim.minutes
    if material.checks:
        asked["dates of the validation series"] = _dates(material.checks)
        asked["parcels of the validation series"] = _validation_parcels(material.checks)
    return asked | {
        "classes": material.legend.names,
        "start": job.network.start,
        "frozen": job.network.frozen,
        "samples_per_class": job.split.samples_per_class,
    }


def _dates(seasons: Sequence[LabelledCube]) -> list[list[str]]:
    return [[str(d) for d in season.dates] for season in seasons]


def _validation_parcels(seasons: Sequence[LabelledCube]) -> list[int]:
    return [int((season.split.parts == VALIDATION).sum()) for season in seasons]
