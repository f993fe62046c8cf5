"""Where an algorithm leaves a model: a folder of the user's that stays, unless another is named."""

from __future__ import annotations

from qgis.core import QgsProcessingContext, QgsProcessingParameterFolderDestination

from ...bridge import shipped_models
from .engine_algorithm import EngineAlgorithm, Parameters


class ModelMaker(EngineAlgorithm):
    """An algorithm that makes a model."""

    def add_model_folder(self, name: str, title: str, tip: str) -> None:
        """The folder that the model is written to; its preset is new each time."""
        preset = shipped_models.new_folder(self._stem())
        parameter = QgsProcessingParameterFolderDestination(name, self.tr(title), preset)
        told = self.tr("Models in this place are offered in the lists of models. A temporary folder is not used.")
        self.add(parameter, f"{self.tr(tip)} {told}")

    def model_folder(self, parameters: Parameters, name: str, context: QgsProcessingContext) -> str:
        """The folder that was chosen, never one that QGIS deletes."""
        return shipped_models.kept(self.parameterAsString(parameters, name, context), self._stem())

    def _stem(self) -> str:
        return self.NAME.removeprefix("train_").removeprefix("pretrain_")
