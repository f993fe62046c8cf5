"""Classification with CropSTS."""

from __future__ import annotations

from ...shared.networks import NETWORKS
from .classify_base import ClassifyAlgorithm


class ClassifyCropSts(ClassifyAlgorithm):
    """One optical series."""

    NAME = "classify_cropsts"
    TITLE = f"Classify crops with {NETWORKS['cropsts'].name}"
    NETWORKS = ("cropsts",)
    ATTENTIVE = True
