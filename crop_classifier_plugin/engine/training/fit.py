"""The train job: labelled series -> model folder."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch

from ..accuracy.confusion import Confusion
from ..accuracy.report import defined
from ..card import CARD_FILE, WEIGHTS_FILE, Card, sha256_of
from ..card import Window as Days
from ..errors import LabelsUnusable
from ..events import Part, Reporter
from ..jobs import LabelledSeries, TrainJob
from ..legend import Legend
from ..networks.contract import Network, NetworkConfig, parameter_count
from ..networks.random_forest import RandomForestConfig
from ..networks.registry import build, configure
from ..outputs import Outputs
from ..series.select import Need
from .defaults import complete
from .export import export
from .forest import grow
from .forest_onnx import export_forest
from .lesson import EpochLog, Lesson, learn
from .patches import ScoringPatches, Statistics, TrainingPatches, count_classes, shown_shares, statistics
from .recipes import resolved
from .report import Trained, write_report
from .scores import Predict, accuracy_rows, score
from .seasons import Clouds, LabelRule, Season, load_season
from .split import HELD_OUT, PARTS, TRAIN, VALIDATION, SplitRule

ON_HELD_OUT, ON_TESTS = "held-out parcels of the training area", "test series"
HISTORY_FILE, SPLIT_FILE, REPORT_FILE, FACTS_FILE = "training.csv", "split.json", "training.html", "training.json"
_FILES = (WEIGHTS_FILE, CARD_FILE, SPLIT_FILE, HISTORY_FILE, REPORT_FILE, FACTS_FILE)
_LIMITS = (
    "Not tested beyond the held-out parcels of its own training area and season. It names one of its classes "
    "everywhere, on woods, water, roads and buildings too."
)
_FEWEST_STEPS = 10  # an epoch: few labels are shown more often, turned and shifted each time (choice)
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
    """Writes model.onnx, model.json (the card), split.json, training.csv, .json and .html into job.model."""
    job, legend = complete(job, reporter)
    config = configure(job.network, dict(job.settings), len(job.bands), len(job.windows), len(legend))
    with Outputs() as outputs:
        folder = Path(job.model)
        paths = {name: outputs.path(folder / name) for name in _FILES}
        material = gather(
            job, legend, outputs.scratch(), Part(reporter, 0, 0.15), max(job.patch, job.tile, config.multiple)
        )
        stats = statistics(material.train)
        learnt = _learn(job, config, material, stats, Part(reporter, 0.15, 0.9))
        card = _card(job, config, learnt.parameters, material, stats)
        learnt.export(paths[WEIGHTS_FILE], card)
        tested = assess(paths[WEIGHTS_FILE], job, material, stats, Part(reporter, 0.9, 1))
        card = _sealed(card, paths[WEIGHTS_FILE], tested)
        outputs.write_text(folder / CARD_FILE, json.dumps(card.to_stac(), indent=1, ensure_ascii=False) + "\n")
        outputs.write_text(folder / SPLIT_FILE, _split_json(job, material))
        outputs.write_text(folder / HISTORY_FILE, _history_csv(learnt.history))
        trained = Trained(job, card, learnt.history, tested, _parcel_counts(material))
        write_report(trained, folder / FACTS_FILE, folder / REPORT_FILE, outputs)
    facts = {"accuracy": list(card.accuracy), "parameters": card.parameters, "sha256": card.sha256}
    return {"model": job.model, "report": str(folder / REPORT_FILE), **facts, **_headline(tested)}


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a training leaves, a network or a forest; `export` writes its file."""

    parameters: int
    history: tuple[EpochLog, ...]
    export: Callable[[str, Card], object]


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
        clouds = Clouds(job.mask, job.mask_layers if i == 0 else ())
        seasons.append(load_season(source, need, labels, clouds, margin, folder, part))
    count = 1 + len(job.more)
    return Material(legend, need, tuple(seasons[:count]), tuple(seasons[count:]))


def _learn(job: TrainJob, config: NetworkConfig, material: Material, stats: Statistics, reporter: Reporter) -> Learnt:
    if not isinstance(config, RandomForestConfig):
        network, history = fit(job, config, material, stats, reporter)
        return Learnt(parameter_count(network), history, partial(export, network))
    _tell_classes(material, count_classes(material.train, TRAIN, material.classes), reporter)
    forest = grow(config, material.train, stats, job.seed, reporter)
    return Learnt(0, (), partial(export_forest, forest))


