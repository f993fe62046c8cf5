"""Classification with any model: the user's own, or one from elsewhere."""

from __future__ import annotations

from .classify_months_base import MonthlyAlgorithm


class ClassifyModel(MonthlyAlgorithm):
    """Any model folder, of whatever network."""

    NAME = "classify_model"
    TITLE = "Classify crops with your own model"
    RADAR = True
    ATTENTIVE = True
    LEFT_OUT = ("INPUT", "RADAR")  # which series a model needs, its card says
    FOLDER_ONLY = False
    MAP_OPTIONAL = True
