"""Band names: matched by name, never by position. Canonical names are Sentinel-2's, with VV, VH, indices and masks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

from ...shared.choices import INDICES as INDICES

OPTICAL = (*(f"B{n:02}" for n in range(1, 9)), "B8A", *(f"B{n:02}" for n in range(9, 13)))
RADAR = ("VV", "VH")
MASK_BANDS = ("SCL", "Fmask", "QA_PIXEL", "pixel_reliability", "VI_Quality", "QC_250m")
CANONICAL = (*OPTICAL, *RADAR, *INDICES, *MASK_BANDS)
_CANONICAL = {name.casefold(): name for name in CANONICAL}
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
    "qapixel": "QA_PIXEL",
    "sceneclassification": "SCL",
    "sceneclassificationlayer": "SCL",
    "pixelreliability": "pixel_reliability",
    "viquality": "VI_Quality",
    "qc250m": "QC_250m",
}
# Landsat-8/9 (and HLS L30) numbers, by the Sentinel-2 band of about the same wavelength (HLS user guide v2, table 6).
_OLI = {1: "B01", 2: "B02", 3: "B03", 4: "B04", 5: "B8A", 6: "B11", 7: "B12"}
_OLI_NAME = re.compile(r"HLS\.L30|L[CO]0[89]_|(?<![A-Za-z0-9])L[89](?![A-Za-z0-9])", re.IGNORECASE)
# Landsat-4/5/7 (TM, ETM+); 6 is thermal.
_TM = {1: "B02", 2: "B03", 3: "B04", 4: "B8A", 5: "B11", 7: "B12"}
_TM_NAME = re.compile(r"L[TE]0[457]_|(?<![A-Za-z0-9])L[457](?![A-Za-z0-9])", re.IGNORECASE)
# MODIS; its band 5 (1.24 um) has no counterpart.
_MODIS = {1: "B04", 2: "B8A", 3: "B02", 4: "B03", 6: "B11", 7: "B12"}
_MODIS_NAME = re.compile(r"M[OYC]D(?:09|13|43)[A-Z]\w")
_OTHER: Mapping[int, str] = MappingProxyType({})
_NUMBERED = re.compile(r"(?:SR_)?B0?(\d{1,2})$", re.IGNORECASE)


def numbers_of(path: str) -> Mapping[int, str]:
    """The bands by their numbers, as the sensor that the file's name tells counts them; empty for Sentinel-2's own."""
    file_name = PurePath(path).name
    for form, numbers in ((_OLI_NAME, _OLI), (_TM_NAME, _TM), (_MODIS_NAME, _MODIS)):
        if form.search(file_name):
            return numbers
    return _OTHER


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
    if folded in _CANONICAL:
        return _CANONICAL[folded]
    if number and 1 <= int(number[1]) <= 12:
        return f"B{int(number[1]):02}"
    return None
