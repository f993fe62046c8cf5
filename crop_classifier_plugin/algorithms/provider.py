"""The group 'Crop Classifier' of the Processing toolbox: every algorithm of the folders beside this file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .. import assets
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
    """The group of the toolbox, with every algorithm that lies beside this file."""

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

    def defaultRasterFileExtension(self) -> str:
        return "tif"

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        return ["tif", "tiff"]
