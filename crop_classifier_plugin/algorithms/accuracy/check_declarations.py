"""Declared parcels as a traffic light."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterField,
    QgsProcessingParameterNumber,
    QgsProcessingParameterVectorDestination,
)

from ...bridge.styling import LayerStyle, style_output
from ...shared.jobs.accuracy import CheckDeclarationsJob
from ..common.engine_algorithm import Parameters
from ..common.parcel_inputs import ParcelInputs

_REAL = QgsProcessingParameterNumber.Type.Double


class CheckDeclarations(ParcelInputs):
    """Declared parcels + crop map -> green, yellow or red."""

    NAME = "check_declarations"
    TITLE = "Check declared crops"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_parcels()
        self.add(
            QgsProcessingParameterField(
                "FOUND", self.tr("Field with the crop found"), parentLayerParameterName="PARCELS", optional=True
            ),
            self.tr("On the spot, where somebody was: right declarations then set the limit of red."),
        )
        self.add(
            QgsProcessingParameterNumber(
                "FALSE_ALARMS", self.tr("Rate of false alarms"), _REAL, 0.05, minValue=0.001, maxValue=0.5
            ),
            self.tr("Of the right declarations, the share that may turn red."),
        )
        self.add(
            QgsProcessingParameterNumber("LEAST_PIXELS", self.tr("Smallest parcel, in pixels"), _REAL, 4, minValue=0),
            self.tr("Smaller ones never turn red."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterVectorDestination("CHECKED", self.tr("Parcels with their light")),
            self.tr("A GeoPackage: what the parcel summary has, the light, and its p-value."),
        )
        self.add_reports()
        for name, title in (("GREEN", "Green parcels"), ("YELLOW", "Yellow parcels"), ("RED", "Red parcels")):
            self.addOutput(QgsProcessingOutputNumber(name, self.tr(title)))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        found = "".join(self.parameterAsStrings(parameters, "FOUND", context))
        return {**super().inputs(parameters, context, feedback), "found_field": found}

    def job(
        self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]
    ) -> CheckDeclarationsJob:
        return CheckDeclarationsJob(
            checked=self.parameterAsOutputLayer(parameters, "CHECKED", context),
            false_alarms=self.parameterAsDouble(parameters, "FALSE_ALARMS", context),
            least_pixels=self.parameterAsDouble(parameters, "LEAST_PIXELS", context),
            **self.report_paths(parameters, context),
            **inputs,
        )

    def results(
        self, job: CheckDeclarationsJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        style_output(context, LayerStyle(job.checked, self.tr("Parcels with their light"), ""))
        counts = {name.upper(): event["outputs"][name] for name in ("green", "yellow", "red")}
        return {"CHECKED": job.checked, **self.written_reports(job), **counts}
