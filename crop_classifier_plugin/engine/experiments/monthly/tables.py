"""One network for all months beside twelve, as results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...accuracy.confusion import Confusion
from ..results import Cell, Column, Results, Table, Text
from .job import EPOCHS, LONGER
from .simulated_radar import SIDE, TARGETS
from .study import Trained

PROTOCOL = (
    "**Simulated radar** (water cloud model, speckle) over real parcels: LEM+ labels for each month of October 2019 "
    f"to September 2020 in a square of {SIDE / 1000:.0f} km of western Bahia, 40 m pixels, the paper's six classes. "
    "Before October 2019 the same crop calendar is assumed. Whole parcels are held out (30 %), others choose the epoch "
    f"(15 %); both sides have the same settings (small preset, focal loss, at most {EPOCHS} epochs of 24 steps, ends "
    f"after a quarter of them without a gain), VUnetConvLSTM once more with {LONGER} epochs, as it ships; one seed. "
    "Mean F1 over the classes that the month's held-out parcels have."
)
_TIME = (
    "Training, in seconds of one core: VUnetConvLSTM ({parameters} parameters) {own:.0f}, with {longer_epochs} epochs "
    "{longer:.0f}; the twelve UnetConvLSTMs ({month_parameters} parameters each) together {twelve:.0f}. One network "
    "takes {own_share:.2f} or {longer_share:.2f} of their time. The paper, on real data: mean F1 42.0 against 61.7 for "
    "twelve networks of the same season, 3.8 h against 14.6 h."
)


def results(one: Trained, longer: Trained, many: Sequence[Trained], by: str) -> Results:
    """`one`: VUnetConvLSTM with the settings of the others; `longer`: the same trained longer."""
    twelve = sum(each["seconds"] for each in many)
    facts = {
        "parameters": one["parameters"],
        "month_parameters": many[0]["parameters"],
        "longer_epochs": LONGER,
        "own": one["seconds"],
        "longer": longer["seconds"],
        "twelve": twelve,
        "own_share": one["seconds"] / twelve,
        "longer_share": longer["seconds"] / twelve,
    }
    parts = Text(PROTOCOL), _table(one, longer, many), Text(_TIME)
    return Results("One network for every month", by, parts, facts)


def _table(one: Trained, longer: Trained, many: Sequence[Trained]) -> Table:
    titles = (
        "VUnetConvLSTM OA",
        "mean F1",
        f"{LONGER} epochs: OA",
        "mean F1",
        "UnetConvLSTM of the month: OA",
        "mean F1",
    )
    figures = [
        [figure for found in (one, longer, other) for figure in _figures(found, month)]
        for month, other in zip(TARGETS, many, strict=True)
    ]
    rows: list[tuple[Cell, ...]] = [(month, *each) for month, each in zip(TARGETS, figures, strict=True)]
    means: tuple[Cell, ...] = ("mean", *(float(mean) for mean in np.mean(figures, axis=0)))
    columns = Column("month"), *(Column(title, "{:.3f}") for title in titles)
    return Table("months", columns, (*rows, means), bold=("mean",))


def _figures(found: Trained, month: str) -> Iterator[float]:
    confusion = Confusion(np.array(found["months"][month], np.int64))
    yield confusion.oa
    yield confusion.mean_f1
