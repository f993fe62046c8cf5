"""The probe job: how well an encoder's features tell crops apart, by nearest neighbours and by a linear classifier.

As the CropSTS paper probes; a sample is a token (its mean over the dates), for with ten sequences to learn from,
twenty neighbours are more than there are sequences (docs/papers/cropsts.md, section 3.9).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ....shared.cards.parts import Statistics
from ....shared.errors import LabelsUnusable
from ....shared.jobs.pretrain import ProbeJob
from ....shared.jobs.sources import LabelSource
from ...accuracy.confusion import Confusion
from ...execution.job_run import job_run
from ...execution.reporter import Reporter
from ...labels.open_labels import open_labels
from ...networks.cropsts import CropStsEncoder
from ...reporting.csv_table import csv_text
from ...reporting.json_file import write_json
from ...series.cube.input_normalisation import z_scores
from ..loop.accelerator import torch_device
from ..model_folder.encoder_folder import (
    ENCODER_FILE,
    FACTS_FILE,
    EncoderFacts,
    bare_encoder,
    read_facts,
    read_weights,
)
from .dino import mean_over_dates
from .sequences import Sequence_, Sequences, open_sequences

VOID = -1
_PURITY = 0.5  # least share of a token's pixels that its class has
_UNTRAINED = "untrained"


@dataclass(frozen=True, eq=False)
class Tokens:
    """One sequence: a feature and a class for each of its N tokens, and the class of each pixel."""

    features: NDArray[np.float32]  # (N,d)
    classes: NDArray[np.int64]  # (N,), VOID where no class has half the token
    truth: NDArray[np.int64]  # (S,S), VOID where unlabelled


@dataclass(frozen=True)
class Score:
    """One draw of one classifier on one encoder."""

    encoder: str  # "pre-trained" or "untrained"
    probe: str  # "knn" or "linear"
    draw: int
    accuracy: float  # of tokens
    mean_iou: float  # of pixels, over the classes in truth or prediction


def probe(job: ProbeJob, reporter: Reporter) -> dict[str, object]:
    """Writes the report as JSON, and each draw as a row of CSV."""
    facts, device = read_facts(job.encoder), _device(job.device, reporter)
    with job_run(job, reporter) as run:
        tile = (job.tile or facts.tile) // facts.settings["patch"] * facts.settings["patch"]
        with open_sequences((job.data.series,), facts.bands, facts.count, tile, None, reporter) as sequences:
            run.protect_inputs([*sequences.sources, *(Path(job.encoder) / name for name in (ENCODER_FILE, FACTS_FILE))])
            truths, names = _truths(job.data.labels, sequences, job.sequences, job.seed, reporter)
            scores: list[Score] = []
            for i, (name, encoder) in enumerate(_encoders(job.encoder, facts, job.seed)):
                part = run.step(i / 2, (i + 1) / 2)
                tokens = _tokens(encoder.to(device).eval(), facts, sequences, truths, part)
                scores += _draws(job, name, tokens, len(names), part)
        report = _report(job, facts, scores, names)
        write_json(run.outputs, job.report_json, report)
        if job.report_csv:
            run.outputs.write_text(job.report_csv, _csv(scores))
    for row in report["results"]:
        reporter.log(
            f"{row['encoder']}, {row['probe']}: accuracy {row['accuracy']:.3f} +- {row['accuracy_sd']:.3f}, "
            f"mIoU {row['mean_iou']:.3f} +- {row['mean_iou_sd']:.3f}"
        )
    return {"report": job.report_json, "table": job.report_csv, "results": report["results"], "device": device}


def _device(requested: str, reporter: Reporter) -> str:
    """What torch runs on; the log says it, and why."""
    device = torch_device(requested)
    reporter.log(f"Learning on {device.name}: {device.why}.")
    return device.name


def _encoders(folder: str, facts: EncoderFacts, seed: int) -> list[tuple[str, CropStsEncoder]]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        trained, untrained = bare_encoder(facts), bare_encoder(facts)
    read_weights(folder, trained)
    return [("pre-trained", trained), (_UNTRAINED, untrained)]


# --- labels ----------------------------------------------------------------------------------------------------------


def _truths(
    labels: LabelSource, sequences: Sequences, most: int, seed: int, reporter: Reporter
) -> tuple[dict[int, Truth], tuple[str, ...]]:
    """The classes of each labelled tile, at most `most` of them by chance, and the classes' names."""
    stack = sequences.places[0].stack
    found: dict[int, Truth] = {}
    with open_labels(labels, stack.grid, stack.layers[0].scene.refs[0].path) as reference:
        for index in np.random.default_rng(seed).permutation(len(sequences)):
            reporter.check()
            _, window = sequences.windows[index]
            if window.row % window.height or window.col % window.width:
                continue  # the last ones of a row or column share pixels with their neighbours
            classes = np.maximum(reference.read(window).astype(np.int64), VOID)  # what is disputed is no label
            if (classes >= 0).any() and len(found) < most:
                found[int(index)] = Truth(classes, reference.are_points)
        names = tuple(label.name or label.text for label in reference.labels)
        for note in reference.notes:
            reporter.log(note, "warning")
    if len(found) < 2:
        raise LabelsUnusable(
            f"{len(found)} tiles of {sequences.tile} px hold labels, a probe needs 2 at least: give a larger series, "
            "or smaller tiles."
        )
    return found, names


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a tile."""

    classes: NDArray[np.int64]  # (S,S), VOID where unlabelled
    points: bool = False  # single pixels are labelled, which stand for what lies around them

    def tokens(self, patch: int) -> NDArray[np.int64]:
        """(N,): the class that most of a token's pixels have, VOID where it has less than half of them; of points: of
        its labelled pixels."""
        side = len(self.classes) // patch
        cut = self.classes[: side * patch, : side * patch]
        cells = cut.reshape(side, patch, side, patch).transpose(0, 2, 1, 3).reshape(side * side, -1)
        counts = np.stack([(cells == c).sum(axis=1) for c in range(int(cut.max(initial=0)) + 1)], axis=1)
        known = counts.sum(axis=1) if self.points else np.full(len(cells), cells.shape[1])
        pure = (counts.max(axis=1) >= _PURITY * known) & (counts.max(axis=1) > 0)
        return np.where(pure, counts.argmax(axis=1), VOID)


def _tokens(
    encoder: CropStsEncoder,
    facts: EncoderFacts,
    sequences: Sequences,
    truths: dict[int, Truth],
    reporter: Reporter,
) -> list[Tokens]:
    stats = Statistics(facts.mean, facts.std)
    patch = int(facts.settings["patch"])
    found: list[Tokens] = []
    for index, truth in truths.items():
        reporter.progress(0.5 * len(found) / len(truths), "Encoding", len(found), len(truths))
        sequence = sequences.read(index)
        if sequence is not None:
            side = len(truth.classes) // patch * patch
            cut = truth.classes[:side, :side]
            found.append(Tokens(_features(encoder, sequence, side, stats), truth.tokens(patch), cut))
    if len(found) < 2:
        raise LabelsUnusable("Fewer than 2 labelled tiles have data on the chosen dates: give clearer scenes.")
    return found


@torch.no_grad()
def _features(encoder: CropStsEncoder, sequence: Sequence_, side: int, stats: Statistics) -> NDArray[np.float32]:
    """(N,d): the tokens' means over the dates, of length 1."""
    device = next(encoder.parameters()).device
    image = sequence.image[:, :, :side, :side]
    x = torch.from_numpy(z_scores(image, stats))[None].to(device)
    valid = torch.from_numpy(np.isfinite(image).all(axis=1).mean(axis=(1, 2)).astype(np.float32))[None].to(device)
    tokens = encoder(x, torch.from_numpy(sequence.doy)[None].to(device), valid).tokens
    found: NDArray[np.float32] = F.normalize(mean_over_dates(tokens, valid)[0], dim=-1).cpu().numpy()
    return found


