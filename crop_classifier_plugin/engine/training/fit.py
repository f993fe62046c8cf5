"""The train job: labelled series -> model folder."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch

from ..card import CARD_FILE, WEIGHTS_FILE, Card, sha256_of
from ..card import Window as Days
from ..errors import LabelsUnusable
from ..events import Part, Reporter
from ..jobs import LabelledSeries, TrainJob
from ..legend import Legend
from ..networks.contract import Network, NetworkConfig, parameter_count
from ..networks.registry import build, configure
from ..outputs import Outputs
from ..series.select import Need
from .export import export
from .lesson import EpochLog, Lesson, Plan, learn
from .losses import class_weights
from .patches import ScoringPatches, Statistics, TrainingPatches, count_classes, shown_shares, statistics
from .scores import Predict, accuracy_rows, score
from .seasons import LabelRule, Season, load_season
from .split import HELD_OUT, PARTS, TRAIN, VALIDATION, SplitRule

ON_HELD_OUT, ON_TESTS = "held-out parcels of the training area", "test series"
_MOST_VALIDATION = 64  # windows looked at after each epoch (choice)


@dataclass(frozen=True, eq=False)
class Material:
    """Everything a training reads."""

    legend: Legend
    need: Need
    train: tuple[Season, ...]  # split into train, validation and held-out parcels
    tests: tuple[Season, ...]  # held out as a whole

    @property
    def classes(self) -> int:
        return len(self.legend)

    def places(self) -> tuple[Season, ...]:
        """The first training series of each set of labels: further ones only show the same parcels on other dates."""
        first: dict[str, Season] = {}
        for season in self.train:
            first.setdefault(season.name, season)
        return tuple(first.values())


def train(job: TrainJob, reporter: Reporter) -> dict[str, object]:
    """Writes model.onnx, model.json (the card), split.json and training.csv into job.model."""
    legend = Legend.load(job.legend)
    config = configure(job.network, dict(job.settings), len(job.bands), len(job.windows), len(legend))
    with ExitStack() as exits:
        outputs = exits.enter_context(Outputs())
        folder = Path(job.model)
        paths = {name: outputs.path(folder / name) for name in (WEIGHTS_FILE, CARD_FILE, "split.json", "training.csv")}
        place = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="crop-classifier-")))
        material = gather(job, legend, place, Part(reporter, 0, 0.15), max(job.patch, job.tile, config.multiple))
        stats = statistics(material.train)
        network, history = fit(job, config, material, stats, Part(reporter, 0.15, 0.9))
        card = _card(job, config, network, material, stats)
        export(network, paths[WEIGHTS_FILE], card)
        accuracy = assess(paths[WEIGHTS_FILE], job, material, stats, Part(reporter, 0.9, 1))
        card = _sealed(card, paths[WEIGHTS_FILE], accuracy)
        Path(paths[CARD_FILE]).write_text(json.dumps(card.to_stac(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        Path(paths["split.json"]).write_text(_split_json(job, material), "utf-8")
        Path(paths["training.csv"]).write_text(_history_csv(history), "utf-8")
    return {"model": job.model, "accuracy": list(accuracy), "parameters": card.parameters, "sha256": card.sha256}


# --- steps -----------------------------------------------------------------------------------------------------------


def gather(job: TrainJob, legend: Legend, place: Path, reporter: Reporter, margin: int) -> Material:
    """Loads every season of the job into `place`."""
    need = Need(job.name or Path(job.model).name, job.bands, _days(job), 10.0, 0.5, 10000.0, 0.0)
    first = LabelledSeries(job.scenes, job.labels, job.labels_layer, job.dates)
    rule = SplitRule(job.held_out, job.validation, job.held_side, job.seed)
    whole = SplitRule(1.0, 0.0, "east", job.seed)
    sources = [(s, rule) for s in (first, *job.more)] + [(s, whole) for s in job.tests]
    seasons = []
    for i, (source, parting) in enumerate(sources):
        folder = place / str(i)
        folder.mkdir()
        part = Part(reporter, i / len(sources), (i + 1) / len(sources))
        labels = LabelRule(job.class_field, legend, parting)
        seasons.append(load_season(source, need, labels, job.mask, margin, folder, part))
    count = 1 + len(job.more)
    return Material(legend, need, tuple(seasons[:count]), tuple(seasons[count:]))


def fit(
    job: TrainJob, config: NetworkConfig, material: Material, stats: Statistics, reporter: Reporter
) -> tuple[Network, tuple[EpochLog, ...]]:
    """The trained network in eval mode. Leaves torch's global random numbers as they were."""
    counts = count_classes(material.train, TRAIN, material.classes)
    if not counts.any():
        raise LabelsUnusable("No labelled pixel is left to train on: lower held_out and validation.")
    _tell_classes(material, counts, reporter)
    patch = _round_up(job.patch, config.multiple)
    length = (job.steps or max(1, round(int(counts.sum()) / patch**2 / job.batch))) * job.batch
    patches = TrainingPatches(material.train, stats, patch, length, job.jitter, job.seed)
    tile = _round_up(job.tile, config.multiple)
    checks = ScoringPatches(material.train, stats, VALIDATION, tile, job.overlap, _MOST_VALIDATION)
    plan = Plan(job.epochs, job.batch, job.optimizer, job.learning_rate, job.device)
    with torch.random.fork_rng():
        torch.manual_seed(job.seed)
        lesson = Lesson(
            build(job.network, config), class_weights(torch.from_numpy(shown_shares(counts))), plan, reporter
        )
        learn(lesson, patches, checks)
    return lesson.learnt(), tuple(lesson.history)


