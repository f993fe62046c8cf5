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

from ....shared.cards.card import Card, Radar, sha256_of
from ....shared.cards.card import DayWindow as Days
from ....shared.jobs.train import TrainJob
from ....shared.legend import Legend
from ...accuracy.confusion import Confusion
from ...execution.reporter import Reporter
from ...networks.base import NetworkConfig
from ...networks.registry import FORESTS
from ...products.bands import RADAR
from ...reporting.templates import defined
from ...series.scenes.quantity import INDEX, OPTICAL
from ...series.scenes.requirements import InputSpec
from ...splits.parcel_overlap import LEARNT, WeightsProvenance, describe_limits
from ...splits.split import HELD_OUT, TRAIN, VALIDATION
from ..data.labelled_series import LabelledCube
from ..data.normalisation import InputNormaliser
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
    need: InputSpec
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
    job: TrainJob, config: NetworkConfig, parameters: int, material: TrainingData, intake: InputNormaliser
) -> Card:
    """The card but for what is only known of the finished file."""
    dates = sorted({d.isoformat() for season in material.train for d in season.dates})
    west, south, east, north = zip(*(season.bbox() for season in material.train))
    box, name = (min(west), min(south), max(east), max(north)), job.name or Path(job.model).name
    return Card(
        name=name,
        title=job.title or name,
        network=job.network,
        settings=config.settings(),
        bands=job.bands,
        windows=_days(job),
        pixel_size=material.need.pixel_size,
        scale=material.need.scale,
        nodata=material.need.nodata,
        **_scaling(intake, slice(0, intake.first)),
        inputs=intake.inputs,
        radar=Radar(job.radar_bands, **_scaling(intake, slice(intake.first, None))) if material.need.radar else None,
        radar_unit=job.radar_unit,
        reduce=material.need.reduce,
        least_dates=material.need.least_dates,
        monthly=material.need.monthly,
        legend=material.legend,
        sha256="0" * 64,
        tile=round_up(job.tile, config.multiple),
        overlap=overlap_of(job, config.multiple),
        multiple=config.multiple,
        receptive_radius=config.promises.receptive_radius,
        parameters=parameters,
        simulated=job.simulated,
        training_data=_training_data(job, material),
        region=job.region or describe_region(box),
        season=job.season or describe_seasons([season.dates for season in material.train]),
        bbox=box,
        start=f"{dates[0]}T00:00:00Z",
        end=f"{dates[-1]}T23:59:59Z",
        limits=(job.limits or _LIMITS) + describe_limits(material.past),
        licence=job.licence,
        framework_version=onnx.__version__,
    )


def _scaling(intake: InputNormaliser, bands: slice) -> dict[str, Any]:
    """Mean and standard deviation of a series' bands as the card keeps them."""
    stats = intake.stats.of(bands)
    return {"mean": _rounded(stats.mean), "std": _rounded(stats.std)}


def _rounded(values: Any) -> tuple[float, ...]:
    return tuple(float(f"{v:.5g}") for v in values)


def with_file_facts(card: Card, weights: str, tested: Sequence[tuple[str, Confusion]]) -> Card:
    size = Path(weights).stat().st_size
    rows = [r for on, c in tested for r in accuracy_rows(c, card.legend.names, f"{on}, {c.total} px")]
    return replace(card, sha256=sha256_of(weights), file_size=size, accuracy=tuple(rows))


def _training_data(job: TrainJob, material: TrainingData) -> str:
    own = job.training_data or describe_training_data(job, material.train, len(material.legend))
    return f"{own}; {material.past.told}" if material.past else own


def decibels(need: InputSpec) -> tuple[int, ...]:
    """Which of the bands, the first series' before the second's, are read in decibel."""
    bands = (*need.bands, *need.radar)
    return tuple(i for i, band in enumerate(bands) if band in RADAR and need.radar_unit == "decibel")


def input_spec_of(job: TrainJob) -> InputSpec:
    """What the training asks of a series: as the model, but all months that its samples need at once."""
    months = [12 * int(month[:4]) + int(month[5:]) for month, _ in job.month_fields]
    values = INDEX if set(job.bands) <= set(INDEX.bands) else OPTICAL
    return InputSpec(
        job.name or Path(job.model).name,
        job.bands,
        _days(job) if not months else _days(job)[:1] * (len(job.windows) + max(months) - min(months)),
        job.pixel_size or _PIXEL,
        0.5,
        values.scale,
        values.source_nodata,
        reduce=job.reduce or "clearest",
        least_dates=max(job.least_dates, 0),
        radar=job.radar_bands if job.radar else (),
        radar_unit=job.radar_unit,
        monthly=bool(months),
    )


def _days(job: TrainJob) -> tuple[Days, ...]:
    return tuple(Days(first, last) for first, last in job.windows)


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
        "model_sha256": card.sha256,
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
