"""What became of each crop between two maps."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
)

from ...bridge import layers
from ...bridge.shown_polygons import SINGLE_LAYER_FORMATS, Need
from ...bridge.styling import LayerStyle, style_output
from ...shared.errors import CropClassifierError
from ...shared.jobs.compare_maps import ClassMap, MapChangeJob
from ..common.engine_algorithm import REPORTS, EngineAlgorithm, Parameters


class MapChange(EngineAlgorithm):
    """Crop maps of two seasons -> what became what, and how many hectares."""

    NAME = "map_change"
    TITLE = "Change between two crop maps"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        tables, polygons = QgsProcessing.SourceType.TypeVector, QgsProcessing.SourceType.TypeVectorPolygon
        self.add(
            QgsProcessingParameterRasterLayer("BEFORE", self.tr("Earlier crop map")),
            self.tr("A raster of class codes; its own legend is used."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("AFTER", self.tr("Later crop map")),
            self.tr("In any grid; its classes are known again by their names, whatever their codes."),
        )
        self.add(
            QgsProcessingParameterFeatureSource("MAPPING", self.tr("Table of classes"), [tables], optional=True),
            self.tr("Columns reference and class: which class of the later map means which of the earlier."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFeatureSource("AREA", self.tr("Area"), [polygons], optional=True),
            self.tr("Only pixels inside its polygons are compared."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterRasterDestination("CHANGE", self.tr("Changes")),
            self.tr("One value for each change from a crop to a crop; 0 where nothing changed."),
        )
        for name, title, files in REPORTS:
            parameter = QgsProcessingParameterFileDestination(name, self.tr(title), files, optional=True)
            self.add(parameter, self.tr("Hectares and pixels from crop to crop."))
        self.addOutput(QgsProcessingOutputNumber("CHANGED", self.tr("Share of the pixels that changed")))

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        fine, why = super().checkParameterValues(parameters, context)
        if not fine:
            return fine, why
        try:
            MapChangeJob(*self._maps(parameters, context), "")
        except CropClassifierError as error:
            return False, error.sentence
        return True, ""

    def _maps(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[ClassMap, ClassMap]:
        before, after = (layers.scenes(parameters.get(name), context)[0] for name in ("BEFORE", "AFTER"))
        return ClassMap(before.path, before.crs), ClassMap(after.path, after.crs)

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        before, after = self._maps(parameters, context)
        need = Need(formats=SINGLE_LAYER_FORMATS, carries_crs=False)
        area, *_ = self.polygons(parameters, "AREA", context, feedback, need)
        return {
            "before": before,
            "after": after,
            "mapping": layers.class_mapping(self.table(parameters, "MAPPING", context)),
            "area": area,
        }

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> MapChangeJob:
        reports = self.report_paths(parameters, context)
        return MapChangeJob(change=self.parameterAsOutputLayer(parameters, "CHANGE", context), **inputs, **reports)

    def results(
        self, job: MapChangeJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        style_output(context, LayerStyle(job.change, self.tr("Changes"), ""))
        written = self.written_reports(job)
        return {"CHANGE": job.change, **written, "CHANGED": event["outputs"]["changed"]}
