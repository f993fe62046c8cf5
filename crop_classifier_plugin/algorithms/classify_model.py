"""Classification with any model: the user's own, or one from elsewhere."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingContext, QgsProcessingParameterFile

from .base import Parameters
from .classify import ClassifyAlgorithm


class ClassifyModel(ClassifyAlgorithm):
    NAME = "classify_model"
    TITLE = "Classify crops with your own model"

    def _add_model(self) -> None:
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add(
            QgsProcessingParameterFile("MODEL_FOLDER", self.tr("Model folder"), folder),
            self.tr("A folder with model.onnx and model.json, as training leaves it."),
        )

    def _model(self, parameters: Parameters, context: QgsProcessingContext) -> Path:
        return Path(self.parameterAsFile(parameters, "MODEL_FOLDER", context))
