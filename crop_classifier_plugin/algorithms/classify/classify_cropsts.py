"""Classification with CropSTS."""

from __future__ import annotations

from .classify_base import ClassifyAlgorithm


class ClassifyCropSts(ClassifyAlgorithm):
    NAME = "classify_cropsts"
    TITLE = "Classify crops with CropSTS"
    NETWORKS = ("cropsts",)
    ATTENTIVE = True
