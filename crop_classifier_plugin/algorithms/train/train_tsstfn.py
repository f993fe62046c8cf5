"""Training of TSSTFN, the network that fuses fine and coarse images."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ...shared.choices import FUSION_LOSSES, FUSION_SPLITS, PRESETS
from ...shared.jobs.base import take
from ...shared.jobs.tsstfn import (
    FusionModelInputs,
    FusionNetwork,
    FusionOptim,
    FusionSplit,
    FusionTexts,
    TrainTsstfnJob,
)
from ..common.engine_algorithm import Parameters
from ..common.image_pair_parameters import PairsAlgorithm
from ..common.training_parameters import TrainingParameters

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
NUMBERS = (  # name, title, kind, default, least, most, advanced, tip
    ("PAIRS", "Base pairs", INTEGER, 7, 1, 64, False,
     "Days before the target with a fine and a coarse image; the last so many are taken. The paper has 7."),
    ("EPOCHS", "Epochs, at most", INTEGER, 100, 1, 10_000, False,
     "How often the tiles are shown. It ends sooner when the validation gets no better."),
    ("PATIENCE", "Patience (epochs)", INTEGER, 12, 0, 10_000, True,
     "After so many epochs without a better validation it ends; the best weights are kept. 0: never."),
    ("BATCH", "Batch", INTEGER, 16, 1, 1024, True,
     "Tiles a step. Of a small image take fewer, as 4: it then learns in more steps."),
    ("TILE", "Tile (pixels)", INTEGER, 0, 0, 384, True,
     "0: 64 for the small network, 192 for the paper's. The model is used with the same tile."),
    ("LEARNING_RATE", "Learning rate", DOUBLE, 0.001, 1e-9, 10, True, "Of Adam; the paper's is 0.001."),
    ("VALIDATION", "Share for the validation", DOUBLE, 0.1, 0.001, 0.9, True,
     "Share of the area that is not learnt from and chooses the best epoch."),
    ("SEED", "Seed", INTEGER, 1, 0, 2**31 - 1, True, "The same seed draws the same tiles and first weights again."),
)  # fmt: skip


class TrainTsstfn(TrainingParameters, PairsAlgorithm):
    """Base pairs of one year -> a model that forecasts fine images of another."""

    NAME = "train_tsstfn"
    TITLE = "Train TSSTFN to fuse fine and coarse images"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes(
            "Of one whole year, as the aligned training year of Align the dates: base dates and the target's.",
            "Fine images",
            "FINE",
        )
        self.add_scenes("Of the same days, as MODIS NDVI.", "Coarse images", "COARSE")
        self.add(
            QgsProcessingParameterDateTime(
                "TARGET", self.tr("Target day"), QgsProcessingParameterDateTime.Type.Date, optional=True
            ),
            self.tr("The day that it learns to make. Empty: the last day with a fine and a coarse image."),
        )
        tip = "The paper's network has 44 million parameters, 200 times as many as the small one."
        self.add_choice("SIZE", "Network size", PRESETS, tip)
        self.add_settings()
        self._add_learning()
        tip = "The model, its card and the course of the training are written here."
        self.add_model_folder("MODEL_FOLDER", "Model folder", tip)
        for name, title in (
            ("RMSE", "RMSE on the validation tiles"),
            ("RMSE_LAST_FINE", "RMSE of the last fine image"),
            ("RMSE_COARSE", "RMSE of the coarse image, resampled"),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, self.tr(title)))

    def _add_learning(self) -> None:
        for name, title, kind, default, least, most, advanced, tip in NUMBERS:
            number = QgsProcessingParameterNumber(name, self.tr(title), kind, default, minValue=least, maxValue=most)
            self.add(number, self.tr(tip), advanced)
        tip = "What the training makes small. Pixels without data never count."
        self.add_choice("LOSS", "Loss", FUSION_LOSSES, tip, advanced=True)
        tip = "Tiles overlap by half: drawn at random, they know each other."
        self.add_choice("SPLIT", "How the validation is drawn", FUSION_SPLITS, tip, advanced=True)
        self.add(
            QgsProcessingParameterBoolean("AUGMENT", self.tr("Turn and mirror the tiles"), False),
            self.tr("Shows each tile in eight positions; more variety for small images."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFile(
                "START", self.tr("Model to learn on from"), QgsProcessingParameterFile.Behavior.Folder, optional=True
            ),
            self.tr("The folder of a TSSTFN model of the same size and number of pairs. Empty: from nothing."),
            advanced=True,
        )
        for name, title, default, tip in (
            ("BAND", "Band", "NDVI", "Both kinds of images must have it."),
            ("STRATEGY", "Strategy of the dates", "", "As B; only written into the model's card."),
        ):
            text = QgsProcessingParameterString(name, self.tr(title), default, optional=not default)
            self.add(text, self.tr(tip), advanced=True)
        self.add_dates()
        self.add_extent("Only this rectangle is learnt from. Empty: everything the images share.")
        self.add_resume(
            "A training of this model that was cancelled or broken off",
            "After each epoch the state of the training is kept in a folder beside the model folder, until the model "
            "is whole. It can go on only with the same images and settings.",
        )
        self.add_hardware()

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> TrainTsstfnJob:
        read = {INTEGER: self.parameterAsInt, DOUBLE: self.parameterAsDouble}
        told: dict[str, Any] = {name.lower(): read[kind](parameters, name, context) for name, _, kind, *_ in NUMBERS}
        told |= {
            "band": self.parameterAsString(parameters, "BAND", context).strip(),
            "settings": (
                ("preset", self.choice(parameters, "SIZE", context)),
                *self.own_settings(parameters, context),
            ),
            "loss": self.choice(parameters, "LOSS", context),
            "method": self.choice(parameters, "SPLIT", context),
            "augment": self.parameterAsBool(parameters, "AUGMENT", context),
            "start": self.parameterAsFile(parameters, "START", context),
            "strategy": self.parameterAsString(parameters, "STRATEGY", context).strip(),
        }
        return TrainTsstfnJob(
            **inputs,
            model=self.model_folder(parameters, "MODEL_FOLDER", context),
            target=self.day(parameters, "TARGET", context),
            network=take(told, FusionNetwork),
            model_inputs=take(told, FusionModelInputs),
            split=take(told, FusionSplit),
            optim=take(told, FusionOptim),
            hardware=self.hardware(parameters, context),
            card=take(told, FusionTexts),
            resume=self.resume(parameters, context),
            **told,
        )

    def results(
        self, job: TrainTsstfnJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = event["outputs"]
        figures = {name.upper(): outputs[name] for name in ("rmse", "rmse_last_fine", "rmse_coarse")}
        return {"MODEL_FOLDER": job.model, **figures}
