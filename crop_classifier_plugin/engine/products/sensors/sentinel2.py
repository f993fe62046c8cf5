"""Sentinel-2, levels 2A and 1C: as ESA packs it (SAFE), as its tiles are named elsewhere, and single bands of it."""

from __future__ import annotations

import datetime as dt
import re

from ..metadata.sentinel2_safe import reflectance_of
from ..spec import OPTICAL, SURFACE, TOA, BandCoding, Coding, MaskSpec, OffsetRule, Product, ProductSpec

# Sen2Cor scene classification: no data, saturated, cloud shadow, cloud (medium, high), cirrus, snow.
_SCL_BAD = (0, 1, 3, 8, 9, 10, 11)
_BANDS = {band: band for band in OPTICAL}
_L2A = {band: name for band, name in _BANDS.items() if band != "B10"}  # cirrus is in level 1 only
_KEYS = {  # asset keys of Element 84's Earth Search v1
    "coastal": "B01", "blue": "B02", "green": "B03", "red": "B04", "rededge1": "B05", "rededge2": "B06",
    "rededge3": "B07", "nir": "B08", "nir08": "B8A", "nir09": "B09", "swir16": "B11", "swir22": "B12",
}  # fmt: skip
_TILE = r"S2[A-D]_T?\d{2}[A-Z]{3}_\d{8}"
_GRANULE = "S2A_MSIL{level}_20190516T105031_N0212_R051_T31UFS_20190517T134256.SAFE/GRANULE/L{level}_T31UFS_A020349_"
_GRANULE += "20190516T105030/IMG_DATA/"


def _coding(path: str, band: str) -> tuple[float, float, float] | None:
    """Scale, offset and no data, as the metadata of a SAFE product tell them."""
    reflectance = reflectance_of(path, band)
    return (*reflectance, 0) if reflectance else None


def _of_sen2r() -> tuple[Product, ...]:
    """Its stacks name no band; at 20 and 60 m band 8A stands for band 8 (sen2r, output file structure)."""
    made = []
    for level, ending, at, order in (("2A", "BOA", SURFACE, _L2A), ("1C", "TOA", TOA, _BANDS)):
        for metres, left in (("10", "B8A"), ("20", "B08"), ("60", "B08")):
            bands = {band: band for band in order if band != left}
            made.append(
                Product(
                    f"Sentinel-2 level {level} of sen2r, {metres} m",
                    re.compile(rf"S2[A-D]{level}_\d{{8}}_\d{{3}}_\w*_{ending}_{metres}(?![0-9])"),
                    bands=bands,
                    level=at,
                    codings=(BandCoding(OPTICAL, Coding(1e-4)),),
                    order=tuple(bands),
                    examples=(f"S2A{level}_20190516_051_T31UFS_{ending}_{metres}.tif",),
                )
            )
    return tuple(made)


