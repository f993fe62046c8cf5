"""Confusion matrix and the figures read from it. One rule everywhere: reference = rows, map = columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import BadInput
from ...shared.metrics import METRICS, kappa, mean_f1, mean_iou, overall_accuracy, ratio
from ..execution.value_counts import is_small, level_counts

RULE = (
    "Rows are the reference, columns the map. Means over classes are taken over those that the reference has: "
    "a class that the map never gives counts there with 0, a class that only the map gives lowers the other figures "
    "but has no share in the mean. A figure with nothing to divide by is undefined and left empty, never 0."
)


@dataclass(frozen=True)
class Scores:
    """Accuracy of one class. Undefined (nothing to divide by) is NaN, never 0."""

    reference: int  # pixels of the class in the reference: TP + FN
    mapped: int  # pixels of the class in the map: TP + FP
    tp: int
    fp: int
    fn: int
    tn: int
    precision: float  # user's accuracy, TP / (TP + FP)
    recall: float  # producer's accuracy, TP / (TP + FN)
    f1: float  # 2 TP / (2 TP + FP + FN)
    iou: float  # TP / (TP + FP + FN)

    @property
    def present(self) -> bool:
        """Whether the reference has the class."""
        return self.reference > 0


@dataclass(frozen=True, eq=False)
class Confusion:
    """n[i, j] = pixels that the reference gives class i and the map class j.

    User's and producer's accuracy follow Congalton (1991, Remote Sensing of Environment 37); the figures over all
    classes name their sources in shared/metrics.py. Which classes the means take is a choice: RULE.
    """

    n: NDArray[np.int64]  # (K, K)

    def __post_init__(self) -> None:
        if self.n.ndim != 2 or self.n.shape[0] != self.n.shape[1] or not self.n.size:
            raise BadInput(f"A confusion matrix is square, not of shape {self.n.shape}: count again.")
        if self.n.dtype != np.int64 or (self.n < 0).any():
            raise BadInput("A confusion matrix holds counts (int64, not negative): count again.")

    @classmethod
    def count(cls, reference: NDArray[Any], mapped: NDArray[Any], classes: int) -> Confusion:
        """From two arrays of class indices 0..classes-1 of the same shape. Raises BadInput for other numbers."""
        for each in (reference, mapped):
            if each.size and not 0 <= int(each.min()) <= int(each.max()) < classes:
                raise BadInput(f"A class index lies outside 0 to {classes - 1}: count again.")
        kind = np.min_scalar_type(max(classes * classes - 1, 0)).type  # the smaller, the quicker
        pairs = reference.astype(kind) * kind(classes) + mapped.astype(kind)
        counts = level_counts(pairs) if is_small(pairs.dtype) else np.bincount(pairs.ravel().astype(np.int64))
        return cls(np.pad(counts, (0, classes * classes - counts.size)).astype(np.int64).reshape(classes, classes))

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.n + other.n)

    @property
    def total(self) -> int:
        return int(self.n.sum())

    @property
    def reference(self) -> list[int]:
        """(K,) pixels of each class in the reference; Python's integers, as row x column sums overflow int64."""
        return [int(n) for n in self.n.sum(axis=1)]

    @property
    def mapped(self) -> list[int]:
        """(K,) pixels of each class in the map."""
        return [int(n) for n in self.n.sum(axis=0)]

    @property
    def hits(self) -> list[int]:
        """(K,) pixels of each class on the diagonal."""
        return [int(n) for n in np.diagonal(self.n)]

    def figures(self) -> dict[str, float]:
        """All METRICS by their keys; NaN where undefined."""
        return {key: metric.function(self) for key, metric in METRICS.items()}

    @property
    def oa(self) -> float:
        return overall_accuracy(self)

    @property
    def kappa(self) -> float:
        return kappa(self)

    @property
    def mean_f1(self) -> float:
        return mean_f1(self)

    @property
    def mean_iou(self) -> float:
        return mean_iou(self)

    def scores(self) -> tuple[Scores, ...]:
        """Per class, in the order of the matrix."""
        return tuple(_scores(r, m, tp, self.total) for r, m, tp in zip(self.reference, self.mapped, self.hits))


def _scores(reference: int, mapped: int, tp: int, total: int) -> Scores:
    fn, fp = reference - tp, mapped - tp
    return Scores(
        reference,
        mapped,
        tp,
        fp,
        fn,
        total - tp - fp - fn,
        precision=ratio(tp, mapped),
        recall=ratio(tp, reference),
        f1=ratio(2 * tp, 2 * tp + fp + fn),
        iou=ratio(tp, tp + fp + fn),
    )
