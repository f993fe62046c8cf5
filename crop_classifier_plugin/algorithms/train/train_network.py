"""Training of any network that learns from labels: the papers' networks, their baselines, and the random forest."""

from __future__ import annotations

from qgis.core import QgsProcessingContext

from ...shared.networks import trainable
from ..common.engine_algorithm import Parameters
from .train_two_series_base import TrainTwoSeriesAlgorithm


class TrainAnyNetwork(TrainTwoSeriesAlgorithm):
    """Every network that learns from labels, by its name."""

    NAME = "train_network"
    TITLE = "Train any network on your labels"
    RADAR_TIP = (
        "Sentinel-1 of the same season (VV and VH, decibel or power), as a second series: only Attention-3DCNN takes "
        "two. The other networks learn from radar as their one series, with VV, VH as bands."
    )

    def add_network(self) -> None:
        self.add_choice(
            "NETWORK",
            "Network",
            trainable(),
            "What learns. Parts of a network are switched with the network settings: cfma_blocks=0 is LRTACF-Net's "
            "Model-7, deep_supervision=true with U-Net its Model-3, attention=joint CropSTS's comparison.",
        )
        super().add_network()

    def network_name(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        return self.choice(parameters, "NETWORK", context)
