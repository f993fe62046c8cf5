"""Brings the answers of a review back into the map."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorDestination,
)

from ...bridge import layers
from ...bridge.shown_polygons import layer_of
from ...bridge.styling import LayerStyle, style_output
from ...shared.errors import BadInput
from ...shared.jobs.review import ApplyReviewJob
from ..common.engine_algorithm import REPORTS, EngineAlgorithm, Parameters


class ApplyReview(EngineAlgorithm):
    """Crop map + answered review -> corrected map, labels for the next training, report."""

    NAME = "apply_review"
    TITLE = "Bring a review back"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        any_shape = QgsProcessing.SourceType.TypeVectorAnyGeometry
        self.add(
            QgsProcessingParameterRasterLayer("MAP", self.tr("Crop map")),
            self.tr("The map that was reviewed."),
        )
        self.add(
            QgsProcessingParameterFeatureSource("REVIEW", self.tr("Answered review"), [any_shape]),
            self.tr("The layer `review` of a review list or a sample. Save its edits first."),
        )
        self.add(
            QgsProcessingParameterBoolean("OTHER_MAP", self.tr("The answers were made on another map"), False),
            self.tr("Applies them to this one all the same."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterRasterDestination("CORRECTED", self.tr("Corrected map")),
            self.tr("The map with the relabelled units drawn into it."),
        )
        self.add(
            QgsProcessingParameterVectorDestination("LABELS", self.tr("Labels")),
            self.tr("The answered units with their class in the field crop."),
        )
        self.add(
            QgsProcessingParameterVectorDestination(
                "CLEANED_LABELS", self.tr("Cleaned labels"), optional=True, createByDefault=False
            ),
            self.tr("All units with a class in the field crop: as answered, else as declared. For the next training."),
        )
        for name, title, files in REPORTS:
            parameter = QgsProcessingParameterFileDestination(name, self.tr(title), files, optional=True)
            self.add(parameter, self.tr("What the review said and changed."))
        self.addOutput(QgsProcessingOutputNumber("ANSWERED", self.tr("Answered units")))
        self.addOutput(QgsProcessingOutputNumber("CHANGED_HECTARES", self.tr("Hectares that changed in the map")))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        crop_map = layers.scenes(parameters.get("MAP"), context)[0]
        return {"class_map": crop_map.path, "map_crs": crop_map.crs, "review": self._review(parameters, context)}

    def _review(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        """The review's own file: a copy of its layer would be without its history and version."""
        layer = layer_of(parameters.get("REVIEW"), context)
        if layer is None:
            raise BadInput("The answered review is missing: choose the layer review of a review list or a sample.")
        if layer.isModified():
            raise BadInput(f"The layer {layer.name()} has unsaved edits: save them, and run again.")
        return str(layer.source().split("|")[0])

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> ApplyReviewJob:
        return ApplyReviewJob(
            corrected=self.parameterAsOutputLayer(parameters, "CORRECTED", context),
            labels=self.parameterAsOutputLayer(parameters, "LABELS", context),
            cleaned_labels=self.parameterAsOutputLayer(parameters, "CLEANED_LABELS", context),
            other_map=self.parameterAsBool(parameters, "OTHER_MAP", context),
            **self.report_paths(parameters, context),
            **inputs,
        )

    def results(
        self, job: ApplyReviewJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = event["outputs"]
        style_output(context, LayerStyle(job.corrected, self.tr("Corrected map"), "", order=-1))
        style_output(context, LayerStyle(job.labels, self.tr("Labels"), ""))
        written = self.written_reports(job)
        if job.cleaned_labels:
            style_output(context, LayerStyle(job.cleaned_labels, self.tr("Cleaned labels"), ""))
            written |= {"CLEANED_LABELS": job.cleaned_labels}
        numbers = {name.upper(): outputs[name] for name in ("answered", "changed_hectares")}
        return {"CORRECTED": job.corrected, "LABELS": job.labels, **written, **numbers}
