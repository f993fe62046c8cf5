"""What a crop map says of each parcel."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingOutputNumber, QgsProcessingParameterVectorDestination

from ...bridge.styling import LayerStyle, style_output
from ...shared.jobs.accuracy import ParcelSummaryJob
from ..common.engine_algorithm import Parameters
from ..common.parcel_inputs import ParcelInputs


class ParcelSummary(ParcelInputs):
    """Parcels + crop map -> crop, share, doubt, hectares and agreement of each parcel."""

    NAME = "parcel_summary"
    TITLE = "Sum up a crop map by parcel"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_parcels()
        self.add(
            QgsProcessingParameterVectorDestination("SUMMARY", self.tr("Parcels with their crop")),
            self.tr("A GeoPackage: your fields, and the map's crop, its share, doubt, hectares, agreement."),
        )
        self.add_reports()
        for name, title in (("PARCELS_READ", "Parcels"), ("AGREE", "Parcels that agree"), ("DIFFER", "that differ")):
            self.addOutput(QgsProcessingOutputNumber(name, self.tr(title)))

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> ParcelSummaryJob:
        return ParcelSummaryJob(
            summary=self.parameterAsOutputLayer(parameters, "SUMMARY", context),
            **self.report_paths(parameters, context),
            **inputs,
        )

    def results(
        self, job: ParcelSummaryJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = event["outputs"]
        style_output(context, LayerStyle(job.summary, self.tr("Parcels with their crop"), ""))
        numbers = {"PARCELS_READ": outputs["parcels"], "AGREE": outputs["agree"], "DIFFER": outputs["differ"]}
        return {"SUMMARY": job.summary, **self.written_reports(job), **numbers}
