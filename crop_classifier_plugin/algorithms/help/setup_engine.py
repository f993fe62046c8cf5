"""Makes the engine's environment in the user's profile."""

from __future__ import annotations

import os
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

from ... import settings
from ...bridge import environment
from ...bridge.engine_process import python_of
from ...bridge.engine_setup import install
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
                "The interpreter of an environment that has the packages already: it is tried, nothing is installed."
            ),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterBoolean("ANEW", self.tr("Make it anew"), False),
            self.tr("Also where the engine is set up already and nothing is wrong with it."),
            advanced=True,
        )
        self.addOutput(QgsProcessingOutputFile("INTERPRETER", self.tr("The engine's interpreter")))

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        own = self.parameterAsFile(parameters, "OWN", context)
        plan = self._plan(parameters, context)
        try:
            if own:
                install.adopt(plan, Path(own), feedback)
            elif self._is_wanted(plan, self.parameterAsBool(parameters, "ANEW", context), feedback):
                install.install(plan, feedback)
            if not own:
                settings.ENGINE_PYTHON.remove()  # of an older environment of the user's own
                self._say_what_is_used(plan, feedback)
            return {"INTERPRETER": str(environment.find())}
        except CropClassifierError as error:
            raise QgsProcessingException(error.sentence) from None

    def _plan(self, parameters: Parameters, context: QgsProcessingContext) -> install.Plan:
        asked = {"train": "TRAINING", "clouds": "CLOUDS"}
        return install.Plan(
            environment.profile_engine(),
            tuple(part for part, name in asked.items() if self.parameterAsBool(parameters, name, context)),
            self.parameterAsFile(parameters, "WHEELS", context),
            self.parameterAsFile(parameters, "PYTHON", context),
        )

    def _is_wanted(self, plan: install.Plan, anew: bool, feedback: QgsProcessingFeedback) -> bool:
        """Whether there is anything to do."""
        install.recover(plan.target)
        python = python_of(plan.target)
        if anew or not os.path.lexists(python):
            return True
        reason = install.problem(plan, python, feedback)
        if reason:
            feedback.pushInfo(self.tr("The engine in {} is made anew: {}.").format(plan.target, reason))
        else:
            told = self.tr("The engine in {} is set up already and works: tick 'Make it anew' to make it all the same.")
            feedback.pushInfo(told.format(plan.target))
        return bool(reason)

    def _say_what_is_used(self, plan: install.Plan, feedback: QgsProcessingFeedback) -> None:
        used = environment.find()
        if used != python_of(plan.target):
            told = self.tr(
                "{} is used before this one: clear the variable {} or the folder .engine beside metadata.txt to use it."
            )
            feedback.pushWarning(told.format(used, environment.VARIABLE))
