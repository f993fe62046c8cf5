"""Makes the engine's environment in the user's profile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
)

from ... import assets, settings
from ...bridge import environment
from ...shared.errors import CropClassifierError
from ..common.engine_algorithm import CropAlgorithm, Parameters

ANY = "All files (*)"  # QGIS's own default is *.*, which refuses a file called python3


class SetUpEngine(CropAlgorithm):
    """Makes the engine's environment."""

    NAME = "setup_engine"
    TITLE = "Set up the engine"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add(
            QgsProcessingParameterBoolean("TRAINING", self.tr("Also what training needs (PyTorch, large)"), False),
            self.tr("Classifying, diagnosing and simulating do not need it."),
        )
        self.add(
            QgsProcessingParameterBoolean("CLOUDS", self.tr("Also cloud masks (s2cloudless)"), False),
            self.tr("Only for masks of Sentinel-2 L1C, which brings none. Licence CC BY-SA 4.0."),
        )
        self.add(
            QgsProcessingParameterFile("WHEELS", self.tr("Folder of wheels"), folder, optional=True),
            self.tr("Installs from this folder, without any network."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFile("PYTHON", self.tr("Python interpreter"), fileFilter=ANY, optional=True),
            self.tr("Python 3.10 or newer with venv and pip. Empty: the one that belongs to QGIS."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFile("OWN", self.tr("Environment of your own"), fileFilter=ANY, optional=True),
            self.tr(
                "The interpreter of an environment that has the packages already: it is used, nothing is installed."
            ),
            advanced=True,
        )
        self.addOutput(QgsProcessingOutputFile("INTERPRETER", self.tr("The engine's interpreter")))

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        own = self.parameterAsFile(parameters, "OWN", context)
        try:
            if own:
                environment.adopt(Path(own), feedback)
            else:
                self._install(parameters, context, feedback)
            return {"INTERPRETER": str(environment.find())}
        except CropClassifierError as error:
            raise QgsProcessingException(error.sentence) from None

    def _install(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> None:
        training = self.parameterAsBool(parameters, "TRAINING", context)
        clouds = self.parameterAsBool(parameters, "CLOUDS", context)
        wheels = self.parameterAsFile(parameters, "WHEELS", context)
        python = self.parameterAsFile(parameters, "PYTHON", context)
        target = environment.profile_engine()
        made = environment.install(target, assets.requirements(training, clouds), feedback, wheels, python)
        settings.ENGINE_PYTHON.remove()  # of an older environment of the user's own
        used = environment.find()
        if used != made:
            feedback.pushWarning(
                f"{used} is used before this one: clear the variable {environment.VARIABLE} or the folder .engine "
                "beside metadata.txt to use it."
            )
