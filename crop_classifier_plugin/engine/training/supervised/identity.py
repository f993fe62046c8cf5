"""Whose a training's state is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ....shared.cards.parts import Statistics
from ....shared.jobs.train import TrainJob
from ...networks.base import NetworkConfig
from ...splits.split import VALIDATION
from ..data.labelled_series import LabelledCube
from ..optim.recipes import Recipe


def identity_of(
    job: TrainJob,
    config: NetworkConfig,
    recipe: Recipe,
    stats: Statistics,
    seasons: Sequence[LabelledCube],
    checks: Sequence[LabelledCube],
) -> dict[str, Any]:
    """What decides how an epoch goes and which is the best, but for the device and its precision."""
    chosen = {"dates of the validation series": _dates(checks), "parcels of the validation series": _validation(checks)}
    return {
        "seed": job.seed,
        **{name: value for name, value in asdict(recipe).items() if name != "patience"},
        "network": job.network,
        "settings": asdict(config),
        "bands": job.bands,
        "dates": _dates(seasons),
        "validation parcels": _validation(seasons),
        "means of the bands": list(stats.mean),
        "patch": job.patch,
        "jitter": job.jitter,
        **(chosen if checks else {}),
    }


def _dates(seasons: Sequence[LabelledCube]) -> list[list[str]]:
    return [[str(d) for d in season.dates] for season in seasons]


def _validation(seasons: Sequence[LabelledCube]) -> list[int]:
    return [int((season.split.parts == VALIDATION).sum()) for season in seasons]
