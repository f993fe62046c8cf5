"""Training of a random forest."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import QgsProcessingContext, QgsProcessingParameterBoolean, QgsProcessingParameterNumber

from ...shared.forest import FOREST
from ...shared.jobs.train import SplitSpec
from ..common.engine_algorithm import Parameters
from .train_base import INTEGER, NUMBERS
from .train_network_base import TrainNetworkAlgorithm

_SIZES = (  # name, setting of the forest, title, tip
    ("TREES", "trees", "Trees", "More are steadier and slower."),
    ("DEPTH", "depth", "Greatest depth", "Questions a tree asks of a pixel at most."),
    ("LEAF", "leaf", "Smallest leaf", "Training pixels that an answer rests on at least."),
    ("PIXELS", "pixels", "Most pixels of a class", "Learnt from, drawn at random."),
)
_ASKED = ("HELD_OUT", "SEED", "MIN_PARCELS")


class TrainRandomForest(TrainNetworkAlgorithm):
    """One series -> a forest of decision trees."""

    NAME = "train_random_forest"
    TITLE = "Train a random forest on your labels"
    NETWORK = "random_forest"

    def add_network(self) -> None:
        for name, key, title, tip in _SIZES:
            number = QgsProcessingParameterNumber(name, self.tr(title), INTEGER, FOREST[key], False, 1, 10**6)
            self.add(number, self.tr(tip), advanced=True)
        self.add(
            QgsProcessingParameterBoolean("BALANCED", self.tr("Every class counts alike"), FOREST["balanced"]),
            self.tr("However many pixels it has. Off: common classes count for more, as in TSSTFN's paper."),
            advanced=True,
        )
        self.add_parting()

    def settings(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[tuple[str, str], ...]:
        sizes = tuple((key, str(self.parameterAsInt(parameters, name, context))) for name, key, *_ in _SIZES)
        return (*sizes, ("balanced", str(self.parameterAsBool(parameters, "BALANCED", context)).lower()))

    def _add_learning(self) -> None:
        """A forest has no epochs, loss or device."""
        for name, _, title, kind, default, least, most, advanced, tip in NUMBERS:
            if name in _ASKED:
                number = QgsProcessingParameterNumber(name, self.tr(title), kind, default, False, least, most)
                self.add(number, self.tr(tip), advanced)

    def split(self, parameters: Parameters, context: QgsProcessingContext) -> SplitSpec:
        return replace(super().split(parameters, context), validation=0.0)
