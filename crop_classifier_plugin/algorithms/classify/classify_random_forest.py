"""Classification with a random forest."""

from __future__ import annotations

from .classify_base import ClassifyAlgorithm


class ClassifyRandomForest(ClassifyAlgorithm):
    """One series, pixel by pixel or with the mean of the neighbours."""

    NAME = "classify_random_forest"
    TITLE = "Classify crops with a random forest"
    NETWORKS = ("random_forest",)
