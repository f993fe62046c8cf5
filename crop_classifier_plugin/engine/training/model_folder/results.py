"""What a training tells of its model at the end: in the log, in the run record, in its result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ....shared.cards.card import Card
from ....shared.metrics import METRICS
from ...accuracy.confusion import Confusion
from ...execution.reporter import Reporter
from ...reporting.templates import defined
from ..data.split_file import dated
from ..data.training_data import TrainingData

ON_HELD_OUT, ON_TESTS = "held-out parcels of the training area", "test series"
ON_VALIDATION = "validation parcels, which chose the epoch"
Tested = Sequence[tuple[str, Confusion]]  # on what, and how it went


def log_results(tested: Tested, warnings: Sequence[str], reporter: Reporter) -> None:
    """One line about each test, and each warning."""
    for on, confusion in tested:
        reporter.log(
            f"On the {on}: overall accuracy {confusion.oa:.3f}, mean F1 {confusion.mean_f1:.3f} "
            f"({confusion.total:,} pixels)."
        )
    for told in warnings:
        reporter.log(told, "warning")


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


def headline(tested: Tested) -> dict[str, float | None]:
    """All METRICS on the held-out parcels; None where none was held out, or where a figure is undefined."""
    found = next((c for on, c in tested if on == ON_HELD_OUT), None)
    figures = found.figures() if found else dict.fromkeys(METRICS, math.nan)
    return {key: defined(value) for key, value in figures.items()}
