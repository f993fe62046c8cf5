"""Sentinel-2 level 2A by MAJA, as Theia distributes it (CESBIO, Sentinel-2 output format)."""

from __future__ import annotations

import re

from ..spec import OPTICAL, SURFACE, BandCoding, Coding, MaskSpec, Product, ProductSpec

_BANDS = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
_TILE = "SENTINEL2A_20190516-105621-123_L2A_T31UFS_C_V2-2"
_MG2_BITS = 0b1110  # clouds, snow, cloud shadows; water and the shadows of the terrain are land that was seen


def _named(form: str) -> dict[str, str]:
    return {form.format(band): f"B{int(band[1:]):02}" if band[1:].isdecimal() else band for band in _BANDS}


PRODUCT = ProductSpec(
    sensors=(
        (re.compile(r"SENTINEL2([A-D])_\d{8}-"), "Sentinel-2{}"),
        (re.compile(r"SENTINEL2X_\d{8}-"), "Sentinel-2"),
    ),
    dates=(re.compile(r"SENTINEL2[A-DX]_(?P<ymd>\d{8})-\d{6}"),),
    products=(
        Product(
            "Sentinel-2 level 2A (MAJA)",
            re.compile(r"SENTINEL2[A-D]_\d{8}-\d{6}-\d{3}_L2A_"),
            bands=_named("FRE_{}") | _named("SRE_{}"),  # FRE: corrected for slopes too
            level=SURFACE,
            codings=(BandCoding(OPTICAL, Coding(1e-4, 0, -10_000)),),
            instead=("_SRE_", "_FRE_"),
            examples=(f"{_TILE}/{_TILE}_{{band}}.tif",),
        ),
        Product(
            "Sentinel-2 level 3A (WASP)",
            re.compile(r"SENTINEL2X_\d{8}-\d{6}-\d{3}_L3A_"),
            bands=_named("FRC_{}"),
            level=SURFACE,
            codings=(BandCoding(OPTICAL, Coding(1e-4, 0, -10_000)),),
            examples=("SENTINEL2X_20190516-000000-000_L3A_T31UFS_C_V1-2_{band}.tif",),
        ),
    ),
    masks=(MaskSpec("mg2", "MG2", fill=255, bad_bits=_MG2_BITS, title="MG2 (MAJA)"),),
    title="MAJA (Theia)",
    rank=8,
)