def assess(
    weights: str, job: TrainJob, material: Material, stats: Statistics, reporter: Reporter
) -> tuple[dict[str, Any], ...]:
    """Accuracy rows of the ONNX file on the held-out parcels and on the test series."""
    predict = onnx_predict(weights)
    rows: list[dict[str, Any]] = []
    for seasons, on in ((material.places(), ON_HELD_OUT), (material.tests, ON_TESTS)):
        patches = ScoringPatches(seasons, stats, HELD_OUT, job.tile, job.overlap)
        if len(patches):
            confusion = score(predict, patches, material.classes, reporter)
            rows += accuracy_rows(confusion, material.legend.names, f"{on}, {confusion.total} px")
    return tuple(rows)


def onnx_predict(weights: str) -> Predict:
    """The file as a function from z-scores to probabilities."""
    session = ort.InferenceSession(Path(weights).read_bytes(), providers=["CPUExecutionProvider"])
    return lambda x: np.asarray(session.run(["probability"], {"x": x})[0], np.float32)


# --- the card --------------------------------------------------------------------------------------------------------


def _card(job: TrainJob, config: NetworkConfig, network: Network, material: Material, stats: Statistics) -> Card:
    """The card but for what is only known of the finished file."""
    dates = sorted(d for season in material.train for d in season.dates)
    boxes = [season.bbox() for season in material.train]
    name = job.name or Path(job.model).name
    return Card(
        name=name,
        title=job.title or name,
        network=job.network,
        settings=config.settings(),
        bands=job.bands,
        windows=_days(job),
        mean=tuple(round(float(v), 3) for v in stats.mean),
        std=tuple(round(float(v), 3) for v in stats.std),
        legend=material.legend,
        sha256="0" * 64,
        tile=_round_up(job.tile, config.multiple),
        overlap=job.overlap,
        multiple=config.multiple,
        parameters=parameter_count(network),
        simulated=job.simulated,
        training_data=job.training_data,
        region=job.region,
        season=job.season,
        bbox=(min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)),
        start=f"{dates[0].isoformat()}T00:00:00Z",
        end=f"{dates[-1].isoformat()}T23:59:59Z",
        limits=job.limits,
        licence=job.licence,
        framework_version=onnx.__version__,
    )


def _sealed(card: Card, weights: str, accuracy: Sequence[dict[str, Any]]) -> Card:
    size = Path(weights).stat().st_size
    return replace(card, sha256=sha256_of(weights), file_size=size, accuracy=tuple(accuracy))


def _days(job: TrainJob) -> tuple[Days, ...]:
    return tuple(Days(first, last) for first, last in job.windows)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


# --- what is told and written beside the model -----------------------------------------------------------------------


def _tell_classes(material: Material, counts: Any, reporter: Reporter) -> None:
    """Says which classes cannot be learnt or tested."""
    tested = count_classes(material.places(), HELD_OUT, material.classes)
    for i, name in enumerate(material.legend.names):
        if not counts[i]:
            reporter.log(f"The class {name} has no parcel to train on: the model will not find it.", "warning")
        elif not tested[i]:
            reporter.log(f"The class {name} has no held-out parcel: its accuracy is not known.", "warning")


def _split_json(job: TrainJob, material: Material) -> str:
    """Which parcels of each place fell into which part: [x, y, index of the class in the legend] a parcel."""
    rule = {"held_out": job.held_out, "validation": job.validation, "side": job.held_side, "seed": job.seed}
    places = ",\n".join(_place_json(season) for season in material.places())
    return f'{{"rule": {json.dumps(rule)},\n"places": [\n{places}\n]}}\n'


def _place_json(season: Season) -> str:
    facts: dict[str, Any] = {"dates": [d.isoformat() for d in season.dates], "held_side": season.split.side}
    for part, name in PARTS.items():
        here = season.split.parts == part
        rows = zip(season.parcels.points[here], season.parcels.classes[here])
        facts[name] = [[float(f"{x:.8g}"), float(f"{y:.8g}"), int(c)] for (x, y), c in rows]
    return json.dumps(facts, separators=(",", ":"))


def _history_csv(history: Sequence[EpochLog]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(asdict(history[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(log) for log in history)
    return text.getvalue()