# --- the two probes --------------------------------------------------------------------------------------------------


def _draws(job: ProbeJob, name: str, tokens: Sequence[Tokens], classes: int, reporter: Reporter) -> list[Score]:
    """Each draw parts the sequences anew; the same for every encoder."""
    scores = []
    for draw in range(job.draws):
        reporter.progress(0.5 + 0.5 * draw / job.draws, "Probing", draw, job.draws)
        rng = np.random.default_rng((job.seed, draw))
        order = rng.permutation(len(tokens))
        support = max(1, min(round(job.support * len(tokens)), len(tokens) - 1))
        learn, test = [tokens[i] for i in order[:support]], [tokens[i] for i in order[support:]]
        for kind, make in _PROBES.items():
            scores.append(Score(name, kind, draw, *_score(make(job.neighbours), learn, test, classes)))
    return scores


def _knn(neighbours: int) -> Any:
    return KNeighborsClassifier(neighbours, metric="cosine", algorithm="brute")


def _linear(neighbours: int) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))


_PROBES: dict[str, Callable[[int], Any]] = {"knn": _knn, "linear": _linear}


def _score(model: Any, learn: Sequence[Tokens], test: Sequence[Tokens], classes: int) -> tuple[float, float]:
    """Accuracy of tokens, and mean IoU of pixels."""
    x, y = (np.concatenate(v) for v in zip(*[(t.features, t.classes) for t in learn]))
    x, y = x[y != VOID], y[y != VOID]
    if not len(y):
        raise LabelsUnusable(
            "A draw has no pure labelled token to learn from: give a larger support, or smaller tiles."
        )
    model = _fitted(model, x, y)
    right = total = 0
    confusion = Confusion(np.zeros((classes, classes), np.int64))
    for tokens in test:
        found = model(tokens.features)
        known = tokens.classes != VOID
        right, total = right + int((found == tokens.classes)[known].sum()), total + int(known.sum())
        side = round(len(found) ** 0.5)
        patch = len(tokens.truth) // side
        pixels = np.kron(found.reshape(side, side), np.ones((patch, patch), np.int64))
        labelled = tokens.truth != VOID
        confusion += Confusion.count(tokens.truth[labelled], pixels[labelled], classes)
    return right / max(total, 1), mean_iou(confusion)


