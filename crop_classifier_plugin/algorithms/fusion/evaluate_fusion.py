"""Holds a fused image against the real one, beside what needs no fusion."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from ...bridge import layers
from ...shared.jobs.fusion import EvaluateFusionJob
from ..common.engine_algorithm import REPORTS, Parameters
from ..common.series_parameters import SeriesAlgorithm

IMAGES = (  # name, title, tip
    ("FUSED", "Fused image", "What is judged: the output of a fusion."),
    ("TRUTH", "Real fine image", "Of the fused image's day; the fusion must not have seen it."),
    ("COARSE", "Coarse image", "Of the fused image's day; it is resampled to the fine grid."),
)
FIGURES = {"RMSE": "RMSE", "BIAS": "Bias", "SSIM": "SSIM", "DATA_RANGE": "Data range of SSIM"}


class EvaluateFusion(SeriesAlgorithm):
    """Fused image + the real one -> how near it comes, beside what needs no fusion."""

    NAME = "evaluate_fusion"
    TITLE = "Evaluate a fused image"
    SCENES = tuple(name for name, _, _ in IMAGES)

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        for name, title, tip in IMAGES:
            self.add(QgsProcessingParameterRasterLayer(name, self.tr(title)), self.tr(tip))
        self.add_scenes(
            "Of other days: the one before the fused day, better also the one after. What needs no fusion is made of "
            "them: the nearest image, and those before and after interpolated in time.",
            "Fine images of other days",
            "FINE",
        )
        self.add(
            QgsProcessingParameterString("BAND", self.tr("Band"), "NDVI"),
            self.tr("The band that is compared; all images must have it."),
        )
        self.add(
            QgsProcessingParameterNumber(
                "DATA_RANGE",
                self.tr("Data range of SSIM"),
                QgsProcessingParameterNumber.Type.Double,
                0,
                minValue=0,
            ),
            self.tr("L of SSIM. 0: 2 for NDVI and its like, else the range of the real image."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterBoolean("CUBIC", self.tr("Cubic resampling"), False),
            self.tr("Coarse images come to the fine grid cubically; otherwise bilinearly."),
            advanced=True,
        )
        self.add_dates()
        self.add_extent("Only this rectangle is compared. Empty: everything the images share.")
        for name, title, files in REPORTS:
            self.add(
                QgsProcessingParameterFileDestination(name, self.tr(title), files),
                self.tr("RMSE, bias, correlation and SSIM of the fused image and of what needs no fusion."),
            )
        for name, title in FIGURES.items():
            self.addOutput(QgsProcessingOutputNumber(name, self.tr(title)))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {
            **{name.lower(): layers.scenes(parameters.get(name), context)[0] for name, _, _ in IMAGES},
            "fine": self.scenes(parameters, context, "FINE"),
            "dates": self.dates(parameters, context),
            "extent": self.extent(parameters, context, "FUSED"),
        }

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> EvaluateFusionJob:
        return EvaluateFusionJob(
            **inputs,
            **self.report_paths(parameters, context),
            band=self.parameterAsString(parameters, "BAND", context).strip(),
            cubic=self.parameterAsBool(parameters, "CUBIC", context),
            data_range=self.parameterAsDouble(parameters, "DATA_RANGE", context),
        )

    def results(
        self, job: EvaluateFusionJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        written = self.written_reports(job)
        return {**written, **{name: event["outputs"][name.lower()] for name in FIGURES}}
