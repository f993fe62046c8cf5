"""Training of CropSTS, from nothing, from a model, or from an encoder that was learnt without labels."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import QgsProcessingContext, QgsProcessingParameterBoolean

from ...shared.errors import BadInput
from ...shared.jobs.train import NetworkSpec
from ...shared.networks import NETWORKS
from ..common.engine_algorithm import Parameters
from .train_network_base import TrainNetworkAlgorithm


class TrainCropSts(TrainNetworkAlgorithm):
    """One optical series, from nothing or from a pre-trained encoder."""

    NAME = "train_cropsts"
    TITLE = f"Train {NETWORKS['cropsts'].name} on your labels"
    NETWORK = "cropsts"

    def add_network(self) -> None:
        super().add_network()
        self.add(
            QgsProcessingParameterBoolean("FROZEN", self.tr("The encoder stays as it is"), False),
            self.tr(
                "Only what follows the encoder learns: faster, and as the paper does it with an encoder of "
                "'Pre-train CropSTS', whose folder is then to be given under 'Start from'."
            ),
        )

    def network(self, parameters: Parameters, context: QgsProcessingContext) -> NetworkSpec:
        """CropSTS, what it starts from, and what of it is frozen."""
        network = super().network(parameters, context)
        if not self.parameterAsBool(parameters, "FROZEN", context):
            return network
        if not network.start:
            raise BadInput("The encoder is to stay as it is, but there is none: choose a folder under 'Start from'.")
        return replace(network, frozen=("encoder",))
