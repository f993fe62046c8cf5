"""What predicted images add to a crop map of the early season."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
)

from ...bridge import layers
from ...bridge.shown_polygons import Need
from ...shared.choices import GAIN_SPLITS, INDICES
from ...shared.errors import BadInput
from ...shared.forest import ForestSize
from ...shared.jobs.base import take
from ...shared.jobs.fusion import CropGainJob, GainSplit, Prediction
from ...shared.jobs.sources import LabelSource
from ..common.class_choice_parameters import ClassChoiceParameters
from ..common.engine_algorithm import REPORTS, Parameters
from ..common.label_parameters import SHAPES
from ..common.series_parameters import SeriesAlgorithm

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
NUMBERS = (  # name, title, kind, default, least, most, tip
    ("BLOCK", "Side of a block (pixels)", INTEGER, 64, 4, 100_000, "With whole blocks held out."),
    ("HELD_OUT", "Held-out share", DOUBLE, 0.3, 0.01, 0.99, "Of the labelled pixels, never learnt from."),
    ("SEEDS", "Number of splits", INTEGER, 5, 1, 100, "Each with its own forest; the table tells mean and spread."),
    ("SEED", "First seed", INTEGER, 1, 0, 2**31 - 1, "The same seeds give the same table."),
    ("TREES", "Trees", INTEGER, 40, 1, 10_000, "Of each random forest."),
    ("DEPTH", "Depth", INTEGER, 25, 1, 1000, "Of each tree at most."),
    ("LEAF", "Least pixels in a leaf", INTEGER, 20, 1, 1_000_000, "The more, the smoother."),
    ("PIXELS", "Most pixels a class", INTEGER, 20_000, 1, 10_000_000, "Learnt from, drawn at random."),
    ("TEST_PIXELS", "Most test pixels", INTEGER, 100_000, 1, 100_000_000, "Drawn at random from all held-out ones."),
)
FIGURES = {"EARLY_KAPPA": "Kappa of the early season", "BEST_KAPPA": "Best kappa"}


class CropGain(ClassChoiceParameters, SeriesAlgorithm):
    """Early season + predicted images + labels -> what each image adds to the crop map."""

    NAME = "crop_gain"
    TITLE = "Crop gain of predicted images"

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.add_scenes(
            "All dates of the early season: an index, or the bands that it is computed from. Dates after a predicted "
            "one are interpolated with those before it, as a strategy of its own.",
            "Early season",
        )
        self.add_scenes(
            "Fused or predicted images of the index. A layer's strategy is its name without date and index (B of "
            "NDVI_B_2021-07-30), or what the table of strategies says.",
            "Predicted images",
            "PREDICTIONS",
        )
        self._add_labels()
        tip = "What is held out for the test. Random pixels leak, and the reports say so."
        self.add_choice("SPLIT", "Split", GAIN_SPLITS, tip)
        self._add_details()
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle is used. Empty: everything the early season's scenes cover.")
        self._add_outputs()

    def _add_labels(self) -> None:
        self.add(
            QgsProcessingParameterFeatureSource(
                "LABELS", self.tr("Labelled polygons or points"), SHAPES, optional=True
            ),
            self.tr("Parcels or points with their crop. Give these, or a class raster."),
        )
        self.add(
            QgsProcessingParameterField("FIELD", self.tr("Class field"), None, "LABELS", optional=True),
            self.tr("The field with the crop of the polygons or points."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("LABELS_RASTER", self.tr("Class raster"), optional=True),
            self.tr("Instead of polygons or points; 0 without a name is no class."),
        )

        self.add_class_choice()

    def _add_details(self) -> None:
        self.add(
            QgsProcessingParameterEnum(
                "INDEX", self.tr("Index"), list(INDICES), defaultValue="NDVI", usesStaticStrings=True
            ),
            self.tr("What early season and predictions hold; computed from the early season's bands where needed."),
            advanced=True,
        )
        date = QgsProcessingParameterDateTime.Type.Date
        self.add(
            QgsProcessingParameterDateTime("BEFORE", self.tr("End of the early season"), date, optional=True),
            self.tr("Only earlier scenes belong to the early season. Empty: the first predicted date."),
        )
        self.add(
            QgsProcessingParameterFeatureSource(
                "STRATEGIES", self.tr("Table of strategies"), [QgsProcessing.SourceType.TypeVector], optional=True
            ),
            self.tr("Columns layer and strategy, for predicted images whose names do not tell it."),
            advanced=True,
        )
        for name, title, kind, default, least, most, tip in NUMBERS:
            number = QgsProcessingParameterNumber(name, self.tr(title), kind, default, minValue=least, maxValue=most)
            self.add(number, self.tr(tip), advanced=True)

    def _add_outputs(self) -> None:
        for name, title, files in REPORTS:
            self.add(
                QgsProcessingParameterFileDestination(name, self.tr(title), files),
                self.tr("Kappa, overall accuracy and mean F1 of the early season and of each prediction added to it."),
            )
        for name, title in FIGURES.items():
            self.addOutput(QgsProcessingOutputNumber(name, self.tr(title)))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        named = layers.strategies(self.table(parameters, "STRATEGIES", context))
        found = layers.scenes(parameters.get("PREDICTIONS"), context)
        return {
            "early": self.series(parameters, context),
            "predictions": tuple(Prediction(scene, named.get(scene.name.casefold(), "")) for scene in found),
            "labels": self._labels(parameters, context, feedback),
        }

    def _labels(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> LabelSource:
        raster, vector = (self.given(parameters, name) for name in ("LABELS_RASTER", "LABELS"))
        if raster == vector:
            raise BadInput("Labels are needed once: choose either labelled polygons or points, or a class raster.")
        if raster:
            scene = layers.scenes(parameters["LABELS_RASTER"], context)[0]
            return LabelSource(scene.path, crs=scene.crs, choice=self.class_choice(parameters, context))
        fields = self.parameterAsStrings(parameters, "FIELD", context)
        if not fields:
            raise BadInput("The field with the class of the labels is missing: choose it.")
        path, layer, crs = self.polygons(parameters, "LABELS", context, feedback, Need((fields[0],)))
        return LabelSource(path, layer, fields[0], crs=crs, choice=self.class_choice(parameters, context))

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> CropGainJob:
        read = {INTEGER: self.parameterAsInt, DOUBLE: self.parameterAsDouble}
        told = {name.lower(): read[kind](parameters, name, context) for name, _, kind, *_ in NUMBERS}
        told["method"] = self.choice(parameters, "SPLIT", context)
        return CropGainJob(
            **inputs,
            **self.report_paths(parameters, context),
            before=self.day(parameters, "BEFORE", context),
            index=self.parameterAsEnumString(parameters, "INDEX", context),
            split=take(told, GainSplit),
            forest=take(told, ForestSize),
            **told,
        )

    def results(
        self, job: CropGainJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        written = self.written_reports(job)
        return {**written, **{name: event["outputs"][name.lower()] for name in FIGURES}}
