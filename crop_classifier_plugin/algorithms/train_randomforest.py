"""Training of a random forest on the 3 x 3 neighbourhood of each labelled pixel."""

from __future__ import annotations

from qgis.core import QgsProcessingContext, QgsProcessingParameterEnum

from .base import Parameters
from .train import TrainAlgorithm

SIZES = ("small", "paper")  # the forest's presets


class TrainRandomForest(TrainAlgorithm):
    NAME = "train_randomforest"
    TITLE = "Train a random forest on your labels"
    NETWORK = "random_forest"
    IN_EPOCHS = False

    def add_network(self) -> None:
        choices = ["100 trees, classes weigh alike", "As in the paper: 40 trees, leaves of 20 pixels"]
        self.add(
            QgsProcessingParameterEnum("SIZE", self.tr("Forest"), [self.tr(c) for c in choices], defaultValue=0),
            self.tr("The first is for a few thousand labelled pixels."),
        )

    def settings(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[tuple[str, str], ...]:
        return (("preset", SIZES[self.parameterAsEnum(parameters, "SIZE", context)]),)
