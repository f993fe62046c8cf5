"""Makes the engine's environment in the user's profile."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
)

from .. import assets, settings
from ..bridge import environment
from ..engine.errors import CropClassifierError
from .base import CropAlgorithm, Parameters


class SetUpEngine(CropAlgorithm):
    NAME = "setupengine"
    TITLE = "Set up the engine"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add(
            QgsProcessingParameterBoolean("TRAINING", self.tr("Also what training needs (PyTorch, large)"), False),
            self.tr("Classifying, diagnosing and simulating do not need it."),
        )
        self.add(
            QgsProcessingParameterFile("WHEELS", self.tr("Folder of wheels"), folder, optional=True),
            self.tr("Installs from this folder, without any network."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFile("PYTHON", self.tr("Python interpreter"), optional=True),
            self.tr("Python 3.10 or newer with venv and pip. Empty: the one that belongs to QGIS."),
            advanced=True,
        )
        self.addOutput(QgsProcessingOutputFile("INTERPRETER", self.tr("The engine's interpreter")))

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        training = self.parameterAsBool(parameters, "TRAINING", context)
        wheels = self.parameterAsFile(parameters, "WHEELS", context)
        python = self.parameterAsFile(parameters, "PYTHON", context)
        try:
            made = environment.install(
                environment.profile_engine(), assets.requirements(training), feedback, wheels, python
            )
            used = environment.find()
        except CropClassifierError as error:
            raise QgsProcessingException(error.sentence) from None
        if used != made:
            feedback.pushWarning(
                f"{used} is used before this one: clear the setting {settings.ENGINE_PYTHON.key()}, the variable "
                f"{environment.VARIABLE} or the folder .engine beside metadata.txt to use it."
            )
        return {"INTERPRETER": str(made)}
