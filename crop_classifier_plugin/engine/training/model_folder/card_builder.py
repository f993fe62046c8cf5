"""What a training reads, and what it writes beside the model: card, split of the parcels, loss of each epoch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ....shared.cards.card import Card
from ....shared.cards.files import sha256_of
from ....shared.cards.parts import (
    DateSpec,
    DayWindow,
    InputSpec,
    RadarSpec,
    Statistics,
    Terms,
    TilingSpec,
    TrainingFacts,
    WeightsFacts,
)
from ....shared.jobs.train import TrainJob
from ....shared.legend import Legend
from ...accuracy.confusion import Confusion
from ...execution.reporter import Reporter
from ...networks.base import NetworkConfig
from ...networks.registry import FORESTS
from ...reporting.templates import defined
from ...series.cube.preprocess import Preprocess
from ...series.scenes.quantity import INDEX, OPTICAL
from ...splits.parcel_overlap import LEARNT, WeightsProvenance, describe_limits
from ...splits.split import HELD_OUT, TRAIN, VALIDATION
from ..data.labelled_series import LabelledCube
from ..data.patches import count_classes
from ..data.split_file import learnt_json, place_json
from ..loop.evaluation import accuracy_rows
from ..loop.module import EpochLog
from .card_texts import describe_region, describe_seasons, describe_training_data

ON_HELD_OUT, ON_TESTS = "held-out parcels of the training area", "test series"
_PIXEL = 10.0  # m, of a job that was not completed from its series
_LIMITS = (
    "Not tested beyond the held-out parcels of its own training area and season. It names one of its classes "
    "everywhere, on woods, water, roads and buildings too."
)


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Everything a training reads."""

    legend: Legend
    train: tuple[LabelledCube, ...]  # split into train, validation and held-out parcels
    checks: tuple[LabelledCube, ...]  # all of them validation
    tests: tuple[LabelledCube, ...]  # held out as a whole
    past: WeightsProvenance | None = None  # of the model that the training starts from

    @property
    def classes(self) -> int:
        return len(self.legend)

    def places(self) -> tuple[LabelledCube, ...]:
        """The first training series of each set of labels, and further ones that show more parcels than it."""
        return tuple(season for season in self.train if season.is_place)

    def tell_classes(self, counts: NDArray[np.int64], reporter: Reporter) -> None:
        """Says which classes cannot be learnt or tested; `counts` (K,): pixels to train on."""
        tested = count_classes(self.places(), HELD_OUT, self.classes)
        for i, name in enumerate(self.legend.names):
            if not counts[i]:
                reporter.log(f"The class {name} has no parcel to train on: the model will not find it.", "warning")
            elif not tested[i]:
                reporter.log(f"The class {name} has no held-out parcel: its accuracy is not known.", "warning")


# --- the card --------------------------------------------------------------------------------------------------------


def card_of(
    job: TrainJob, config: NetworkConfig, parameters: int, material: TrainingData, preprocess: Preprocess
) -> Card:
    """The card but for what is only known of the finished file."""
    statistics = preprocess.statistics
    return Card(
        name=job.name or Path(job.model).name,
        network=job.network,
        settings=config.settings(),
        inputs=preprocess.inputs,
        statistics=Statistics(_rounded(statistics.mean), _rounded(statistics.std)),
        legend=material.legend,
        weights=WeightsFacts("0" * 64, parameters=parameters, framework_version=onnx.__version__),
        tiling=TilingSpec(
            tile=round_up(job.tile, config.multiple),
            overlap=overlap_of(job, config.multiple),
            multiple=config.multiple,
            receptive_radius=config.promises.receptive_radius,
        ),
        training=_training_facts(job, material),
        terms=Terms((job.limits or _LIMITS) + describe_limits(material.past), job.licence),
    )


def _training_facts(job: TrainJob, material: TrainingData) -> TrainingFacts:
    dates = sorted({d.isoformat() for season in material.train for d in season.dates})
    west, south, east, north = zip(*(season.bbox() for season in material.train))
    box = min(west), min(south), max(east), max(north)
    return TrainingFacts(
        training_data=_training_data(job, material),
        region=job.region or describe_region(box),
        season=job.season or describe_seasons([season.dates for season in material.train]),
        bbox=box,
        start=f"{dates[0]}T00:00:00Z",
        end=f"{dates[-1]}T23:59:59Z",
        simulated=job.simulated,
    )


def _rounded(values: Any) -> tuple[float, ...]:
    return tuple(float(f"{v:.5g}") for v in values)


def with_file_facts(card: Card, weights: str, tested: Sequence[tuple[str, Confusion]]) -> Card:
    size = Path(weights).stat().st_size
    rows = [r for on, c in tested for r in accuracy_rows(c, card.legend.names, f"{on}, {c.total} px")]
    facts = replace(card.weights, sha256=sha256_of(weights), size=size)
    return replace(card, weights=facts, accuracy=tuple(rows))


def _training_data(job: TrainJob, material: TrainingData) -> str:
    own = job.training_data or describe_training_data(job, material.train, len(material.legend))
    return f"{own}; {material.past.told}" if material.past else own


