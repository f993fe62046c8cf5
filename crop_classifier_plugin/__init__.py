"""Crop Classifier. The plugin is imported inside classFactory, so that the engine can be imported without QGIS."""

from __future__ import annotations

from typing import Any


def classFactory(iface: Any) -> Any:
    from .plugin import CropClassifierPlugin

    return CropClassifierPlugin(iface)
