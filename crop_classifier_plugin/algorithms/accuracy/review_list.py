"""Lists the units of a map that are worth a look."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorDestination,
)

from ...bridge import layers
from ...bridge.shown_polygons import Need
from ...bridge.styling import LayerStyle, style_output
from ...shared.choices import GAINS
from ...shared.jobs.accuracy import DeclaredParcels, MapRasters
from ...shared.jobs.review import ReviewListJob
from ...shared.jobs.sources import LabelSource
from ..common.engine_algorithm import EngineAlgorithm, Parameters

_REAL = QgsProcessingParameterNumber.Type.Double
_WHOLE = QgsProcessingParameterNumber.Type.Integer


class ReviewList(EngineAlgorithm):
    """Crop map + parcels, or a reference -> units to look at, in the order of what a look gains."""

    NAME = "review_list"
    TITLE = "List what to look at"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self._add_inputs()
        self._add_advanced()
        self.add(
            QgsProcessingParameterVectorDestination("REVIEW", self.tr("Review list")),
            self.tr("A GeoPackage with the review table; its form asks for the state, the crop, a note, a photo."),
        )
        self.addOutput(QgsProcessingOutputNumber("UNITS", self.tr("Units to look at")))

    def _add_inputs(self) -> None:
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(
            QgsProcessingParameterRasterLayer("MAP", self.tr("Crop map")),
            self.tr("A raster of class codes; its own legend is used."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("PROBABILITIES", self.tr("Class probabilities"), optional=True),
            self.tr("Of the same run as the map: they tell where it is unsure."),
        )
        self.add(
            QgsProcessingParameterFeatureSource("PARCELS", self.tr("Parcels"), [polygons], optional=True),
            self.tr("The units to look at. Leave them out to list where the map differs from a reference raster."),
        )
        for name, title, tip in (
            ("DECLARED", "Field with the declared crop", "Parcels on which the map differs come first."),
            ("ID", "Field with the parcel's id", "Without one, parcels are told apart by their shape."),
        ):
            field = QgsProcessingParameterField(name, self.tr(title), parentLayerParameterName="PARCELS", optional=True)
            self.add(field, self.tr(tip))
        self.add(
            QgsProcessingParameterRasterLayer("REFERENCE", self.tr("Reference raster"), optional=True),
            self.tr("In place of parcels: each region where the map differs from it is a unit."),
        )

    def _add_advanced(self) -> None:
        tables = QgsProcessing.SourceType.TypeVector
        self.add_choice("GAIN", "First comes", GAINS, "The chance that the map is wrong, times what hangs on it.")
        self.add(
            QgsProcessingParameterNumber("MOST", self.tr("Units in the list"), _WHOLE, 0, minValue=0),
            self.tr("0: all of them."),
        )
        self.add(
            QgsProcessingParameterNumber("LEAST_PIXELS", self.tr("Smallest region, in pixels"), _REAL, 4, minValue=1),
            self.tr("Of disagreement with the reference raster; smaller ones are left out."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber(
                "DECLARED_RIGHT", self.tr("Share of right declarations"), _REAL, 0.9, minValue=0.01, maxValue=0.99
            ),
            self.tr("As far as is known: it weighs a declaration, or the reference, against the map."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFeatureSource("MAPPING", self.tr("Table of classes"), [tables], optional=True),
            self.tr("Columns reference and class: which other word means which class of the map."),
            advanced=True,
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        crop_map = layers.scenes(parameters.get("MAP"), context)[0]
        sure = self.raster(parameters, "PROBABILITIES", context)
        reference = self.raster(parameters, "REFERENCE", context)
        return {
            "maps": MapRasters(crop_map.path, sure.path if sure else "", crs=crop_map.crs),
            "parcels": self._parcels(parameters, context, feedback),
            "reference": LabelSource(reference.path, crs=reference.crs) if reference else None,
            "mapping": layers.class_mapping(self.table(parameters, "MAPPING", context)),
        }

    def _parcels(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> DeclaredParcels | None:
        if not self.given(parameters, "PARCELS"):
            return None
        declared, known = ("".join(self.parameterAsStrings(parameters, name, context)) for name in ("DECLARED", "ID"))
        need = Need(tuple(filter(None, (declared, known))))
        path, layer, crs = self.polygons(parameters, "PARCELS", context, feedback, need)
        return DeclaredParcels(path, layer, declared, known, crs)

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> ReviewListJob:
        return ReviewListJob(
            review=self.parameterAsOutputLayer(parameters, "REVIEW", context),
            gain=self.choice(parameters, "GAIN", context),
            most=self.parameterAsInt(parameters, "MOST", context),
            least_pixels=self.parameterAsDouble(parameters, "LEAST_PIXELS", context),
            declared_right=self.parameterAsDouble(parameters, "DECLARED_RIGHT", context),
            **inputs,
        )

    def results(
        self, job: ReviewListJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        style_output(context, LayerStyle(job.review, self.tr("Review list"), ""))
        return {"REVIEW": job.review, "UNITS": event["outputs"]["units"]}
