"""The chains of the modeler that come with the plugin, as algorithms of the toolbox like all others."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingModelAlgorithm
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon

from .. import assets

GROUP = "Chains"


class Chain(QgsProcessingModelAlgorithm):
    """A model of resources/modeler, by its file's name. Its steps must be in the registry before it is made."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.fromFile(str(path))

    def createInstance(self) -> Chain:
        return Chain(self._path)

    def name(self) -> str:
        return self._path.stem

    def group(self) -> str:
        return QCoreApplication.translate("CropClassifier", GROUP)

    def groupId(self) -> str:
        return GROUP.lower()

    def icon(self) -> QIcon:
        return QIcon(assets.icon("crop_classifier"))

    def svgIconPath(self) -> str:
        return assets.icon("crop_classifier")