def input_spec_of(job: TrainJob, tensors: tuple[str, ...]) -> InputSpec:
    """What the model will ask of a series; `tensors`: the inputs of the network."""
    values = INDEX if set(job.bands) <= set(INDEX.bands) else OPTICAL
    return InputSpec(
        model=job.title or job.name or Path(job.model).name,
        bands=job.bands,
        dates=DateSpec(
            windows=tuple(DayWindow(first, last) for first, last in job.windows),
            reduce=job.reduce or "clearest",
            min_dates=max(job.least_dates, 0),
            monthly=bool(job.month_fields),
        ),
        radar=RadarSpec(bands=job.radar_bands if job.radar else (), unit=job.radar_unit),
        pixel_size=job.pixel_size or _PIXEL,
        scale=values.scale,
        nodata=values.source_nodata,
        tensors=tensors,
    )


def series_spec_of(job: TrainJob) -> InputSpec:
    """What the training asks of a series: as the model, but all months that its samples need at once."""
    months = [12 * int(month[:4]) + int(month[5:]) for month, _ in job.month_fields]
    spec = input_spec_of(job, ("x", "doy"))  # any month may be named: the labels tell which
    if not months:
        return spec
    windows = spec.dates.windows[:1] * (len(job.windows) + max(months) - min(months))
    return replace(spec, dates=replace(spec.dates, windows=windows))


def round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def overlap_of(job: TrainJob, multiple: int) -> int:
    """Of the model's tiles: in multiples of what the network takes, and at most half a tile."""
    wanted = round_up(job.overlap, multiple)
    return min(wanted, round_up(job.tile, multiple) // 2 // multiple * multiple)


# --- what is told and written beside the model -----------------------------------------------------------------------


def log_results(tested: Sequence[tuple[str, Confusion]], reporter: Reporter) -> None:
    """One line about each test."""
    for on, confusion in tested:
        reporter.log(
            f"On the {on}: overall accuracy {confusion.oa:.3f}, mean F1 {confusion.mean_f1:.3f} "
            f"({confusion.total:,} pixels)."
        )


def run_facts(card: Card, material: TrainingData) -> dict[str, Any]:
    """What the record of the run says of the model and of what it was made from."""
    seasons = (*material.train, *material.checks, *material.tests)
    return {
        "model": card.name,
        "network": card.network,
        "model_sha256": card.weights.sha256,
        "series": [dated(season) for season in seasons],
        "accuracy": list(card.accuracy),
    }


def headline(tested: Sequence[tuple[str, Confusion]]) -> dict[str, float | None]:
    """Overall accuracy and mean F1 on the held-out parcels; None where none was held out."""
    found = next((c for on, c in tested if on == ON_HELD_OUT), None)
    return {"oa": defined(found.oa), "mean_f1": defined(found.mean_f1)} if found else {"oa": None, "mean_f1": None}


def parcel_counts(material: TrainingData) -> tuple[tuple[int, int, int], ...]:
    """Parcels a class of the legend to train on, to validate, and held out."""
    places = material.places()
    return tuple(
        (_count(places, cls, TRAIN), _count(places, cls, VALIDATION), _count(places, cls, HELD_OUT))
        for cls in range(material.classes)
    )


def _count(places: Sequence[LabelledCube], cls: int, part: int) -> int:
    return sum(int(((s.parcels.classes == cls) & s.of(part)).sum()) for s in places)


def split_json(job: TrainJob, material: TrainingData) -> str:
    """Which parcels of each place fell into which part, and what models that this one started from had learnt from.

    Where series of their own choose the best epoch, they are named: no parcel of a place was asked to.
    """
    share = validation_share(job)
    rule: dict[str, Any] = {"held_out": job.held_out, "validation": share, "side": job.held_side, "seed": job.seed}
    if job.split != "side":
        rule |= {"split": job.split, "block": job.block}
    if material.checks:
        rule["validation_series"] = [dated(season) for season in material.checks]
    past, lists = material.past, {"places": [place_json(season) for season in material.places()]}
    if material.checks:
        lists["validation_places"] = [place_json(season) for season in material.checks]
    if past:
        rule |= {"start": past.name, "start_known": past.known}
        lists["earlier"] = [learnt_json(g) for g in past.grounds if np.isin(g.parts, LEARNT).any()]
    texts = [f'"{name}": [\n' + ",\n".join(rows) + "\n]" for name, rows in lists.items()]
    return ",\n".join([f'{{"rule": {json.dumps(rule)}', *texts]) + "}\n"


def validation_share(job: TrainJob) -> float:
    """Of the parcels of each place: none where series of their own choose the best epoch, or where there are none."""
    return 0.0 if job.checks or job.network in FORESTS else job.validation


def dated(season: LabelledCube) -> dict[str, Any]:
    return {"labels": season.name, "dates": [d.isoformat() for d in season.dates]}


def history_csv(history: Sequence[EpochLog]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=[f.name for f in fields(EpochLog)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(log) for log in history)
    return text.getvalue()
