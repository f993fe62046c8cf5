"""An encoder of CropSTS, learnt from scenes without labels."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ...bridge.shown_polygons import Need
from ...shared.choices import PRESETS
from ...shared.jobs.base import take
from ...shared.jobs.pretrain import AlignmentSpec, PretrainJob, PretrainOptim
from ...shared.jobs.sources import ParcelSource
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm
from ..common.training_parameters import TrainingParameters

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
NUMBERS = (  # name, field of the job, title, type, default, most, advanced, tip
    ("EPOCHS", "epochs", "Epochs", INTEGER, 0, 10_000, False,
     "How often the tiles are shown. 0: 10 for the small encoder, 100 for the paper's."),
    ("COUNT", "count", "Dates of a sequence", INTEGER, 0, 64, False,
     "Evenly spaced in time. 0: 6 for the small encoder, 15 for the paper's."),
    ("BATCH", "batch", "Batch", INTEGER, 0, 1024, True,
     "Sequences a step. 0: 4 for the small encoder, 256 for the paper's."),
    ("ALIGN_WEIGHT", "weight", "Weight of the alignment", DOUBLE, 1, 1000, True,
     "How much likeness to the teacher counts beside self-distillation."),
    ("PATIENCE", "patience", "Patience (epochs)", INTEGER, 0, 10_000, True,
     "It ends when the loss did not fall for so many epochs; the last encoder stays. 0: never."),
    ("SEED", "seed", "Seed", INTEGER, 1, 2**31 - 1, True, "The same seed draws the same views again."),
)  # fmt: skip
FINISH = "Learn no more: the encoder stays as its last epoch left it"  # a pre-training has no best epoch


class PretrainCropSts(TrainingParameters, SeriesAlgorithm):
    """Series without labels -> an encoder to start from."""

    NAME = "pretrain_cropsts"
    TITLE = "Pre-train CropSTS without labels"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes("Rasters of one season or more, in any order; no labels are needed.", folder=True)
        tip = "The paper's encoder has 30 million parameters, 170 times as many as the small one."
        self.add_choice("SIZE", "Encoder size", PRESETS, tip)
        self.add_settings()
        self._add_guides()
        for name, _, title, kind, default, most, advanced, tip in NUMBERS:
            number = QgsProcessingParameterNumber(name, self.tr(title), kind, default, minValue=0, maxValue=most)
            self.add(number, self.tr(tip), advanced)
        self.add(
            QgsProcessingParameterString("BANDS", self.tr("Bands"), "B02, B03, B04, B8A, B11, B12"),
            self.tr("What the encoder reads of each date; a network that starts from it must read the same."),
            advanced=True,
        )
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle is learnt from. Empty: everything the scenes cover.")
        self.add_resume(
            "A pre-training of this encoder that was cancelled or broken off",
            "After each epoch its state is kept in a folder beside the encoder folder, until the last epoch is done. "
            "It can go on only with the same scenes, parcels, teacher and settings.",
            FINISH,
        )
        self.add_hardware()
        tip = "The encoder, its facts and the course of the losses are written here after each epoch."
        self.add_model_folder("ENCODER_FOLDER", "Encoder folder", tip)
        self.addOutput(QgsProcessingOutputNumber("LOSS", self.tr("Loss of the last epoch")))

    def _add_guides(self) -> None:
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        self.add(
            QgsProcessingParameterFeatureSource("PARCELS", self.tr("Parcels"), polygons, optional=True),
            self.tr("Their inner halves are hidden from the student, so that it learns to tell a plot by its rim."),
        )
        self.add(
            QgsProcessingParameterFile(
                "TEACHER", self.tr("Teacher"), extension="", fileFilter="Networks (*.onnx *.safetensors)", optional=True
            ),
            self.tr("A vision transformer of photographs as ONNX (DINO ViT-B/16, say). Empty: no alignment."),
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {
            "series": (self.series(parameters, context),),
            "parcels": self._parcels(parameters, context, feedback),
        }

    def _parcels(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Optional[ParcelSource]:
        path, layer, _ = self.polygons(parameters, "PARCELS", context, feedback, Need(carries_crs=False))
        return ParcelSource(path, layer) if path else None

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> PretrainJob:
        numbers: dict[str, Any] = {}
        for name, field, _, kind, *_ in NUMBERS:
            read = self.parameterAsInt if kind == INTEGER else self.parameterAsDouble
            numbers[field] = read(parameters, name, context)
        return PretrainJob(
            folder=self.model_folder(parameters, "ENCODER_FOLDER", context),
            bands=self.words(parameters, "BANDS", context),
            preset=self.choice(parameters, "SIZE", context),
            settings=self.own_settings(parameters, context),
            optim=take(numbers, PretrainOptim),
            alignment=AlignmentSpec(self.parameterAsFile(parameters, "TEACHER", context), numbers.pop("weight")),
            hardware=self.hardware(parameters, context),
            resume=self.resume(parameters, context),
            **numbers,
            **inputs,
        )

    def results(
        self, job: PretrainJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        return {"ENCODER_FOLDER": job.folder, "LOSS": event["outputs"]["loss"]}
