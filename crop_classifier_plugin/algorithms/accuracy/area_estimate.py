"""Estimates hectares and accuracies from a sample that was looked at."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterLayer,
)

from ...bridge import layers
from ...bridge.shown_polygons import Need
from ...shared.choices import SAMPLINGS
from ...shared.jobs.accuracy import AreaEstimateJob
from ...shared.jobs.sources import LabelSource
from ..common.engine_algorithm import REPORTS, EngineAlgorithm, Parameters


class AreaEstimate(EngineAlgorithm):
    """Looked-at sample (and the map) -> hectares and accuracies with intervals."""

    NAME = "area_estimate"
    TITLE = "Estimate hectares from a sample"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        any_shape, tables = QgsProcessing.SourceType.TypeVectorAnyGeometry, QgsProcessing.SourceType.TypeVector
        self.add(
            QgsProcessingParameterFeatureSource("SAMPLE", self.tr("Sample"), [any_shape]),
            self.tr("Points or parcels that were drawn at random and looked at: a review table, or any layer."),
        )
        self.add(
            QgsProcessingParameterField(
                "FIELD", self.tr("Field with the class found"), parentLayerParameterName="SAMPLE", optional=True
            ),
            self.tr("Leave it empty for a review table: its answers are taken."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("MAP", self.tr("Crop map"), optional=True),
            self.tr("Needed where the sample does not tell its strata; else it is judged in place of its own map."),
        )
        self.add_choice(
            "SAMPLING", "The sample was drawn", SAMPLINGS, "Samples of this toolbox are stratified.", advanced=True
        )
        self.add(
            QgsProcessingParameterFeatureSource("MAPPING", self.tr("Table of classes"), [tables], optional=True),
            self.tr("Columns reference and class: which word of the sample means which class of the map."),
            advanced=True,
        )
        for name, title, files in REPORTS:
            self.add(
                QgsProcessingParameterFileDestination(name, self.tr(title), files),
                self.tr("Hectares and accuracies of each class, with intervals of 95 %."),
            )
        self.addOutput(QgsProcessingOutputNumber("OVERALL_ACCURACY", self.tr("Overall accuracy")))
        self.addOutput(QgsProcessingOutputNumber("UNITS", self.tr("Units that were answered")))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        fields = tuple(self.parameterAsStrings(parameters, "FIELD", context))
        path, layer, crs = self.polygons(parameters, "SAMPLE", context, feedback, Need(fields))
        crop_map = layers.scenes(parameters["MAP"], context)[0] if self.given(parameters, "MAP") else None
        return {
            "sample": LabelSource(path, layer, "".join(fields), crs=crs),
            "class_map": crop_map.path if crop_map else "",
            "map_crs": crop_map.crs if crop_map else "",
            "mapping": layers.class_mapping(self.table(parameters, "MAPPING", context)),
        }

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> AreaEstimateJob:
        return AreaEstimateJob(
            **self.report_paths(parameters, context),
            sampling=self.choice(parameters, "SAMPLING", context),
            **inputs,
        )

    def results(
        self, job: AreaEstimateJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = event["outputs"]
        numbers = {name.upper(): outputs[name] for name in ("overall_accuracy", "units")}
        return {name.upper(): getattr(job, name) for name in job.writes_files} | numbers
