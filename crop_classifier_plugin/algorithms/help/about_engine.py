"""What a report needs to know of the engine and the computer, as one text."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
)
from qgis.PyQt.QtWidgets import QApplication

from ...bridge.engine_setup.diagnostics import diagnostics
from ...shared.errors import CropClassifierError
from ..common.engine_algorithm import CropAlgorithm, Parameters


class AboutEngine(CropAlgorithm):
    """Tells versions, packages, graphics card and room, and copies the text."""

    NAME = "about_engine"
    TITLE = "About the engine: copy diagnostics"

    def __init__(self) -> None:
        super().__init__()
        self._text, self._copied = "", False

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add(
            QgsProcessingParameterBoolean("COPY", self.tr("Copy the text to the clipboard"), True),
            self.tr("To paste it into a report. The home folder is masked in it; it holds no password."),
        )
        self.addOutput(QgsProcessingOutputString("DIAGNOSTICS", self.tr("Diagnostics")))

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        try:
            self._text = diagnostics(feedback.isCanceled)
        except CropClassifierError as error:
            raise QgsProcessingException(error.sentence) from None
        for line in self._text.splitlines():
            feedback.pushInfo(line)
        self._copied = self.parameterAsBool(parameters, "COPY", context)
        return {"DIAGNOSTICS": self._text}

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """In the main thread, where alone the clipboard may be asked for."""
        if self._copied and isinstance(QApplication.instance(), QApplication):
            QApplication.clipboard().setText(self._text)
        return {}
