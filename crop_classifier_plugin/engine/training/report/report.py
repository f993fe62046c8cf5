"""The report of a training, as JSON and HTML: both are written from one document, so that they say the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ....shared.cards.card import Card
from ....shared.jobs.train import TrainJob
from ....shared.metrics import METRICS
from ...accuracy.class_rows import class_row
from ...accuracy.confusion import RULE, Confusion
from ...execution.outputs import Outputs
from ...reporting.charts import Axis, Drawing, Margins
from ...reporting.json_file import write_json
from ...reporting.templates import decimal, defined, template
from ..loop.epochs import Learning
from .sample_maps import SampleMap
from .settings_table import (
    Rows,
    describe_label_source,
    describe_split,
    kept_epoch,
)

WIDTH, HEIGHT = 560, 220  # of a curve's field, in the units of the drawing


@dataclass(frozen=True, eq=False)
class Trained:
    """Everything that a finished training tells."""

    job: TrainJob
    card: Card
    learning: Learning
    tested: tuple[tuple[str, Confusion], ...]  # on what, and the confusion matrix
    parcels: tuple[tuple[int, int, int], ...]  # a class: to train on, to validate, held out
    manner: Rows = ()  # how it was trained
    unit: str = "parcel"  # what was parted whole, one of UNITS
    maps: tuple[SampleMap, ...] = ()

    def document(self) -> dict[str, Any]:
        """The whole report as JSON knows it; undefined figures are None."""
        names = ("train", "validation", "held_out")
        return {
            "model": self.card.name,
            "title": self.card.title,
            "network": self.card.network,
            "settings": self.card.settings,
            "parameters": self.card.weights.parameters,
            "simulated": self.card.training.simulated,
            "training_data": self.card.training.training_data,
            "limits": self.card.terms.limits,
            "bands": list(self.card.inputs.bands),
            "windows": [[w.first, w.last] for w in self.card.inputs.dates.windows],
            "how": [{"what": what, "how": how} for what, how in self.manner],
            "split": describe_split(self.job, self.unit),
            "labels": describe_label_source(self.job.labels),
            "kept_epoch": kept_epoch(self.learning),
            "history": [{k: _number(v) for k, v in log.row().items()} for log in self.learning.history],
            "parcels": [
                {"name": c.name, "colour": c.colour, **dict(zip(names, counts))}
                for c, counts in zip(self.card.legend, self.parcels)
            ],
            "tests": [self._test(on, confusion) for on, confusion in self.tested],
            "rule": RULE,
            "job": asdict(self.job),
        }

    def _test(self, on: str, confusion: Confusion) -> dict[str, Any]:
        return {
            "on": on,
            "overall": {key: defined(value) for key, value in confusion.figures().items()},
            "pixels": confusion.total,
            "classes": [class_row(c, s) for c, s in zip(self.card.legend, confusion.scores())],
            "matrix": confusion.n.tolist(),
        }


def write_report(trained: Trained, facts: Path, page: Path, out: Outputs) -> None:
    """The document as JSON at `facts` and as HTML at `page`."""
    document = trained.document()
    write_json(out, facts, document)
    out.write_text(page, to_html(document, trained.maps))


def to_html(document: dict[str, Any], maps: Sequence[SampleMap] = ()) -> str:
    """One page without scripts or outside files."""
    history = document["history"]
    f1 = [row["validation_mean_f1"] for row in history]
    curves = {"Loss": _curve("Loss", [row["loss"] for row in history])}
    if any(value is not None for value in f1):
        title = "Mean F1 on the validation parcels"
        curves[title] = _curve(title, f1, most=1.0)
    page = template("training.html.j2", Path(__file__).parent)
    return page.render(d=document, maps=maps, curves=curves, metrics=METRICS)


def _curve(label: str, values: Sequence[float | None], most: float = 0.0) -> Drawing:
    """A line over the epochs from 0 to `most` (0 = the highest value). Epochs without a value are left out."""
    known = [(epoch, value) for epoch, value in enumerate(values, start=1) if value is not None]
    up = Axis(0, most or max((value for _, value in known), default=1.0) or 1.0, HEIGHT, upright=True)
    across = Axis(1, max(len(values), 2), WIDTH)
    drawing = Drawing(WIDTH, HEIGHT, Margins(55, 15, 20, 45), f"{label} over the epochs")
    drawing.grid(up.ticks())
    points = [(across(epoch), up(value)) for epoch, value in known]
    drawing.curve(points, [f"epoch {epoch}: {decimal(value)}" for epoch, value in known])
    for epoch in sorted({1, len(values) or 1}):
        drawing.add("text", str(epoch), x=across(epoch), y=HEIGHT + 22, text_anchor="middle")
    drawing.add("text", "epoch", x=WIDTH / 2, y=HEIGHT + 38, text_anchor="middle")
    return drawing


def _number(value: float) -> float | None:
    return None if isinstance(value, float) and math.isnan(value) else value
