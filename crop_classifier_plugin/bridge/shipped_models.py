"""The models that come with the plugin, by network."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsMessageLog

from .. import assets
from ..shared.cards.files import list_models, load_card
from ..shared.errors import BadInput, BadModel


def shipped(*networks: str) -> dict[str, Path]:
    """Name -> folder of each shipped model of these networks. A broken card is told in the log, not to every dialog."""
    found = {}
    for folder in list_models([assets.models()]):
        try:
            card = load_card(folder)
        except BadModel as error:
            QgsMessageLog.logMessage(error.sentence, "Crop Classifier", Qgis.MessageLevel.Warning)
            continue
        if card.network in networks:
            found[card.name] = folder
    return found


def choose(given: str, known: dict[str, Path]) -> str:
    """The name of the model that is meant: by its name, or by its number in QGIS's list, which starts at 0."""
    names = list(known)
    if given in names:
        return given
    if given.isdecimal() and int(given) < len(names):
        return names[int(given)]
    listed = ", ".join(f"{name} ({number})" for number, name in enumerate(names)) or "none"
    raise BadInput(f"The model {given!r} is not one of {listed}: choose one by its name or number, or a folder.")
