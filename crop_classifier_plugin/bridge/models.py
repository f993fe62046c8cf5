"""The models that come with the plugin, by network."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsMessageLog

from .. import assets
from ..engine.card import Card, list_models
from ..engine.errors import BadModel


def shipped(network: str) -> dict[str, Path]:
    """Name -> folder of each shipped model of a network. A broken card is told in the log, not to every dialog."""
    found = {}
    for folder in list_models([assets.models()]):
        try:
            card = Card.load(folder)
        except BadModel as error:
            QgsMessageLog.logMessage(error.sentence, "Crop Classifier", Qgis.MessageLevel.Warning)
            continue
        if card.network == network:
            found[card.name] = folder
    return found
