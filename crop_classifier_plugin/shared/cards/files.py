"""Model folders on disk: the card and the weights beside it, read with care."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Union

from ..errors import BadInput, BadModel, ModelAltered
from ..texts.bounded import bounded_json, open_file
from ..texts.names import check_document
from .card import Card
from .model_json import item_of, read_item

CARD_FILE = "model.json"
WEIGHTS_FILE = "model.onnx"
MAX_CARD = 5_000_000  # bytes (choice: a card of 1000 classes has some 200 000)
MAX_WEIGHTS = 1 << 31  # bytes; what a protobuf message, hence an ONNX file, may have at most
Folder = Union[str, Path]


def load_card(folder: Folder) -> Card:
    """The card in a model's folder. Raises BadModel when it is none."""
    try:
        item = bounded_json(Path(folder) / CARD_FILE, MAX_CARD)
        check_document(item)
        return read_item(item)
    except FileNotFoundError:
        raise BadModel(str(folder), f"it has no {CARD_FILE}") from None
    except BadInput as error:
        raise BadModel(str(folder), error.sentence.rstrip(".")) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise BadModel(str(folder), f"its {CARD_FILE} is not a model card: {error!r}") from None


def card_text(card: Card) -> str:
    """As model.json holds it."""
    return json.dumps(item_of(card, WEIGHTS_FILE), indent=1, ensure_ascii=False) + "\n"


def save_card(card: Card, folder: Folder) -> None:
    """Writes model.json; the weights must lie beside it already, or come there."""
    (Path(folder) / CARD_FILE).write_text(card_text(card), encoding="utf-8")


def checked_weights(folder: Folder, sha256: str) -> Path:
    """The path of a folder's weights, once their sha256 is the card's. Raises BadModel and ModelAltered."""
    path = Path(folder) / WEIGHTS_FILE
    if not path.is_file():
        raise BadModel(str(folder), f"it has no {WEIGHTS_FILE}")
    if path.stat().st_size > MAX_WEIGHTS:
        raise BadModel(str(folder), f"its {WEIGHTS_FILE} has more than the {MAX_WEIGHTS >> 30} GiB of an ONNX file")
    found = sha256_of(path)
    if found != sha256:
        raise ModelAltered(str(path), sha256, found)
    return path


def list_models(folders: Iterable[Path]) -> list[Path]:
    """Folders below `folders` that hold a model card, by name."""
    found = [p.parent for folder in folders if folder.is_dir() for p in folder.glob(f"*/{CARD_FILE}")]
    return sorted(found, key=lambda p: p.name)


def sha256_of(path: Folder) -> str:
    """Of a file, in hexadecimal; it is read in blocks."""
    digest = hashlib.sha256()
    with open_file(path) as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
