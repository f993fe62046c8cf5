"""A raster, multiplied."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
)

from ...bridge import layers
from ...shared.jobs.tiny_map import TinyMapJob
from ..common.engine_algorithm import EngineAlgorithm, Parameters


class TinyMap(EngineAlgorithm):
    NAME = "tiny_map"
    TITLE = "Multiply a raster"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        double = QgsProcessingParameterNumber.Type.Double
        self.add(QgsProcessingParameterRasterLayer("RASTER", self.tr("Raster")), self.tr("What is multiplied."))
        self.add(QgsProcessingParameterNumber("FACTOR", self.tr("Factor"), double, 2.0), self.tr("By what."))
        self.add(QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Product")), self.tr("A GeoTIFF."))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {"raster": layers.scenes(parameters["RASTER"], context)[0]}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> TinyMapJob:
        return TinyMapJob(
            output=self.parameterAsOutputLayer(parameters, "OUTPUT", context),
            factor=self.parameterAsDouble(parameters, "FACTOR", context),
            **inputs,
        )

    def results(
        self, job: TinyMapJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        return {"OUTPUT": job.output}
