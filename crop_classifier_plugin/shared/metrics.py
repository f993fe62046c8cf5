"""The figures that say how good a map is, each one row: reports, cards and the outputs of the algorithms read them.

Standard library only: QGIS names its outputs after them, the engine computes them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Protocol

NAN = float("nan")


class Counts(Protocol):
    """What a figure is made from: pixels by class, in Python's own integers, which never overflow."""

    @property
    def reference(self) -> Sequence[int]:
        """Pixels of each class in the reference."""

    @property
    def mapped(self) -> Sequence[int]:
        """Pixels of each class in the map."""

    @property
    def hits(self) -> Sequence[int]:
        """Pixels of each class in both."""


@dataclass(frozen=True)
class Metric:
    """A figure over all classes; NaN where there is nothing to divide by, never 0."""

    title: str
    function: Callable[[Counts], float]
    tip: str  # what it says, in a sentence that begins small
    source: str
    formula: str = ""  # as HTML
    share: bool = False  # written in per cent

    @property
    def name(self) -> str:
        """As it stands in a sentence: 'overall accuracy'."""
        return self.title[0].lower() + self.title[1:]


def ratio(part: int, whole: int) -> float:
    """NaN where there is nothing to divide by, never 0."""
    return part / whole if whole else NAN


def overall_accuracy(counts: Counts) -> float:
    """Share of the pixels that have the same class in map and reference."""
    return ratio(sum(counts.hits), sum(counts.reference))


def kappa(counts: Counts) -> float:
    """Agreement beyond chance; NaN where chance alone explains everything (one class only)."""
    total = sum(counts.reference)
    chance = sum(r * m for r, m in zip(counts.reference, counts.mapped))
    return ratio(total * sum(counts.hits) - chance, total**2 - chance)


def mean_f1(counts: Counts) -> float:
    """Of the classes that the reference has: 2 TP / (2 TP + FP + FN)."""
    return _mean([ratio(2 * tp, r + m) for r, m, tp in _present(counts)])


def mean_iou(counts: Counts) -> float:
    """Of the classes that the reference has: TP / (TP + FP + FN)."""
    return _mean([ratio(tp, r + m - tp) for r, m, tp in _present(counts)])


def average_accuracy(counts: Counts) -> float:
    """Mean producer's accuracy of the classes that the reference has: TP / (TP + FN)."""
    return _mean([ratio(tp, r) for r, _, tp in _present(counts)])


def average_precision(counts: Counts) -> float:
    """Mean user's accuracy of the classes that the reference has, TP / (TP + FP); 0 of one never mapped."""
    return _mean([tp / m if m else 0.0 for _, m, tp in _present(counts)])


def matthews(counts: Counts) -> float:
    """Correlation of map and reference; NaN where either has one class only."""
    total, right = sum(counts.reference), sum(counts.hits)
    both = total * right - sum(r * m for r, m in zip(counts.reference, counts.mapped))
    spread = [total**2 - sum(n**2 for n in side) for side in (counts.reference, counts.mapped)]
    return both / (math.sqrt(spread[0]) * math.sqrt(spread[1])) if all(spread) else NAN


def _present(counts: Counts) -> list[tuple[int, int, int]]:
    return [row for row in zip(counts.reference, counts.mapped, counts.hits) if row[0]]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else NAN


METRICS = {  # key in reports and results -> the figure
    "oa": Metric(
        "Overall accuracy",
        overall_accuracy,
        "share of the pixels that have the same class in the map and in the reference.",
        "Congalton (1991), Remote Sensing of Environment 37",
        "pixels on the diagonal / all compared pixels",
        share=True,
    ),
    "mean_f1": Metric(
        "Mean F1",
        mean_f1,
        "the balance of precision and recall, every class counting alike, rare or common. 1 is perfect.",
        "van Rijsbergen (1979), Information Retrieval",
    ),
    "mean_iou": Metric(
        "Mean IoU",
        mean_iou,
        "how far the areas of map and reference coincide, averaged over the classes. 1 is perfect.",
        "Jaccard (1912), New Phytologist 11",
    ),
    "average_accuracy": Metric(
        "Average accuracy",
        average_accuracy,
        "the mean of the classes' producer's accuracies: what the map finds of a crop, rare or common.",
        "Story and Congalton (1986), Photogrammetric Engineering and Remote Sensing 52; their mean: scikit-learn's "
        "balanced_accuracy_score",
        share=True,
    ),
    "average_precision": Metric(
        "Average precision",
        average_precision,
        "the mean of the classes' user's accuracies: how far a crop in the map can be believed.",
        "Story and Congalton (1986), Photogrammetric Engineering and Remote Sensing 52; their mean: scikit-learn's "
        "precision_score with average='macro'",
        share=True,
    ),
    "mcc": Metric(
        "Correlation (Matthews)",
        matthews,
        "the correlation of map and reference over all classes. 1 is perfect, 0 is chance.",
        "Gorodkin (2004), Computational Biology and Chemistry 28",
    ),
    "kappa": Metric(
        "Kappa",
        kappa,
        "agreement beyond what chance would give. 1 is perfect, 0 is chance.",
        "Cohen (1960), Educational and Psychological Measurement 20",
        "(p<sub>o</sub> − p<sub>e</sub>) / (1 − p<sub>e</sub>), with p<sub>o</sub> the overall accuracy and "
        "p<sub>e</sub> the agreement expected from the row and column totals",
    ),
}
