"""How the shipped models do beside random forests, as results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from ..results import Cell, Column, Heading, Part, Results, Table, Text
from .study import Test

_NOTES = {"southern parcels": "The file that ships: trained on the north, tested on the south."}
_ABOUT = (
    "Network and forest learn from the same pixels of the same series and are tested on the same held-out parcels. The "
    "forest (300 trees) takes the bands of all dates of a pixel; the second one also their mean over the 3 x 3 "
    "neighbours."
)


def results(tests: Iterable[Test], by: str, note: str = "") -> Results:
    """`note`: what was left out."""
    facts: dict[str, int] = {}
    parts = [Text(_ABOUT), *_parts(tests, facts), *([Text(note)] if note else [])]
    return Results("Accuracy of the shipped models", by, tuple(parts), facts)


def _parts(tests: Iterable[Test], facts: dict[str, int]) -> Iterator[Part]:
    title = ""
    for number, test in enumerate(tests, 1):
        if test.title != title:
            title = test.title
            yield Heading(title)
        if test.where in _NOTES:
            yield Text(_NOTES[test.where])
        facts[f"pixels_{number}"] = test.confusions["network"].total
        yield Text(f"On {test.where}, {{pixels_{number}}} px:")
        yield _table(test)


def _table(test: Test) -> Table:
    """Overall accuracy, mean F1, kappa and the F1 score of each class that the reference has."""
    present = [i for i, score in enumerate(test.confusions["network"].scores()) if score.present]
    titles = ("OA", "mean F1", "kappa", *(f"F1 {test.classes[i]}" for i in present))
    columns = Column(""), *(Column(title, "{:.3f}") for title in titles)
    return Table(f"{test.title}: {test.where}", columns, tuple(_rows(test, present)))


def _rows(test: Test, present: list[int]) -> Iterator[tuple[Cell, ...]]:
    for who, confusion in test.confusions.items():
        scores: Mapping[int, float] = {i: confusion.scores()[i].f1 for i in present}
        figures = (confusion.oa, confusion.mean_f1, confusion.kappa, *scores.values())
        yield (who, *(float(np.nan_to_num(figure)) for figure in figures))
