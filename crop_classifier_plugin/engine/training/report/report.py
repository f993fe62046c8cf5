"""The report of a training, as JSON and HTML: both are written from one document, so that they say the same."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ....shared.cards.card import Card
from ....shared.jobs.train import TrainJob
from ...accuracy.confusion import RULE, Confusion
from ...accuracy.diagnosis.report import class_row
from ...execution.outputs import Outputs
from ...reporting.templates import defined, template
from ..loop.module import EpochLog
from .sample_maps import SampleMap
from .settings_table import (
    Rows,
    describe_label_sources,
    describe_split,
    kept_epoch,
)

WIDTH, HEIGHT = 560, 220  # of a curve's field, in the units of the drawing


@dataclass(frozen=True, eq=False)
class Trained:
    """Everything that a finished training tells."""

    job: TrainJob
    card: Card
    history: tuple[EpochLog, ...]
    tested: tuple[tuple[str, Confusion], ...]  # on what, and the confusion matrix
    parcels: tuple[tuple[int, int, int], ...]  # a class: to train on, to validate, held out
    manner: Rows = ()  # how it was trained
    maps: tuple[SampleMap, ...] = ()

    def document(self) -> dict[str, Any]:
        """The whole report as JSON knows it; undefined figures are None."""
        names = ("train", "validation", "held_out")
        return {
            "model": self.card.name,
            "title": self.card.title,
            "network": self.card.network,
            "settings": self.card.settings,
            "parameters": self.card.parameters,
            "simulated": self.card.simulated,
            "training_data": self.card.training_data,
            "limits": self.card.limits,
            "bands": list(self.card.bands),
            "windows": [[w.first, w.last] for w in self.card.windows],
            "how": [{"what": what, "how": how} for what, how in self.manner],
            "split": describe_split(self.job),
            "labels": describe_label_sources(self.job),
            "kept_epoch": kept_epoch(self.job, self.history),
            "history": [{k: _number(v) for k, v in asdict(log).items()} for log in self.history],
            "parcels": [
                {"name": c.name, "colour": c.colour, **dict(zip(names, counts))}
                for c, counts in zip(self.card.legend, self.parcels)
            ],
            "tests": [self._test(on, confusion) for on, confusion in self.tested],
            "rule": RULE,
            "job": asdict(self.job),
        }

    def _test(self, on: str, confusion: Confusion) -> dict[str, Any]:
        overall = {"oa": confusion.oa, "mean_f1": confusion.mean_f1, "mean_iou": confusion.mean_iou}
        return {
            "on": on,
            "overall": {k: defined(v) for k, v in (overall | {"kappa": confusion.kappa}).items()},
            "pixels": confusion.total,
            "classes": [class_row(c, s) for c, s in zip(self.card.legend, confusion.scores())],
            "matrix": confusion.n.tolist(),
        }


def write_report(trained: Trained, facts: Path, page: Path, out: Outputs) -> None:
    """The document as JSON at `facts` and as HTML at `page`."""
    document = trained.document()
    out.write_text(facts, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    out.write_text(page, to_html(document, trained.maps))


def to_html(document: dict[str, Any], maps: Sequence[SampleMap] = ()) -> str:
    """One page without scripts or outside files."""
    history = document["history"]
    f1 = [row["validation_mean_f1"] for row in history]
    curves = [Curve.of("Loss", [row["loss"] for row in history])]
    if any(value is not None for value in f1):
        curves.append(Curve.of("Mean F1 on the validation parcels", f1, least=0.0, most=1.0))
    page = template("training.html.j2", Path(__file__).parent)
    return page.render(d=document, maps=maps, curves=curves, width=WIDTH, height=HEIGHT)


@dataclass(frozen=True)
class Curve:
    """A line over the epochs, in the units of the drawing."""

    title: str
    points: tuple[tuple[float, float, float], ...]  # x, y and the value
    ticks: tuple[tuple[float, str], ...]  # y and what it stands for
    epochs: int

    @classmethod
    def of(cls, title: str, values: Sequence[float | None], least: float = 0.0, most: float = 0.0) -> Curve:
        """`most` 0 = the highest value. Epochs without a value are left out."""
        top = most or max((v for v in values if v is not None), default=1.0) or 1.0
        step = WIDTH / max(len(values) - 1, 1)

        def height(value: float) -> float:
            return round(HEIGHT * (1 - (value - least) / (top - least)), 1)

        points = tuple((round(i * step, 1), height(v), v) for i, v in enumerate(values) if v is not None)
        marks = [least + (top - least) * i / 4 for i in range(5)]
        return cls(title, points, tuple((height(mark), f"{mark:.2f}") for mark in marks), len(values))

    @property
    def line(self) -> str:
        return " ".join(f"{x:g},{y:g}" for x, y, _ in self.points)


def _number(value: float) -> float | None:
    return None if isinstance(value, float) and math.isnan(value) else value
