"""Sentinel-2, level 2A: as ESA packs it (SAFE), as its tiles are named elsewhere, and single bands of it."""

from __future__ import annotations

import datetime as dt
import re

from ..sentinel2_safe import reflectance_of
from ..spec import MaskSpec, OffsetRule, ProductSpec

# Sen2Cor scene classification: no data, saturated, cloud shadow, cloud (medium, high), cirrus, snow.
_SCL_BAD = (0, 1, 3, 8, 9, 10, 11)


def _coding(path: str, band: str) -> tuple[float, float, float] | None:
    """Scale, offset and no data, as the metadata of a SAFE product tell them."""
    reflectance = reflectance_of(path, band)
    return (*reflectance, 0) if reflectance else None


PRODUCT = ProductSpec(
    sensors=(
        (re.compile(r"S2([A-D])_"), "Sentinel-2{}"),
        (re.compile(r"(?<![A-Z0-9])T\d{2}[A-Z]{3}_\d{8}T\d{6}|(?<![A-Za-z0-9])S2(?![A-Za-z0-9])"), "Sentinel-2"),
    ),
    dates=(
        re.compile(r"S2[A-D]_MSI\w{3}_(?P<ymd>\d{8})T\d{6}"),
        re.compile(r"S2[A-D]_T?\d{2}[A-Z]{3}_(?P<ymd>\d{8})[_T]"),
        re.compile(r"(?<![A-Z0-9])T\d{2}[A-Z]{3}_(?P<ymd>\d{8})T\d{6}"),
    ),
    aliases={"sceneclassification": "SCL", "sceneclassificationlayer": "SCL"},
    coding_in_file=_coding,
    masks=(MaskSpec("scl", "SCL", fill=0, bad_values=_SCL_BAD),),
    # Since processing baseline 04.00 (ESA, in force on this day) reflectance x 10000 + 1000 is stored. 9999 is the
    # number of products that users made themselves: it tells nothing.
    offset=OffsetRule(re.compile(r"S2[A-D]_MSI\w{3}_\d{8}T\d{6}_N(\d{4})"), 400, 9999, dt.date(2022, 1, 25)),
    rank=1,
)
