"""Holds several crop maps against each other."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterRasterLayer,
)

from ...bridge import layers
from ...bridge.shown_polygons import SINGLE_LAYER_FORMATS, Need
from ...shared.errors import BadInput, CropClassifierError
from ...shared.jobs.compare_maps import ClassMap, CompareMapsJob
from ...shared.jobs.sources import LabelSource
from ..common.engine_algorithm import REPORTS, EngineAlgorithm, Parameters
from ..common.label_parameters import SHAPES


class CompareMaps(EngineAlgorithm):
    """Crop maps, and a reference -> their figures on the same pixels, and their agreement."""

    NAME = "compare_maps"
    TITLE = "Compare crop maps"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        tables, rasters = QgsProcessing.SourceType.TypeVector, QgsProcessing.SourceType.TypeRaster
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(
            QgsProcessingParameterMultipleLayers("MAPS", self.tr("Crop maps"), rasters),
            self.tr("Two or more rasters of classes. All are read on the grid of the first."),
        )
        self._add_reference()
        self.add(
            QgsProcessingParameterFeatureSource("MAPPING", self.tr("Table of classes"), [tables], optional=True),
            self.tr("Columns reference and class: which value of the others means which class of the first map."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFeatureSource("AREA", self.tr("Area"), [polygons], optional=True),
            self.tr("Only pixels inside its polygons are compared."),
            advanced=True,
        )
        for name, title, files in REPORTS:
            parameter = QgsProcessingParameterFileDestination(name, self.tr(title), files)
            self.add(parameter, self.tr("Figures of each map, each pair of maps, and each class."))
        self.addOutput(QgsProcessingOutputNumber("PIXELS", self.tr("Compared pixels")))

    def _add_reference(self) -> None:
        self.add(
            QgsProcessingParameterRasterLayer("REFERENCE", self.tr("Reference raster"), optional=True),
            self.tr("A raster of classes, in any grid. Without a reference only the maps' agreement is told."),
        )
        self.add(
            QgsProcessingParameterFeatureSource(
                "REFERENCE_VECTOR", self.tr("Reference polygons or points"), SHAPES, optional=True
            ),
            self.tr("Polygons or points with a class each, in place of a reference raster."),
        )
        self.add(
            QgsProcessingParameterField(
                "FIELD", self.tr("Field with the class"), parentLayerParameterName="REFERENCE_VECTOR", optional=True
            ),
            self.tr("Holds the class of each polygon or point: a name or a code of the maps' legends."),
        )

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        fine, why = super().checkParameterValues(parameters, context)
        if not fine:
            return fine, why
        try:
            CompareMapsJob(self._maps(parameters, context), "", "", "")
        except CropClassifierError as error:
            return False, error.sentence
        return True, ""

    def _maps(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[ClassMap, ...]:
        return tuple(ClassMap(s.path, s.crs) for s in layers.scenes(parameters.get("MAPS"), context))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        need = Need(formats=SINGLE_LAYER_FORMATS, carries_crs=False)
        area, *_ = self.polygons(parameters, "AREA", context, feedback, need)
        return {
            "maps": self._maps(parameters, context),
            "reference": self._reference(parameters, context, feedback),
            "mapping": layers.class_mapping(self.table(parameters, "MAPPING", context)),
            "area": area,
        }

    def _reference(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Optional[LabelSource]:
        raster, vector = (self.given(parameters, name) for name in ("REFERENCE", "REFERENCE_VECTOR"))
        if raster and vector:
            raise BadInput("Two references were given: choose a reference raster, or reference polygons or points.")
        if raster:
            scene = layers.scenes(parameters["REFERENCE"], context)[0]
            return LabelSource(scene.path, crs=scene.crs)
        if not vector:
            return None
        fields = self.parameterAsStrings(parameters, "FIELD", context)
        if not fields:
            raise BadInput("The field with the class of the reference is missing: choose it.")
        path, layer, crs = self.polygons(parameters, "REFERENCE_VECTOR", context, feedback, Need((fields[0],)))
        return LabelSource(path, layer, fields[0], crs=crs)

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> CompareMapsJob:
        reports = self.report_paths(parameters, context)
        return CompareMapsJob(**inputs, **reports)

    def results(
        self, job: CompareMapsJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        written = self.written_reports(job)
        return {**written, "PIXELS": event["outputs"]["pixels"]}
