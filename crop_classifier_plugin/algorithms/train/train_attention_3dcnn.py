"""Training of Attention-3DCNN on an optical and a radar series."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import QgsProcessingContext, QgsProcessingParameterNumber

from ...shared.jobs.train import AugmentationSpec, OptimSpec
from ...shared.networks import NETWORKS
from ..common.engine_algorithm import Parameters
from .train_base import DOUBLE
from .train_two_series_base import TrainTwoSeriesAlgorithm


class TrainAttention3dCnn(TrainTwoSeriesAlgorithm):
    """An optical and a radar series."""

    NAME = "train_attention_3dcnn"
    TITLE = f"Train {NETWORKS['attention_3dcnn'].name} on your labels"
    NETWORK = "attention_3dcnn"

    def add_network(self) -> None:
        super().add_network()
        for name, title, default in (("OPTICAL_DROPOUT", "Optical dates hidden, at most", 0.3),
                                     ("RADAR_DROPOUT", "Radar dates hidden", 0.1)):  # fmt: skip
            self.add(
                QgsProcessingParameterNumber(name, self.tr(title), DOUBLE, default, minValue=0, maxValue=0.95),
                self.tr("Share of the dates that training hides at random, so that the model copes with clouds."),
                advanced=True,
            )

    def optim(self, parameters: Parameters, context: QgsProcessingContext) -> OptimSpec:
        """As all networks, and how many dates are hidden in training."""
        most = self.parameterAsDouble(parameters, "OPTICAL_DROPOUT", context)
        hidden = AugmentationSpec(
            optical_dropout=(min(0.1, most), most),
            radar_dropout=self.parameterAsDouble(parameters, "RADAR_DROPOUT", context),
        )
        return replace(super().optim(parameters, context), augmentation=hidden)
