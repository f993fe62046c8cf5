"""Sentinel-2 products as ESA packs them (SAFE): what their metadata say of their numbers."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as ET

from ....shared.errors import BadRaster
from ....shared.texts.bounded import bounded_bytes
from ...access.archives import member_bytes
from ..spec import OPTICAL

METADATA = ("MTD_MSIL2A.xml", "MTD_MSIL1C.xml")
_VALUE = ("BOA_QUANTIFICATION_VALUE", "QUANTIFICATION_VALUE")  # of level 2A, of 1C
_OFFSET = ("BOA_ADD_OFFSET", "RADIO_ADD_OFFSET")  # since processing baseline 04.00
_ROOT = re.compile(r"^(.*?\.SAFE)[/\\]", re.IGNORECASE)
_ZIPPED = re.compile(r"^/vsizip/(.*?\.zip)/(.*)$", re.IGNORECASE)
_MOST = 16 << 20  # bytes of a product's metadata (choice: they have 60 000)
_BANDS = OPTICAL  # band_id 0..12 counts B01 to B08, B8A, B09 to B12


def reflectance_of(path: str, band: str) -> tuple[float, float] | None:
    """Scale and offset of a band of a level-2A or 1C product; None outside one, and where its metadata are gone."""
    root = _ROOT.match(path)
    coding = _coding(root[1]) if root and band in _BANDS else None
    if coding is None:
        return None
    quantification, offsets = coding
    return 1 / quantification, offsets.get(_BANDS.index(band), 0.0) / quantification


@lru_cache(maxsize=64)
def _coding(root: str) -> tuple[float, dict[int, float]] | None:
    """The quantification value, and each band's offset."""
    for name, value_tag, offset_tag in zip(METADATA, _VALUE, _OFFSET):
        text = _text(root, name)
        if text is not None:
            return _read(text, f"{root}/{name}", value_tag, offset_tag)
    return None


def _read(text: bytes, path: str, value_tag: str, offset_tag: str) -> tuple[float, dict[int, float]]:
    try:
        tree = ET.fromstring(text)
        value = _number(next((e.text for e in tree.iter(value_tag)), None), value_tag)
        if value <= 0:
            raise ValueError(f"its {value_tag} is {value:g}, by which no number can be divided")
        offsets = {int(e.attrib["band_id"]): _number(e.text, offset_tag) for e in tree.iter(offset_tag)}
    except (ET.ParseError, DefusedXmlException, ValueError, KeyError) as error:
        raise BadRaster(path, f"its metadata cannot be read: {error}") from None
    return value, offsets


def _number(text: str | None, tag: str) -> float:
    """Raises ValueError."""
    number = float(text or "nan")
    if not math.isfinite(number):
        raise ValueError(f"it tells no {tag}" if text is None else f"its {tag} {text!r} is no number")
    return number


def _text(root: str, name: str) -> bytes | None:
    zipped = _ZIPPED.match(root)
    try:
        if zipped:
            return member_bytes(Path(zipped[1]), f"{zipped[2]}/{name}", _MOST)
        return bounded_bytes(Path(root) / name, _MOST)
    except (OSError, KeyError):
        return None
