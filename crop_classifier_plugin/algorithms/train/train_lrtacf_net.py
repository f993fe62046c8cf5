"""Training of LRTACF-Net."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingParameterString

from ...shared.errors import BadInput
from ...shared.networks import NETWORKS
from ..common.engine_algorithm import Parameters
from .train_network_base import TrainNetworkAlgorithm

BLOCKS = 5  # feedback blocks of the presets, which have six levels
MOST_LEVELS = 6  # more would not fit into a tile


class TrainLrtacfNet(TrainNetworkAlgorithm):
    """One optical series, a date in each window of the season."""

    NAME = "train_lrtacf_net"
    TITLE = f"Train {NETWORKS['lrtacf_net'].name} on your labels"
    NETWORK = "lrtacf_net"

    def add_network(self) -> None:
        super().add_network()
        self.add(
            QgsProcessingParameterString("WIDTHS", self.tr("Network widths"), optional=True),
            self.tr(
                "Channels of each level, full resolution first, as 8, 16, 16, 24. Empty: those of the size, or of the "
                "model that it starts from."
            ),
            advanced=True,
        )

    def settings(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[tuple[str, str], ...]:
        settings: dict[str, Any] = dict(super().settings(parameters, context))
        widths = self.words(parameters, "WIDTHS", context)
        if widths:
            if not 2 <= len(widths) <= MOST_LEVELS:
                raise BadInput(f"The network has {len(widths)} widths: give 2 to {MOST_LEVELS}, one a level.")
            settings |= {"widths": ",".join(widths), "cfma_blocks": min(BLOCKS, len(widths) - 1)}
        return tuple((name, str(value)) for name, value in settings.items())