def mean_iou(confusion: Confusion) -> float:
    """Over the classes in truth or prediction (rule `nan`): one that is predicted only counts as 0. NaN without any."""
    hits = np.diagonal(confusion.n)
    union = confusion.n.sum(axis=0) + confusion.n.sum(axis=1) - hits
    return float(np.mean(hits[union > 0] / union[union > 0])) if union.any() else float("nan")


def _fitted(model: Any, x: NDArray[Any], y: NDArray[Any]) -> Callable[[NDArray[Any]], NDArray[np.int64]]:
    """The model's prediction; of a single class there is nothing to learn."""
    if len(np.unique(y)) == 1:
        return lambda features: np.full(len(features), y[0])
    if isinstance(model, KNeighborsClassifier):
        model.set_params(n_neighbors=min(model.n_neighbors, len(y)))
    model.fit(x, y)
    return lambda features: np.asarray(model.predict(features), np.int64)


# --- the report ------------------------------------------------------------------------------------------------------


def _report(job: ProbeJob, facts: EncoderFacts, scores: Sequence[Score], names: Sequence[str]) -> dict[str, Any]:
    return {
        "encoder": job.encoder,
        "sha256": facts.sha256,
        "classes": list(names),
        "rule": "accuracy of tokens; mean IoU of pixels over the classes in truth or prediction; sd over the draws",
        "draws": job.draws,
        "neighbours": job.neighbours,
        "support": job.support,
        "results": [_summary(name, kind, scores) for name in ("pre-trained", _UNTRAINED) for kind in _PROBES],
        "scores": [vars(score) for score in scores],
    }


def _summary(name: str, kind: str, scores: Sequence[Score]) -> dict[str, Any]:
    own = [s for s in scores if (s.encoder, s.probe) == (name, kind)]
    row: dict[str, Any] = {"encoder": name, "probe": kind}
    for figure in ("accuracy", "mean_iou"):
        values = [getattr(s, figure) for s in own]
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        row |= {figure: round(float(np.mean(values)), 4), f"{figure}_sd": round(spread, 4)}
    return row


def _csv(scores: Sequence[Score]) -> str:
    return csv_text(list(vars(scores[0])), map(vars, scores))
