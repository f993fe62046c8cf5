"""Band names: matched by name, never by position. Canonical names are Sentinel-2's, with VV, VH, indices and masks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePath
from types import MappingProxyType

from .spec import INDICES as INDICES
from .spec import OPTICAL as OPTICAL
from .spec import RADAR as RADAR
from .spec import ProductSpec, masks, specs

_COMMON = {  # STAC common names, and what people write
    "coastal": "B01",
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "rededge1": "B05",
    "rededge2": "B06",
    "rededge3": "B07",
    "rededge071": "B05",
    "rededge075": "B06",
    "rededge078": "B07",
    "nir": "B08",
    "nir08": "B8A",
    "narrownir": "B8A",
    "nirnarrow": "B8A",
    "nir09": "B09",
    "swir1": "B11",
    "swir16": "B11",
    "swir2": "B12",
    "swir22": "B12",
    "mir": "B12",
}
_OTHER: Mapping[int, str] = MappingProxyType({})
_NUMBERED = re.compile(r"(?:SR_)?B0?(\d{1,2})$", re.IGNORECASE)


def numbers_of(path: str) -> Mapping[int, str]:
    """The bands by their numbers, as the sensor that the file's name tells counts them; empty for Sentinel-2's own."""
    file_name = PurePath(path).name
    rows = (row for spec in specs() for row in spec.numbers)
    return next((row.bands for row in rows if row.names.search(file_name)), _OTHER)


def is_mask(band: str) -> bool:
    """Whether a band is a product's mask."""
    return any(band == mask.band for mask in masks().values())


@lru_cache(maxsize=1)
def _names(products: tuple[ProductSpec, ...]) -> dict[str, str]:
    """Every name that a band is known under, small and without signs, and its canonical one."""
    canonical = (*OPTICAL, *RADAR, *INDICES, *(mask.band for spec in products for mask in spec.masks))
    aliases = {alias: band for spec in products for alias, band in spec.aliases.items()}
    return {name.casefold(): name for name in canonical} | aliases


def text_of(path: str) -> str:
    """The part of a path that may name a band: the file's name, or that of the raster inside the file."""
    return path.rpartition(":")[2] if '":' in path else PurePath(path).stem


def name_of(text: str, numbers: Mapping[int, str] = _OTHER) -> str | None:
    """The canonical band that a description or file name speaks of; None when it names none, or several."""
    tokens = re.split(r"[^A-Za-z0-9]+", text)
    whole = _one("".join(tokens), numbers)
    if whole:
        return whole
    pairs = [a + b for a, b in zip(tokens, tokens[1:])]
    found = {hit for token in (*tokens, *pairs) if (hit := _one(token, numbers))}
    return found.pop() if len(found) == 1 else None


def _one(token: str, numbers: Mapping[int, str]) -> str | None:
    folded = token.casefold()
    if folded in _COMMON:
        return "B8A" if numbers and folded == "nir" else _COMMON[folded]
    number = _NUMBERED.match(token)
    if numbers and number:
        return numbers.get(int(number[1]))
    names = _names(specs())
    if folded in names:
        return names[folded]
    if number and 1 <= int(number[1]) <= 12:
        return f"B{int(number[1]):02}"
    return None
