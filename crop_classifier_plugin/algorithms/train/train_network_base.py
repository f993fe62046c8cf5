"""What the training of every network offers: its size, how parcels are parted, and what it starts from."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
)

from ...shared.choices import PRESETS, SPLITS
from ...shared.jobs.train import NetworkSpec, SplitSpec
from ..common.engine_algorithm import Parameters
from .train_base import DOUBLE, INTEGER, TrainAlgorithm


class TrainNetworkAlgorithm(TrainAlgorithm):
    """What the trainings of networks ask beyond those of forests."""

    def add_network(self) -> None:
        tip = "The small network is enough for a few thousand labelled pixels; the paper's is many times larger."
        self.add_choice("SIZE", "Network size", PRESETS, tip)
        self.add(
            QgsProcessingParameterFile(
                "START", self.tr("Start from"), QgsProcessingParameterFile.Behavior.Folder, optional=True
            ),
            self.tr(
                "Folder of a model of the same network: its weights go on learning, its bands and size are taken. "
                "Classes of the same name keep what was learnt of them, others are new. Parcels "
                "that it learnt from are not held out again."
            ),
            advanced=True,
        )
        self.add_parting()

    def add_parting(self) -> None:
        """How parcels are held out, with a share that chooses the best epoch."""
        tip = "Always whole parcels. With parcels at random, the neighbours of tested parcels were learnt from."
        self.add_choice("SPLIT", "How parcels are parted", SPLITS, tip, advanced=True)
        self.add(
            QgsProcessingParameterNumber("BLOCK", self.tr("Side of the squares"), DOUBLE, 0, minValue=0),
            self.tr("Of the squares at random, in map units of the scenes. 0: a tenth of the labelled area's side."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber(
                "SAMPLES", self.tr("Most samples of a class"), INTEGER, 0, minValue=0, maxValue=2**31 - 1
            ),
            self.tr("Labelled pixels of a class that are learnt from at most, drawn at random. 0: all."),
            advanced=True,
        )

    def settings(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[tuple[str, str], ...]:
        return (("preset", self.choice(parameters, "SIZE", context)),)

    def split(self, parameters: Parameters, context: QgsProcessingContext) -> SplitSpec:
        return replace(
            super().split(parameters, context),
            method=self.choice(parameters, "SPLIT", context),
            block=self.parameterAsDouble(parameters, "BLOCK", context),
            samples_per_class=self.parameterAsInt(parameters, "SAMPLES", context),
        )

    def network(self, parameters: Parameters, context: QgsProcessingContext) -> NetworkSpec:
        """The network, its settings, and what it starts from."""
        start = self.parameterAsString(parameters, "START", context)
        return replace(super().network(parameters, context), start=start)
