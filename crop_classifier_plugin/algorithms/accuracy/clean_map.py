"""Cleans a crop map."""

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
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from ...bridge import layers
from ...bridge.shown_polygons import Need
from ...bridge.styling import LayerStyle, style_output
from ...shared.choices import CLEANINGS
from ...shared.jobs.accuracy import DeclaredParcels, MapRasters
from ...shared.jobs.clean_map import Cleaning, CleanMapJob, FieldMask
from ...shared.jobs.sources import LabelSource
from ..common.engine_algorithm import REPORTS, EngineAlgorithm, Parameters

_REAL = QgsProcessingParameterNumber.Type.Double
_WHOLE = QgsProcessingParameterNumber.Type.Integer


class CleanMap(EngineAlgorithm):
    """Crop map -> a cleaner one, with its accuracy before and after."""

    NAME = "clean_map"
    TITLE = "Clean a crop map"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self._add_map()
        self._add_mask()
        self.add(
            QgsProcessingParameterRasterLayer("REFERENCE", self.tr("Reference raster"), optional=True),
            self.tr("Tells the accuracy before and after: cleaning can make a map worse."),
        )
        self.add(
            QgsProcessingParameterRasterDestination("CLEANED", self.tr("Cleaned map")),
            self.tr("The map with the same classes."),
        )
        for name, title, files in REPORTS:
            parameter = QgsProcessingParameterFileDestination(name, self.tr(title), files, optional=True)
            self.add(parameter, self.tr("Hectares, and accuracy where there is a reference, before and after."))
        self.addOutput(QgsProcessingOutputNumber("CHANGED", self.tr("Share of the pixels with another class")))

    def _add_map(self) -> None:
        self.add(
            QgsProcessingParameterRasterLayer("MAP", self.tr("Crop map")),
            self.tr("A raster of class codes; its own legend is used."),
        )
        self.add_choice("METHOD", "Cleaning", CLEANINGS, "What is done to the classes.")
        self.add(
            QgsProcessingParameterNumber(
                "LEAST_HECTARES", self.tr("Smallest region, in hectares"), _REAL, 0.1, minValue=0.0001
            ),
            self.tr("Smaller ones take the class that most of their edge touches."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("PROBABILITIES", self.tr("Class probabilities"), optional=True),
            self.tr("Of the same run as the map: they are smoothed by the Bayesian cleaning."),
        )
        self.add(
            QgsProcessingParameterNumber("SIZE", self.tr("Square around a pixel"), _WHOLE, 5, minValue=3),
            self.tr("Pixels, an odd number: of the commonest class, and of the Bayesian cleaning."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber("SMOOTHNESS", self.tr("Smoothness"), _REAL, 10, minValue=0.001),
            self.tr("Of the Bayesian cleaning: the larger, the smoother."),
            advanced=True,
        )

    def _add_mask(self) -> None:
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(
            QgsProcessingParameterFeatureSource("PARCELS", self.tr("Parcels"), [polygons], optional=True),
            self.tr("For the cleaning by parcel, and to take away what lies in none."),
        )
        self.add(
            QgsProcessingParameterBoolean("ONLY_PARCELS", self.tr("Only parcels are fields"), False),
            self.tr("What lies in no parcel becomes no data."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("LAND_COVER", self.tr("Land cover"), optional=True),
            self.tr("A class raster, in any grid, that knows towns, woods and water."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterString("NOT_FIELDS", self.tr("Land cover that is no field"), optional=True),
            self.tr("Names or codes of the land cover, with commas between them."),
            advanced=True,
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        crop_map = layers.scenes(parameters.get("MAP"), context)[0]
        sure, cover, reference = (
            self.raster(parameters, name, context) for name in ("PROBABILITIES", "LAND_COVER", "REFERENCE")
        )
        path, layer, crs = self.polygons(parameters, "PARCELS", context, feedback, Need())
        not_fields = self.parameterAsString(parameters, "NOT_FIELDS", context).replace(";", ",").split(",")
        mask = FieldMask(
            self.parameterAsBool(parameters, "ONLY_PARCELS", context),
            cover.path if cover else "",
            tuple(name.strip() for name in not_fields if name.strip()),
        )
        return {
            "maps": MapRasters(crop_map.path, sure.path if sure else "", crs=crop_map.crs),
            "field_mask": mask,
            "parcels": DeclaredParcels(path, layer, crs=crs) if path else None,
            "reference": LabelSource(reference.path, crs=reference.crs) if reference else None,
        }

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> CleanMapJob:
        cleaning = Cleaning(
            self.choice(parameters, "METHOD", context),
            self.parameterAsDouble(parameters, "LEAST_HECTARES", context),
            self.parameterAsInt(parameters, "SIZE", context),
            self.parameterAsDouble(parameters, "SMOOTHNESS", context),
        )
        reports = self.report_paths(parameters, context)
        cleaned = self.parameterAsOutputLayer(parameters, "CLEANED", context)
        return CleanMapJob(cleaned=cleaned, cleaning=cleaning, **reports, **inputs)

    def results(
        self, job: CleanMapJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        style_output(context, LayerStyle(job.cleaned, self.tr("Cleaned map"), ""))
        written = self.written_reports(job)
        return {"CLEANED": job.cleaned, **written, "CHANGED": event["outputs"]["changed"]}
