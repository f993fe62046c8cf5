"""Training of LRTACF-Net."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingParameterEnum, QgsProcessingParameterString

from ..engine.errors import BadInput
from .base import Parameters
from .train import TrainAlgorithm

SIZES = ("small", "paper")  # the network's presets
BLOCKS = 5  # feedback blocks of the presets, which have six levels
MOST_LEVELS = 6  # more would not fit into a tile


class TrainLrtacfNet(TrainAlgorithm):
    NAME = "train_lrtacfnet"
    TITLE = "Train LRTACF-Net on your labels"
    NETWORK = "lrtacf_net"

    def add_network(self) -> None:
        choices = ["Small (two processor cores, minutes)", "As in the paper (graphics card)"]
        self.add(
            QgsProcessingParameterEnum("SIZE", self.tr("Network size"), [self.tr(c) for c in choices], defaultValue=0),
            self.tr("The small network is enough for a few thousand labelled pixels; the paper's is 600 times larger."),
        )
        self.add(
            QgsProcessingParameterString("WIDTHS", self.tr("Network widths"), optional=True),
            self.tr("Channels of each level, full resolution first, as 8, 16, 16, 24. Empty: those of the size."),
            advanced=True,
        )

    def settings(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[tuple[str, str], ...]:
        settings: dict[str, Any] = {"preset": SIZES[self.parameterAsEnum(parameters, "SIZE", context)]}
        widths = self.words(parameters, "WIDTHS", context)
        if widths:
            if not 2 <= len(widths) <= MOST_LEVELS:
                raise BadInput(f"The network has {len(widths)} widths: give 2 to {MOST_LEVELS}, one a level.")
            settings |= {"widths": ",".join(widths), "cfma_blocks": min(BLOCKS, len(widths) - 1)}
        return tuple((name, str(value)) for name, value in settings.items())
