"""Confusion matrix and the figures read from it. One rule everywhere: reference = rows, map = columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import BadInput

RULE = (
    "Rows are the reference, columns the map. Mean F1 and mean IoU are taken over the classes that the reference has: "
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

    The figures follow Congalton (1991, Remote Sensing of Environment 37: overall, user's and producer's accuracy) and
    Cohen (1960, Educational and Psychological Measurement 20: kappa). Which classes the means take is a choice: RULE.
    """

    n: NDArray[np.int64]  # (K, K)

    def __post_init__(self) -> None:
        if self.n.ndim != 2 or self.n.shape[0] != self.n.shape[1] or not self.n.size:
            raise BadInput(f"A confusion matrix is square, not of shape {self.n.shape}: count again.")
        if self.n.dtype != np.int64 or (self.n < 0).any():
            raise BadInput("A confusion matrix holds counts (int64, not negative): count again.")

    @classmethod
    def count(cls, reference: NDArray[Any], mapped: NDArray[Any], classes: int) -> Confusion:
        """From two arrays of class indices 0..classes-1 of the same shape."""
        pairs = reference.astype(np.int64).ravel() * classes + mapped.astype(np.int64).ravel()
        return cls(np.bincount(pairs, minlength=classes * classes).astype(np.int64).reshape(classes, classes))

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.n + other.n)

    @property
    def total(self) -> int:
        return int(self.n.sum())

    @property
    def oa(self) -> float:
        """Overall accuracy: share of pixels on the diagonal."""
        return _ratio(int(np.trace(self.n)), self.total)

    @property
    def kappa(self) -> float:
        """Agreement beyond chance; NaN where chance alone explains everything (one class only)."""
        rows, cols = self.n.sum(axis=1), self.n.sum(axis=0)
        # In Python's integers: row x column sums of a continent overflow int64.
        chance = sum(int(r) * int(c) for r, c in zip(rows, cols))
        whole = self.total**2
        return _ratio(self.total * int(np.trace(self.n)) - chance, whole - chance)

    @property
    def mean_f1(self) -> float:
        return self._mean("f1")

    @property
    def mean_iou(self) -> float:
        return self._mean("iou")

    def scores(self) -> tuple[Scores, ...]:
        """Per class, in the order of the matrix."""
        rows, cols, hits = self.n.sum(axis=1), self.n.sum(axis=0), np.diagonal(self.n)
        return tuple(_scores(int(r), int(c), int(tp), self.total) for r, c, tp in zip(rows, cols, hits))

    def _mean(self, figure: str) -> float:
        values = [float(getattr(s, figure)) for s in self.scores() if s.present]
        return sum(values) / len(values) if values else float("nan")


def _scores(reference: int, mapped: int, tp: int, total: int) -> Scores:
    fn, fp = reference - tp, mapped - tp
    return Scores(
        reference,
        mapped,
        tp,
        fp,
        fn,
        total - tp - fp - fn,
        precision=_ratio(tp, mapped),
        recall=_ratio(tp, reference),
        f1=_ratio(2 * tp, 2 * tp + fp + fn),
        iou=_ratio(tp, tp + fp + fn),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
