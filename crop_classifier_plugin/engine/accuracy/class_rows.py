"""A class of a confusion matrix as a row of the reports."""

from __future__ import annotations

from typing import Any

from ...shared.legend import CropClass
from ..reporting.templates import defined
from .confusion import Scores

FIGURES = ("precision", "recall", "f1", "iou")
COUNTS = ("reference", "mapped", "tp", "fp", "fn", "tn")


def class_row(crop: CropClass, scores: Scores) -> dict[str, Any]:
    """As JSON knows it; undefined figures are None."""
    row: dict[str, Any] = {"code": crop.code, "name": crop.name, "colour": crop.colour}
    row |= {count: getattr(scores, count) for count in COUNTS}
    return row | {figure: defined(getattr(scores, figure)) for figure in FIGURES}
