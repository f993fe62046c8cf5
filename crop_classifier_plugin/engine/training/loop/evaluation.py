"""How good the finished model is: the file that ships, run on pixels that it never learnt from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.metrics import METRICS
from ...accuracy.confusion import Confusion
from ...execution.reporter import Reporter
from ...labels.constants import IGNORE
from ..data.patches import TARGET, ScoringPatches
from .epochs import EpochMetric

MEAN_F1 = EpochMetric("validation_mean_f1", "validation mean F1", 3, highest=True)
Predict = Callable[[dict[str, NDArray[Any]]], NDArray[np.float32]]  # a batch of one by input -> (1,K,H,W)


def score(predict: Predict, patches: ScoringPatches, classes: int, reporter: Reporter) -> Confusion:
    """Confusion matrix over every labelled pixel of the patches."""
    confusion = Confusion(np.zeros((classes, classes), np.int64))
    for i in range(len(patches)):
        reporter.progress(i / len(patches), "Testing", i, len(patches))
        item = {name: value.numpy() for name, value in patches[i].items()}
        target = item.pop(TARGET)
        found = predict({name: value[None] for name, value in item.items()})[0].argmax(axis=0)
        known = target != IGNORE
        confusion += Confusion.count(target[known], found[known], classes)
    return confusion


def accuracy_rows(confusion: Confusion, names: Sequence[str], on: str) -> list[dict[str, Any]]:
    """The card's rows: overall figures, then the F1 score of every class that the reference has."""
    figures = {METRICS[key].name: value for key, value in confusion.figures().items()}
    for name, scores in zip(names, confusion.scores()):
        if scores.present:
            figures[f"F1 {name}"] = scores.f1
    return [{"metric": k, "value": round(v, 4), "on": on} for k, v in figures.items() if np.isfinite(v)]
