"""Sentinel-2 products as ESA packs them (SAFE): what their metadata say of their numbers."""

from __future__ import annotations

import re
import zipfile
from functools import lru_cache
from pathlib import Path

from defusedxml import ElementTree as ET

from ...shared.errors import BadRaster
from .spec import OPTICAL

METADATA = "MTD_MSIL2A.xml"
_ROOT = re.compile(r"^(.*?\.SAFE)[/\\]", re.IGNORECASE)
_ZIPPED = re.compile(r"^/vsizip/(.*?\.zip)/(.*)$", re.IGNORECASE)
_BANDS = OPTICAL  # band_id 0..12 counts B01 to B08, B8A, B09 to B12


def reflectance_of(path: str, band: str) -> tuple[float, float] | None:
    """Scale and offset of a band of a level-2A product; None outside one, and where its metadata are gone."""
    root = _ROOT.match(path)
    coding = _coding(root[1]) if root and band in _BANDS else None
    if coding is None:
        return None
    quantification, offsets = coding
    return 1 / quantification, offsets.get(_BANDS.index(band), 0.0) / quantification


@lru_cache(maxsize=64)
def _coding(root: str) -> tuple[float, dict[int, float]] | None:
    """The quantification value, and each band's BOA_ADD_OFFSET, which exists since processing baseline 04.00."""
    text = _text(root)
    if text is None:
        return None
    try:
        tree = ET.fromstring(text)
        value = float(next(e.text or "" for e in tree.iter("BOA_QUANTIFICATION_VALUE")))
        return value, {int(e.attrib["band_id"]): float(e.text or "") for e in tree.iter("BOA_ADD_OFFSET")}
    except (ET.ParseError, StopIteration, ValueError, KeyError) as error:
        raise BadRaster(f"{root}/{METADATA}", str(error) or "it tells no BOA_QUANTIFICATION_VALUE") from None


def _text(root: str) -> bytes | None:
    zipped = _ZIPPED.match(root)
    try:
        if zipped:
            with zipfile.ZipFile(zipped[1]) as archive:
                return archive.read(f"{zipped[2]}/{METADATA}")
        return (Path(root) / METADATA).read_bytes()
    except (OSError, KeyError, zipfile.BadZipFile):
        return None
