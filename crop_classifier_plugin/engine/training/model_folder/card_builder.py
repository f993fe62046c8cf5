"""The card of a model that was trained: from its job, its network and what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import onnx

from ....shared.cards.card import Card
from ....shared.cards.files import sha256_of
from ....shared.cards.parts import (
    Terms,
    TilingSpec,
    WeightsFacts,
)
from ....shared.jobs.train import ModelInputs, TrainJob
from ....shared.legend import Legend
from ...accuracy.confusion import Confusion
from ...networks.base import NetworkConfig
from ...series.cube.input_normalisation import Preprocess
from ...splits.parcel_overlap import describe_limits
from ..data.training_data import TrainingData
from ..loop.evaluation import accuracy_rows
from .training_facts import training_facts

_LIMITS = (
    "Not tested beyond the held-out parcels of its own training area and season. It names one of its classes "
    "everywhere, on woods, water, roads and buildings too."
)


def card_of(
    job: TrainJob,
    config: NetworkConfig,
    parameters: int,
    material: TrainingData,
    preprocess: Preprocess,
    recipe: str = "",
) -> Card:
    """The card but for what is only known of the finished file; `recipe`: by which it was trained, in words."""
    return Card(
        name=job.name,
        network=job.network.name,
        settings=config.settings(),
        inputs=preprocess.inputs,
        statistics=preprocess.statistics,
        legend=Legend(material.legend.classes),
        weights=WeightsFacts("0" * 64, parameters=parameters, framework_version=onnx.__version__),
        tiling=tiling_of(job.model_inputs, config),
        training=replace(training_facts(job.card, job.data, material, preprocess.inputs.all_bands), recipe=recipe),
        terms=Terms((job.card.limits or _LIMITS) + describe_limits(material.past), job.card.licence),
    )


def with_file_facts(card: Card, weights: str, tested: Sequence[tuple[str, Confusion]]) -> Card:
    size = Path(weights).stat().st_size
    rows = [r for on, c in tested for r in accuracy_rows(c, card.legend.names, f"{on}, {c.total} px")]
    facts = replace(card.weights, sha256=sha256_of(weights), size=size)
    return replace(card, weights=facts, accuracy=tuple(rows))


def round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def tiling_of(inputs: ModelInputs, config: NetworkConfig) -> TilingSpec:
    """The model's tiles: in multiples of what the network takes, the overlap at most half a tile."""
    multiple = config.multiple
    tile, overlap = round_up(inputs.tile, multiple), round_up(inputs.overlap, multiple)
    most = tile // 2 // multiple * multiple
    return TilingSpec(tile, min(overlap, most), multiple, config.capabilities.receptive_radius)
