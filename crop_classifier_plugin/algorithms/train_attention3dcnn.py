"""Training of Attention-3DCNN on an optical and a radar series."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
)

from ..bridge import layers
from ..engine.errors import BadInput
from ..engine.jobs import TrainJob
from .base import Parameters
from .train import DOUBLE
from .train_network import TrainNetworkAlgorithm


class TrainAttention3dCnn(TrainNetworkAlgorithm):
    NAME = "train_attention3dcnn"
    TITLE = "Train Attention-3DCNN on your labels"
    NETWORK = "attention_3dcnn"
    LEFT_OUT = ("RADAR",)

    def add_network(self) -> None:
        rasters = QgsProcessing.SourceType.TypeRaster
        self.add(
            QgsProcessingParameterMultipleLayers("RADAR", self.tr("Dated radar scenes"), rasters, optional=True),
            self.tr(
                "Sentinel-1 of the same season (VV and VH, decibel or power). Left out, the model is optical only."
            ),
        )
        super().add_network()
        for name, title, default in (("OPTICAL_DROPOUT", "Optical dates hidden, at most", 0.3),
                                     ("RADAR_DROPOUT", "Radar dates hidden", 0.1)):  # fmt: skip
            self.add(
                QgsProcessingParameterNumber(name, self.tr(title), DOUBLE, default, minValue=0, maxValue=0.95),
                self.tr("Share of the dates that training hides at random, so that the model copes with clouds."),
                advanced=True,
            )

    def add_validation(self) -> None:
        super().add_validation()
        rasters = QgsProcessing.SourceType.TypeRaster
        self.add(
            QgsProcessingParameterMultipleLayers(
                "VALIDATION_RADAR", self.tr("Validation: dated radar scenes"), rasters, optional=True
            ),
            self.tr("Sentinel-1 of the validation scenes' place and season; only where radar is learnt from too."),
            advanced=True,
        )

    def check_labels(self, parameters: Parameters) -> None:
        super().check_labels(parameters)
        needed = all(self.given(parameters, name) for name in ("RADAR", "VALIDATION_INPUT"))
        if self.given(parameters, "VALIDATION_RADAR") and not needed:
            raise BadInput(
                "Radar scenes for the validation are only of use beside dated radar scenes and the validation's "
                "scenes: give those, or leave them out."
            )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        found = super().inputs(parameters, context, feedback)
        radar, heard = (layers.scenes(parameters.get(name), context) for name in ("RADAR", "VALIDATION_RADAR"))
        checks = tuple(replace(series, radar=heard) for series in found["checks"])
        return {**found, "radar": radar, "checks": checks}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> TrainJob:
        most = self.parameterAsDouble(parameters, "OPTICAL_DROPOUT", context)
        return replace(
            super().job(parameters, context, inputs),
            optical_dropout=(min(0.1, most), most),
            radar_dropout=self.parameterAsDouble(parameters, "RADAR_DROPOUT", context),
        )
