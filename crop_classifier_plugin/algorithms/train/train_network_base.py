"""What the training of every network offers: its size, how parcels are parted, and what it starts from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
)

from ...shared.jobs.train import SPLITS, TrainJob
from ..common.engine_algorithm import Parameters
from .train_base import DOUBLE, INTEGER, TrainAlgorithm

SIZES = ("small", "paper")  # the network's presets
_SPLITS = ("A straight cut across the area", "Squares, at random", "Parcels, at random")


class TrainNetworkAlgorithm(TrainAlgorithm):
    def add_network(self) -> None:
        choices = ["Small (two processor cores, minutes)", "As in the paper (graphics card)"]
        self.add(
            QgsProcessingParameterEnum("SIZE", self.tr("Network size"), [self.tr(c) for c in choices], defaultValue=0),
            self.tr(
                "The small network is enough for a few thousand labelled pixels; the paper's is many times larger."
            ),
        )
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
        told = [self.tr(c) for c in _SPLITS]
        self.add(
            QgsProcessingParameterEnum("SPLIT", self.tr("How parcels are parted"), told, defaultValue=0),
            self.tr("Always whole parcels. With parcels at random, the neighbours of tested parcels were learnt from."),
            advanced=True,
        )
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
        return (("preset", SIZES[self.parameterAsEnum(parameters, "SIZE", context)]),)

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> TrainJob:
        return replace(
            super().job(parameters, context, inputs),
            split=SPLITS[self.parameterAsEnum(parameters, "SPLIT", context)],
            block=self.parameterAsDouble(parameters, "BLOCK", context),
            samples_per_class=self.parameterAsInt(parameters, "SAMPLES", context),
            start=self.parameterAsString(parameters, "START", context),
        )
