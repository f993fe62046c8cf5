"""Draws the sample that areas and accuracies are estimated from."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
)

from ...bridge import layers
from ...bridge.shown_polygons import Need
from ...bridge.styling import LayerStyle, style_output
from ...shared.choices import ALLOCATIONS
from ...shared.jobs.accuracy import DeclaredParcels, SampleDesignJob
from ...shared.jobs.sources import read_settings
from ..common.engine_algorithm import EngineAlgorithm, Parameters

_REAL = QgsProcessingParameterNumber.Type.Double
_WHOLE = QgsProcessingParameterNumber.Type.Integer


class SampleDesign(EngineAlgorithm):
    """Crop map -> points to look at, a given number in each class."""

    NAME = "sample_design"
    TITLE = "Draw a sample to look at"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add(
            QgsProcessingParameterRasterLayer("MAP", self.tr("Crop map")),
            self.tr("Its classes are the strata: points are drawn at random in each."),
        )
        self.add(
            QgsProcessingParameterNumber("SIZE", self.tr("Number of points"), _WHOLE, 0, minValue=0),
            self.tr("0: as many as the standard error asks for."),
        )
        self.add(
            QgsProcessingParameterNumber(
                "STANDARD_ERROR", self.tr("Standard error of overall accuracy"), _REAL, 0.01, minValue=0, maxValue=0.5
            ),
            self.tr("What is aimed at where no number of points is given; half of it takes four times the points."),
        )
        self.add(
            QgsProcessingParameterFeatureSource(
                "PARCELS", self.tr("Parcels"), [QgsProcessing.SourceType.TypeVectorPolygon], optional=True
            ),
            self.tr("The units to look at, in place of points: each belongs to the class that most of it has."),
        )
        self._add_advanced()
        self.add(
            QgsProcessingParameterVectorDestination("SAMPLE", self.tr("Sample")),
            self.tr("A GeoPackage with the review table: one point in the middle of each pixel that was drawn."),
        )
        self.addOutput(QgsProcessingOutputNumber("UNITS", self.tr("Points")))

    def _add_advanced(self) -> None:
        self.add(
            QgsProcessingParameterNumber("LEAST", self.tr("Points of each class, at least"), _WHOLE, 50, minValue=2),
            self.tr("Rare classes need more points than their area asks for: 50 to 100 are usual."),
            advanced=True,
        )
        self.add_choice(
            "ALLOCATION", "Points are shared", ALLOCATIONS, "Among the classes, beyond the least number.", advanced=True
        )
        self.add(
            QgsProcessingParameterNumber(
                "EXPECTED", self.tr("User's accuracy that is expected"), _REAL, 0.8, minValue=0.01, maxValue=0.99
            ),
            self.tr("Of each class: the size of the sample rests on it."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterString("ACCURACIES", self.tr("Expected accuracies of single classes"), optional=True),
            self.tr("As Maize=0.9, Fallow=0.6: they go over the one of all classes."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber("SEED", self.tr("Seed"), _WHOLE, 0, minValue=0),
            self.tr("The same seed draws the same points."),
            advanced=True,
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        crop_map = layers.scenes(parameters.get("MAP"), context)[0]
        path, layer, crs = self.polygons(parameters, "PARCELS", context, feedback, Need())
        parcels = DeclaredParcels(path, layer, crs=crs) if path else None
        return {"class_map": crop_map.path, "map_crs": crop_map.crs, "parcels": parcels}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> SampleDesignJob:
        return SampleDesignJob(
            sample=self.parameterAsOutputLayer(parameters, "SAMPLE", context),
            size=self.parameterAsInt(parameters, "SIZE", context),
            standard_error=self.parameterAsDouble(parameters, "STANDARD_ERROR", context),
            expected=self.parameterAsDouble(parameters, "EXPECTED", context),
            accuracies=read_settings(self.parameterAsString(parameters, "ACCURACIES", context)),
            allocation=self.choice(parameters, "ALLOCATION", context),
            least=self.parameterAsInt(parameters, "LEAST", context),
            seed=self.parameterAsInt(parameters, "SEED", context),
            **inputs,
        )

    def results(
        self, job: SampleDesignJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        style_output(context, LayerStyle(job.sample, self.tr("Sample"), ""))
        return {"SAMPLE": job.sample, "UNITS": event["outputs"]["units"]}
