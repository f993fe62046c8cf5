"""A model made as sure as it is right, on the user's own labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputHtml,
    QgsProcessingOutputNumber,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterRasterLayer,
)

from ...bridge import layers, shipped_models
from ...bridge.shown_polygons import Need
from ...shared.cards.files import load_card
from ...shared.cards.refusals import refuse_series
from ...shared.errors import BadInput, CropClassifierError
from ...shared.jobs.calibrate import CalibrateJob
from ...shared.jobs.sources import LabelledSeries, LabelSource
from ...shared.networks import NETWORKS
from ..common.class_choice_parameters import ClassChoiceParameters
from ..common.engine_algorithm import Parameters
from ..common.label_parameters import SHAPES
from ..common.model_folders import ModelMaker
from ..common.series_parameters import SeriesAlgorithm

FIGURES = {  # output -> key of the engine's result, title
    "ERROR_BEFORE": ("error_before", "Expected calibration error before"),
    "ERROR_AFTER": ("error_after", "Expected calibration error after"),
}


class Calibrate(ClassChoiceParameters, SeriesAlgorithm, ModelMaker):
    """Model + labels that it did not learn from -> the model with another card."""

    NAME = "calibrate"
    TITLE = "Calibrate a model"
    LEFT_OUT = ("INPUT", "RADAR")  # which series a model needs, its card says

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self._add_model()
        self.add_scenes("Rasters of the season that the labels are of, in any order.", folder=True)
        self.add_scenes(
            "Sentinel-1 of the same season, for models of two series.", "Dated radar scenes", "RADAR", folder=True
        )
        self._add_labels()
        self.add_class_choice()
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle is looked at. Empty: everything the scenes cover.")
        self.add_device()
        self._add_outputs()

    def _add_model(self) -> None:
        names = list(shipped_models.offered(*NETWORKS))
        self.add(
            QgsProcessingParameterEnum("MODEL", self.tr("Model"), names, optional=True, usesStaticStrings=True),
            self.tr("A model that comes with the plugin, or one of your own. Choose one, or another folder."),
        )
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add(
            QgsProcessingParameterFile("MODEL_FOLDER", self.tr("Model folder"), folder, optional=True),
            self.tr("A folder with model.onnx and model.json, as training leaves it. Not changed."),
        )

    def _add_labels(self) -> None:
        self.add(
            QgsProcessingParameterFeatureSource("LABELS", self.tr("Labelled parcels or points"), SHAPES, optional=True),
            self.tr(
                "Some 50 to 200 parcels with their crop that the model did not learn from, best drawn at random. "
                "Give these or a class raster, not both."
            ),
        )
        self.add(
            QgsProcessingParameterField("FIELD", self.tr("Field with the class"), None, "LABELS", optional=True),
            self.tr("Holds the class of each polygon or point, by the model's names or codes."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("LABEL_RASTER", self.tr("Labels as a class raster"), optional=True),
            self.tr("In place of polygons or points; its connected regions count as parcels."),
        )

    def _add_outputs(self) -> None:
        tip = "The same weights with another card, and the report. Maps are made with it as with any model."
        self.add_model_folder("CALIBRATED", "Calibrated model folder", tip)
        self.addOutput(QgsProcessingOutputHtml("REPORT", self.tr("Report of the calibration")))
        for name, (_, title) in FIGURES.items():
            self.addOutput(QgsProcessingOutputNumber(name, self.tr(title)))

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """Only the card is read, so that what cannot be is known before the run."""
        checked = dict(parameters)
        try:
            if self.given(parameters, "MODEL"):
                checked["MODEL"] = self._offered(parameters, context)
            card = load_card(self._model(parameters, context))
            self._check_labels(parameters)
            optical, radar = (self._some(parameters, name) for name in ("INPUT", "RADAR"))
            if optical or radar:  # that there is none is said by QGIS, or by the run
                refuse_series(card.inputs, optical, radar)
        except CropClassifierError as error:
            return False, error.sentence
        return super().checkParameterValues(checked, context)

    def _some(self, parameters: Parameters, name: str) -> bool:
        """Whether a series is given, as layers or as a folder."""
        return self.given(parameters, name) or self.given(parameters, f"{name}_FOLDER")

    def _check_labels(self, parameters: Parameters) -> None:
        shapes, raster = (self.given(parameters, name) for name in ("LABELS", "LABEL_RASTER"))
        if shapes == raster:
            raise BadInput("Labels are needed once: choose either labelled parcels or points, or a class raster.")
        if shapes and not self.given(parameters, "FIELD"):
            raise BadInput("The field with the class of the parcels is missing: choose it.")

    def _offered(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        known = shipped_models.offered(*NETWORKS)
        return shipped_models.choose(self.parameterAsString(parameters, "MODEL", context), known)

    def _model(self, parameters: Parameters, context: QgsProcessingContext) -> Path:
        """The folder. Raises BadInput where none is named, or two are."""
        if self.given(parameters, "MODEL") == self.given(parameters, "MODEL_FOLDER"):
            raise BadInput("One model is calibrated: choose one that comes with the plugin, or a model folder.")
        if self.given(parameters, "MODEL"):
            return shipped_models.offered(*NETWORKS)[self._offered(parameters, context)]
        return Path(self.parameterAsFile(parameters, "MODEL_FOLDER", context))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        self._check_labels(parameters)
        optical, radar = self.both_series(parameters, context)
        first = optical or radar
        if first is None:
            raise BadInput("No raster was given: choose the dated scenes of the season.")
        labels = self._labels(parameters, context, feedback)
        return {"data": (LabelledSeries(first, labels, radar if optical else None),)}

    def _labels(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> LabelSource:
        choice = self.class_choice(parameters, context)
        if self.given(parameters, "LABEL_RASTER"):
            scene = layers.scenes(parameters["LABEL_RASTER"], context)[0]
            return LabelSource(scene.path, crs=scene.crs, choice=choice)
        field = self.parameterAsStrings(parameters, "FIELD", context)[0]
        path, layer, crs = self.polygons(parameters, "LABELS", context, feedback, Need((field,)))
        return LabelSource(path, layer, field, crs=crs, choice=choice)

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> CalibrateJob:
        return CalibrateJob(
            model=str(self._model(parameters, context)),
            calibrated=self.model_folder(parameters, "CALIBRATED", context),
            device=self.device(parameters, context),
            **inputs,
        )

    def results(
        self, job: CalibrateJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = event["outputs"]
        figures = {name: outputs[key] for name, (key, _) in FIGURES.items()}
        return {"CALIBRATED": job.calibrated, "REPORT": outputs["report"], **figures}