PRODUCT = ProductSpec(
    sensors=(
        (re.compile(r"S2([A-D])(?:1C|2A)?_"), "Sentinel-2{}"),
        (re.compile(r"(?<![A-Z0-9])T\d{2}[A-Z]{3}_\d{8}T\d{6}|(?<![A-Za-z0-9])S2(?![A-Za-z0-9])"), "Sentinel-2"),
        (re.compile(r"sentinel[-_ ]?2([A-D])(?![A-Z0-9])", re.IGNORECASE), "Sentinel-2{}"),
        (re.compile(r"sentinel[-_ ]?2(?![A-Z0-9])", re.IGNORECASE), "Sentinel-2"),
    ),
    dates=(
        re.compile(r"S2[A-D]_MSI\w{3}_(?P<ymd>\d{8})T\d{6}"),
        re.compile(r"S2[A-D]_T?\d{2}[A-Z]{3}_(?P<ymd>\d{8})[_T]"),
        re.compile(r"(?<![A-Z0-9])T\d{2}[A-Z]{3}_(?P<ymd>\d{8})T\d{6}"),
        re.compile(r"(?<!\d)(?P<ymd>\d{8})T\d{6}_\d{8}T\d{6}_T\d{2}[A-Z]{3}"),  # Earth Engine's: sensed, then made
        re.compile(r"S2[A-D]_\w{4}_PRD_MSIL\w{2}_PDMC_\d{8}T\d{6}_R\d{3}_V(?P<ymd>\d{8})T\d{6}"),  # before 2016-12
    ),
    products=(
        Product(
            "Sentinel-2 level 2A (SAFE)",
            re.compile(r"S2[A-D]_MSIL2A_|(?<![A-Z0-9])L2A_T\d{2}[A-Z]{3}_A\d{6}_"),
            bands=_L2A,
            level=SURFACE,
            examples=(_GRANULE.format(level="2A") + "R20m/T31UFS_20190516T105031_{band}_20m.jp2",),
        ),
        Product(
            "Sentinel-2 level 1C (SAFE)",
            re.compile(r"S2[A-D]_MSIL1C_|(?<![A-Z0-9])L1C_T\d{2}[A-Z]{3}_A\d{6}_|sentinel-2-l1c"),
            bands=_BANDS,
            level=TOA,
            examples=(_GRANULE.format(level="1C") + "T31UFS_20190516T105031_{band}.jp2",),
        ),
        Product(
            "Sentinel-2 level 2A (COG)",
            re.compile(_TILE + r"\w*_L2A|sentinel-2-(?:c1-)?l2a"),
            bands=_L2A | _KEYS,
            level=SURFACE,
            examples=("S2A_31UFS_20190516_0_L2A/{band}.tif", "S2B_T31UFS_20190516T105031_L2A/{band}.tif"),
        ),
        Product(
            "Sentinel-2 level 1C (COG)",
            re.compile(_TILE + r"\w*_L1C"),
            bands=_BANDS | _KEYS,
            level=TOA,
            examples=("S2A_31UFS_20190516_0_L1C/{band}.tif",),
        ),
        *(
            Product(
                f"Sentinel-2 level {level} of the Copernicus Browser",
                re.compile(rf"Sentinel-2_L{level}_"),
                bands=bands,
                level=at,
                examples=(f"2019-05-16-00_00_2019-05-16-23_59_Sentinel-2_L{level}_{{band}}_(Raw).tiff",),
            )
            for level, bands, at in (("2A", _L2A, SURFACE), ("1C", _BANDS, TOA))
        ),
        *_of_sen2r(),
        Product(
            "Sentinel-2, level not told",
            re.compile(
                r"S2[A-D]_|(?<![A-Z0-9])T\d{2}[A-Z]{3}_\d{8}T\d{6}|(?<![A-Za-z0-9])S2(?![A-Za-z0-9])"
                r"|[Ss](?:entinel|ENTINEL)[-_ ]?2(?!\d)"
            ),
            bands=_BANDS | {f"B{n}": f"B{n:02}" for n in range(1, 10)},
            examples=("T31UFS_20190516T105031_{band}_10m.tif", "S2_season_20190516.tif"),
            loose=True,
        ),
    ),
    aliases={"scene_classification": "SCL", "scene_classification_layer": "SCL"},
    coding_in_file=_coding,
    masks=(MaskSpec("scl", "SCL", fill=0, bad_values=_SCL_BAD, title="SCL (Sentinel-2)"),),
    # Since processing baseline 04.00 (ESA, in force on this day) reflectance x 10000 + 1000 is stored. 9999 is the
    # number of products that users made themselves: it tells nothing. Scenes of earlier days are processed anew.
    offset=OffsetRule(
        re.compile(r"S2[A-D]_MSI\w{3}_\d{8}T\d{6}_N(\d{4})"),
        since=400,
        until=9999,
        first_day=dt.date(2022, 1, 25),
        items=("s2:processing_baseline", "sentinel2:processing_baseline", "processing:version"),
        coding=Coding(1e-4, -0.1, 0),
    ),
    title="Sentinel-2",
    rank=1,
)
