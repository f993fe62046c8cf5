"""The models that come with the plugin, and the user's own: where they are kept, and which an algorithm offers."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsMessageLog, QgsProcessingUtils

from .. import assets, settings
from ..shared.cards.card import Card
from ..shared.cards.files import CARD_FILE, list_models, load_card
from ..shared.errors import BadInput, BadModel


def own_models() -> Path:
    """The folder that trained models go to unless another one is named: in the user's profile, it stays."""
    chosen = settings.MODELS_FOLDER.value()
    return Path(chosen) if chosen else Path(QgsApplication.qgisSettingsDirPath()) / "crop_classifier" / "models"


def shipped(*networks: str) -> dict[str, Path]:
    """Name -> folder of each shipped model of these networks. A broken card is told in the log, not to every dialog."""
    return {card.name: folder for folder, card in _cards(assets.models()) if card.network in networks}


def own(*networks: str) -> dict[str, Path]:
    """Name of the folder -> folder of each of the user's own models of these networks; of any where none is named."""
    found = _cards(own_models())
    return {folder.name: folder for folder, card in found if not networks or card.network in networks}


def offered(*networks: str) -> dict[str, Path]:
    """What a list of models holds: the shipped ones, whose numbers stay, then the user's own."""
    known = shipped(*networks)
    for name, folder in own(*networks).items():
        known[f"{name} (own)" if name in known else name] = folder
    return known


def candidates(*networks: str) -> tuple[str, ...]:
    """From which the one that fits is taken where none is chosen: the user's own come first."""
    return tuple(map(str, (*own(*networks).values(), *shipped(*networks).values())))


def choose(given: str, known: dict[str, Path]) -> str:
    """The name of the model that is meant: by its name, or by its number in QGIS's list, which starts at 0."""
    names = list(known)
    if given in names:
        return given
    if given.isdecimal() and int(given) < len(names):
        return names[int(given)]
    listed = ", ".join(f"{name} ({number})" for number, name in enumerate(names[:10])) or "none"
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    raise BadInput(f"The model {given!r} is not one of {listed}{more}: choose one by its name or number, or a folder.")


# --- where a new one goes --------------------------------------------------------------------------------------------


def new_folder(stem: str) -> str:
    """The folder that a training leaves its model in where the user names none: 'lrtacf_net_2026-11-28', '..._2'."""
    name = f"{stem}_{time.strftime('%Y-%m-%d')}"
    places = (own_models() / (name if number == 1 else f"{name}_{number}") for number in range(1, 10_000))
    return str(next(place for place in places if not place.exists()))


def kept(folder: str, stem: str) -> str:
    """The folder, or one that stays where QGIS would delete it when it ends: hours of work are not temporary."""
    temporary = Path(QgsProcessingUtils.tempFolder())
    return new_folder(stem) if temporary in Path(folder).parents else folder


# --- cards -----------------------------------------------------------------------------------------------------------


def _cards(place: Path) -> list[tuple[Path, Card]]:
    found = []
    for folder in list_models([place]):
        try:
            changed = (folder / CARD_FILE).stat()
            found.append((folder, _card(folder, changed.st_mtime_ns, changed.st_size)))
        except (BadModel, OSError) as error:
            sentence = error.sentence if isinstance(error, BadModel) else f"{folder} cannot be read: {error}."
            QgsMessageLog.logMessage(sentence, "Crop Classifier", Qgis.MessageLevel.Warning)
    return found


@lru_cache(maxsize=256)
def _card(folder: Path, changed: int, size: int) -> Card:
    """A card is read once: forty algorithms ask for it while QGIS starts."""
    return load_card(folder)
