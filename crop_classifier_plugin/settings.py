"""Every option of the plugin, once."""

from __future__ import annotations

from qgis.core import QgsSettingsEntryString

PLUGIN = "crop_classifier_plugin"

MODELS_FOLDER = QgsSettingsEntryString(
    "models/folder", PLUGIN, "", "Folder of the user's own models; empty: crop_classifier/models in the profile"
)
ENGINE_PYTHON = QgsSettingsEntryString(
    "engine/python", PLUGIN, "", "Python interpreter that has the engine's packages; empty: the engine's own folder"
)
