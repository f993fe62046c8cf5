"""Clouds of Sentinel-2 L1C, which brings no mask of its own that series read."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
)

from ...bridge.styling import LayerStyle, style_output
from ...shared.jobs.cloud_masks import CloudMasksJob
from ...shared.jobs.sources import Series
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm


class CloudMasks(SeriesAlgorithm):
    """Scenes of level 1C -> a mask of clouds of each date."""

    NAME = "cloud_masks"
    TITLE = "Cloud masks of Sentinel-2 L1C"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes("Sentinel-2 L1C with B01, B02, B04, B05, B08, B8A, B09, B10, B11 and B12.", folder=True)
        self.add_dates()
        self.add_scale()
        self.add_extent("Only this rectangle is looked at. Empty: everything the scenes cover.")
        kind = QgsProcessingParameterNumber.Type.Double
        for name, title, value, low, high, tip in (
            (
                "THRESHOLD",
                "Threshold",
                0.4,
                0.01,
                0.99,
                "Cloud is where the mean probability is above.",
            ),
            ("RESOLUTION", "Resolution in metres", 60.0, 10.0, 1000.0, "Finer pixels take longer: 60 m, 100 s a tile."),
        ):
            number = QgsProcessingParameterNumber(name, self.tr(title), kind, value, minValue=low, maxValue=high)
            self.add(number, self.tr(tip), advanced=True)
        self.add(
            QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Cloud masks")),
            self.tr("One band a date: 1 is cloud, 0 is clear. It serves other algorithms as mask layer."),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                "PROBABILITY", self.tr("Cloud probability"), optional=True, createByDefault=False
            ),
            self.tr("In percent, one band a date."),
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        series = Series(
            scenes=self.scenes(parameters, context),
            dates=self.dates(parameters, context),
            mask="none",
            extent=self.extent(parameters, context),
            scale=self.parameterAsDouble(parameters, "SCALE", context),
        )
        return {"series": series}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> CloudMasksJob:
        return CloudMasksJob(
            **inputs,
            output=self.parameterAsOutputLayer(parameters, "OUTPUT", context),
            probability=self.parameterAsOutputLayer(parameters, "PROBABILITY", context),
            threshold=self.parameterAsDouble(parameters, "THRESHOLD", context),
            resolution=self.parameterAsDouble(parameters, "RESOLUTION", context),
        )

    def results(
        self, job: CloudMasksJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        dates = event["outputs"]["dates"]
        group = self.tr("Series {} to {}").format(dates[0], dates[-1])
        style_output(context, LayerStyle(job.output, self.tr("Cloud masks"), group, 1))
        style_output(context, LayerStyle(job.probability, self.tr("Cloud probability"), group, visible=False))
        written = {"OUTPUT": job.output, "PROBABILITY": job.probability}
        return {name: path for name, path in written.items() if path}