def fit(
    job: TrainJob, config: NetworkConfig, material: Material, stats: Statistics, reporter: Reporter
) -> tuple[Network, tuple[EpochLog, ...]]:
    """The trained network in eval mode. Leaves torch's global random numbers as they were."""
    counts = count_classes(material.train, TRAIN, material.classes)
    if not counts.any():
        raise LabelsUnusable("No labelled pixel is left to train on: lower held_out and validation.")
    _tell_classes(material, counts, reporter)
    patch = _round_up(job.patch, config.multiple)
    recipe = resolved(job)
    length = (job.steps or max(_FEWEST_STEPS, round(int(counts.sum()) / patch**2 / recipe.batch))) * recipe.batch
    patches = TrainingPatches(material.train, stats, patch, length, job.jitter, job.seed)
    tile = _round_up(job.tile, config.multiple)
    checks = ScoringPatches(material.train, stats, VALIDATION, tile, job.overlap, _MOST_VALIDATION)
    with torch.random.fork_rng():
        torch.manual_seed(job.seed)
        lesson = Lesson(build(job.network, config), torch.from_numpy(shown_shares(counts)), recipe, reporter)
        learn(lesson, patches, checks, job.device)
    return lesson.learnt(), tuple(lesson.history)


def assess(
    weights: str, job: TrainJob, material: Material, stats: Statistics, reporter: Reporter
) -> tuple[tuple[str, Confusion], ...]:
    """Confusion matrices of the ONNX file on the held-out parcels and on the test series, where there are such."""
    predict = onnx_predict(weights)
    tested = []
    for seasons, on in ((material.places(), ON_HELD_OUT), (material.tests, ON_TESTS)):
        patches = ScoringPatches(seasons, stats, HELD_OUT, job.tile, job.overlap)
        if len(patches):
            confusion = score(predict, patches, material.classes, reporter)
            tested.append((on, confusion))
    return tuple(tested)


def onnx_predict(weights: str) -> Predict:
    """The file as a function from its inputs by name to probabilities."""
    session = ort.InferenceSession(Path(weights).read_bytes(), providers=["CPUExecutionProvider"])
    return lambda inputs: np.asarray(session.run(["probability"], inputs)[0], np.float32)


# --- the card --------------------------------------------------------------------------------------------------------


def _card(job: TrainJob, config: NetworkConfig, parameters: int, material: Material, stats: Statistics) -> Card:
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
        overlap=_overlap(job, config),
        multiple=config.multiple,
        receptive_radius=config.promises.receptive_radius,
        parameters=parameters,
        simulated=job.simulated,
        training_data=job.training_data or _material_in_words(job, material),
        region=job.region,
        season=job.season,
        bbox=(min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)),
        start=f"{dates[0].isoformat()}T00:00:00Z",
        end=f"{dates[-1].isoformat()}T23:59:59Z",
        limits=job.limits or _LIMITS,
        licence=job.licence,
        framework_version=onnx.__version__,
    )


def _sealed(card: Card, weights: str, tested: Sequence[tuple[str, Confusion]]) -> Card:
    size = Path(weights).stat().st_size
    rows = [r for on, c in tested for r in accuracy_rows(c, card.legend.names, f"{on}, {c.total} px")]
    return replace(card, sha256=sha256_of(weights), file_size=size, accuracy=tuple(rows))


def _material_in_words(job: TrainJob, material: Material) -> str:
    parcels = sum(len(season.parcels.classes) for season in material.places())
    dates = sorted({d.isoformat() for season in material.train for d in season.dates})
    return f"{parcels} labelled parcels of {Path(job.labels).name}, scenes of {', '.join(dates)}"


def _days(job: TrainJob) -> tuple[Days, ...]:
    return tuple(Days(first, last) for first, last in job.windows)


def _overlap(job: TrainJob, config: NetworkConfig) -> int:
    """The job's, or as much as the network's radius needs: tiles are then exact, and more would only cost time."""
    radius = config.promises.receptive_radius
    return min(job.overlap, _round_up(2 * radius + 2, config.multiple)) if radius else job.overlap


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


def _headline(tested: Sequence[tuple[str, Confusion]]) -> dict[str, float | None]:
    """Overall accuracy and mean F1 on the held-out parcels; None where none was held out."""
    found = next((c for on, c in tested if on == ON_HELD_OUT), None)
    return {"oa": defined(found.oa), "mean_f1": defined(found.mean_f1)} if found else {"oa": None, "mean_f1": None}


def _parcel_counts(material: Material) -> tuple[tuple[int, int, int], ...]:
    """Parcels a class of the legend to train on, to validate, and held out."""
    places = material.places()
    return tuple(
        (_count(places, cls, TRAIN), _count(places, cls, VALIDATION), _count(places, cls, HELD_OUT))
        for cls in range(material.classes)
    )


def _count(places: Sequence[Season], cls: int, part: int) -> int:
    return sum(int(((s.parcels.classes == cls) & (s.split.parts == part)).sum()) for s in places)


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
    writer = csv.DictWriter(text, fieldnames=[f.name for f in fields(EpochLog)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(log) for log in history)
    return text.getvalue()
