"""The group 'Crop Classifier' of the Processing toolbox: the algorithms of the folders beside this file, and chains."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from qgis.core import QgsApplication, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .. import assets
from .chains import Chain
from .common.engine_algorithm import CropAlgorithm


def algorithm_classes() -> tuple[type[CropAlgorithm], ...]:
    """The classes with a NAME in the modules of this folder's folders, by that name."""
    return tuple(sorted(set(_classes()), key=lambda found: found.NAME))


def _classes() -> Iterator[type[CropAlgorithm]]:
    package = importlib.import_module(__package__)
    for module in pkgutil.walk_packages(package.__path__, f"{__package__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, CropAlgorithm) and value.NAME:
                yield value


class CropClassifierProvider(QgsProcessingProvider):
    """The group of the toolbox. Chains join once the registry has it: refresh it after it was added."""

    def id(self) -> str:
        return "cropclassifier"

    def name(self) -> str:
        return "Crop Classifier"

    def icon(self) -> QIcon:
        return QIcon(assets.icon("crop_classifier"))

    def svgIconPath(self) -> str:
        return assets.icon("crop_classifier")

    def loadAlgorithms(self) -> None:
        for algorithm in algorithm_classes():
            self.addAlgorithm(algorithm())
        if QgsApplication.processingRegistry().providerById(self.id()) is self:  # else a chain would not find its steps
            for path in assets.chains():
                self.addAlgorithm(Chain(path))

    def defaultRasterFileExtension(self) -> str:
        return "tif"

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        return ["tif", "tiff"]
