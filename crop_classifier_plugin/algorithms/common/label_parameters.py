"""Labels of a training: polygons, points or a class raster, and a second series that chooses the best epoch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterRasterLayer,
    QgsProcessingUtils,
)

from ...bridge import layers
from ...bridge.shown_polygons import Need
from ...shared.errors import BadInput, CropClassifierError
from ...shared.jobs.sources import LabelledSeries, LabelSource
from .class_choice_parameters import ClassChoiceParameters
from .engine_algorithm import Parameters
from .series_parameters import SeriesAlgorithm

SHAPES = [QgsProcessing.SourceType.TypeVectorPolygon, QgsProcessing.SourceType.TypeVectorPoint]


class LabelledAlgorithm(ClassChoiceParameters, SeriesAlgorithm):
    """An algorithm whose series have labels."""

    def _add_labels(self) -> None:
        self.add(
            QgsProcessingParameterFeatureSource("LABELS", self.tr("Labelled parcels or points"), SHAPES, optional=True),
            self.tr(
                "Polygons or points with a class each, in any CRS, as QGIS shows them: selection, filter, unsaved "
                "edits. A point labels the pixel that it lies in. Give these or a class raster, not both."
            ),
        )
        self.add(
            QgsProcessingParameterField(
                "FIELD", self.tr("Field with the class"), parentLayerParameterName="LABELS", optional=True
            ),
            self.tr("Holds the class of each polygon or point: a name, or a code of the legend."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("LABEL_RASTER", self.tr("Labels as a class raster"), optional=True),
            self.tr("A raster of class codes, in any grid; no data is unlabelled. Give this, or polygons or points."),
        )
        self.add(
            QgsProcessingParameterFile("LEGEND", self.tr("Legend"), fileFilter="JSON files (*.json)", optional=True),
            self.tr(
                "Codes, names and colours of the classes. Empty: one class a name in the field, by the alphabet, or "
                "the class raster's own legend."
            ),
            advanced=True,
        )
        self.add_class_choice()

    def add_validation(self) -> None:
        """A second series that chooses the best epoch."""
        rasters = QgsProcessing.SourceType.TypeRaster
        self.add(
            QgsProcessingParameterMultipleLayers(
                "VALIDATION_INPUT", self.tr("Validation: dated scenes"), rasters, optional=True
            ),
            self.tr(
                "A second series, of another place or season, that chooses the best epoch in place of a share of the "
                "parcels. It is never learnt from."
            ),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFeatureSource(
                "VALIDATION_LABELS", self.tr("Validation: labelled parcels"), SHAPES, optional=True
            ),
            self.tr(
                "Polygons or points on the validation scenes, with the same field and classes as the labelled parcels. "
                "Those on held-out parcels are not asked."
            ),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterRasterLayer(
                "VALIDATION_LABEL_RASTER", self.tr("Validation: labels as a class raster"), optional=True
            ),
            self.tr("Classes of the validation scenes, where the other labels are a class raster too."),
            advanced=True,
        )

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        try:
            self.check_labels(parameters)
        except CropClassifierError as error:
            return False, error.sentence
        return super().checkParameterValues(parameters, context)

    def check_labels(self, parameters: Parameters) -> None:
        """Which of the optional parameters are needed hangs on each other. Raises BadInput."""
        polygons, raster = (self.given(parameters, name) for name in ("LABELS", "LABEL_RASTER"))
        if polygons == raster:
            raise BadInput("Labels are needed once: choose either labelled parcels or points, or a class raster.")
        if polygons and not self.given(parameters, "FIELD"):
            raise BadInput("The field with the class of the parcels is missing: choose it.")
        names = ("VALIDATION_LABELS", "VALIDATION_LABEL_RASTER")
        asked, other = names if polygons else reversed(names)
        kind = "polygons or points" if polygons else "a class raster"
        if self.given(parameters, other):
            raise BadInput(f"The labels are {kind}: give the validation's labels as {kind} too.")
        if self.given(parameters, "VALIDATION_INPUT") != self.given(parameters, asked):
            raise BadInput(f"A validation series is dated scenes and their labels ({kind}): give both or neither.")

    def data(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, tuple[LabelledSeries, ...]]:
        """The job's labelled series. Raises CropClassifierError."""
        self.check_labels(parameters)
        series = self.series(parameters, context)
        first = LabelledSeries(series, self._labels("", parameters, context, feedback))
        scenes = layers.scenes(parameters.get("VALIDATION_INPUT"), context)
        if not scenes:
            return {"data": (first,), "validation_series": ()}
        labels = self._labels("VALIDATION_", parameters, context, feedback)
        return {"data": (first,), "validation_series": (LabelledSeries(replace(series, scenes=scenes), labels),)}

    def told_labels(self, parameters: Parameters, context: QgsProcessingContext, path: str) -> str:
        """What labels are called whose file is a copy of a selection or filter: its name says nothing. Else ""."""
        if Path(QgsProcessingUtils.tempFolder()) not in Path(path).parents or self.given(parameters, "LABEL_RASTER"):
            return ""
        source = self.table(parameters, "LABELS", context)
        text: str = self.tr("{} labelled features of the layer {}").format(source.featureCount(), source.sourceName())
        return text

    def class_fields(self, parameters: Parameters, context: QgsProcessingContext) -> dict[str, Any]:
        """The fields of a LabelSource that name the polygons' classes. Raises CropClassifierError."""
        return {"class_field": self.parameterAsStrings(parameters, "FIELD", context)[0]}

    def _labels(
        self, prefix: str, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> LabelSource:
        """A file with the labels: the layer's own, or a copy of them as QGIS shows them."""
        polygons, raster = f"{prefix}LABELS", f"{prefix}LABEL_RASTER"
        legend = self.parameterAsFile(parameters, "LEGEND", context)
        choice = self.class_choice(parameters, context)
        if self.given(parameters, raster):
            scene = layers.scenes(parameters[raster], context)[0]
            return LabelSource(scene.path, crs=scene.crs, legend=legend, choice=choice)
        source, fields = (
            self.table(parameters, polygons, context),
            self.parameterAsStrings(parameters, "FIELD", context),
        )
        lacking = set(fields) - set(source.fields().names())
        if lacking:
            raise BadInput(
                f"The labels {source.sourceName()} have no field {min(lacking)!r} (fields: "
                f"{', '.join(source.fields().names())}): choose a field that they have."
            )
        path, layer, crs = self.polygons(parameters, polygons, context, feedback, Need(tuple(fields)))
        told = self.class_fields(parameters, context)
        return LabelSource(path, layer, crs=crs, legend=legend, choice=choice, **told)
