"""What a file's name tells of the product it belongs to: sensor, scale, no data, and the unit of radar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType

from .bands import INDICES, MASK_BANDS, OPTICAL
from .sentinel2_safe import reflectance_of


@dataclass(frozen=True)
class Coding:
    """How a product stores a measured value: value = number x scale + offset; `nodata` is the number for none."""

    scale: float
    offset: float = 0.0
    nodata: float | None = None


_CODINGS = (  # name; bands; coding (product guides: Landsat LSDS-1619, HLS v2, MOD13 v6.1, MOD09 v6.1)
    (re.compile(r"L[COTE]0\d_L2S[PR]_"), OPTICAL, Coding(2.75e-5, -0.2, 0)),
    (re.compile(r"HLS\.[LS]30\.T"), OPTICAL, Coding(1e-4, 0, -9999)),
    (re.compile(r"M[OY]D13[A-Z]\d"), INDICES, Coding(1e-4, 0, -3000)),
    (re.compile(r"M[OY]D13[A-Z]\d"), OPTICAL, Coding(1e-4, 0, -1000)),
    (re.compile(r"M[OY]D09[A-Z]\w"), OPTICAL, Coding(1e-4, 0, -28_672)),
)
_SENSORS = (
    (re.compile(r"HLS\.([LS])30\."), "HLS {}30"),
    (re.compile(r"S2([A-D])_"), "Sentinel-2{}"),
    (re.compile(r"(?<![A-Z0-9])T\d{2}[A-Z]{3}_\d{8}T\d{6}|(?<![A-Za-z0-9])S2(?![A-Za-z0-9])"), "Sentinel-2"),
    (re.compile(r"S1([A-D])[_-]", re.IGNORECASE), "Sentinel-1{}"),
    (re.compile(r"(?<![A-Za-z0-9])S1(?![A-Za-z0-9])"), "Sentinel-1"),
    (re.compile(r"L[COTE]0(\d)_L\w{3}_"), "Landsat {}"),
    (re.compile(r"(M[OYC]D\d{2}\w{2})(?=[._])"), "MODIS {}"),
)
# ASF's RTC products: S1A_IW_20190516T055021_DVP_RTC10_G_gpuned_5B3E; the second letter of gpuned is the unit.
_RTC_UNIT = re.compile(r"_RTC\d0_[A-Z]_[gsb]([pda])\w{4}_")
_UNITS: Mapping[str, str] = MappingProxyType({"p": "power", "d": "dB", "a": "amplitude"})


def coding_of(path: str, band: str) -> Coding | None:
    """How the numbers of this band are meant, as far as the names in its path tell; None where they do not."""
    if not band or band in MASK_BANDS:
        return None
    reflectance = reflectance_of(path, band)
    if reflectance:
        return Coding(*reflectance, 0)
    name = "|".join(PurePath(path).parts[-2:])  # the file, and the folder of a product whose files are named by band
    return next((coding for form, bands, coding in _CODINGS if band in bands and form.search(name)), None)


def sensor_of(path: str) -> str:
    """As `Sentinel-2A`, `HLS S30`, `Landsat 8`, `MODIS MOD13Q1`; "" where no name in the path tells."""
    for name in (PurePath(path).name, _names(path)):
        for form, sensor in _SENSORS:
            found = form.search(name)
            if found:
                return sensor.format(*(g.upper() for g in found.groups()))
    return ""


def radar_unit_of(path: str) -> str:
    """power, dB or amplitude, as the name of a radar product tells; "" where it does not."""
    found = _RTC_UNIT.search(PurePath(path).name)
    return _UNITS[found[1]] if found else ""


def _names(path: str) -> str:
    """The file's own name and those of the folders (or archives) around it, nearest first."""
    parts = PurePath(path).parts
    return "|".join(reversed(parts[-7:]))
