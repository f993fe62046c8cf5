"""Landsat Collection 2, level 2 (product guide LSDS-1619)."""

from __future__ import annotations

import re

from ..spec import OPTICAL, BandCoding, BandNumbers, Coding, MaskSpec, ProductSpec

# Numbers by the Sentinel-2 band of about the same wavelength (HLS user guide v2, table 6).
_OLI = {1: "B01", 2: "B02", 3: "B03", 4: "B04", 5: "B8A", 6: "B11", 7: "B12"}  # Landsat-8/9
_TM = {1: "B02", 2: "B03", 3: "B04", 4: "B8A", 5: "B11", 7: "B12"}  # Landsat-4/5/7; 6 is thermal
_OLI_NAME = re.compile(r"L[CO]0[89]_|(?<![A-Za-z0-9])L[89](?![A-Za-z0-9])", re.IGNORECASE)
_TM_NAME = re.compile(r"L[TE]0[457]_|(?<![A-Za-z0-9])L[457](?![A-Za-z0-9])", re.IGNORECASE)
_QA_PIXEL_BITS = 0b00111111  # fill, dilated cloud, cirrus, cloud, shadow, snow

PRODUCT = ProductSpec(
    sensors=((re.compile(r"L[COTE]0(\d)_L\w{3}_"), "Landsat {}"),),
    dates=(re.compile(r"L[COTE]\d{2}_L\w{3}_\d{6}_(?P<ymd>\d{8})_(?:\d{8}_)?\d{2}_"),),
    numbers=(BandNumbers(_OLI_NAME, _OLI), BandNumbers(_TM_NAME, _TM)),
    aliases={"qapixel": "QA_PIXEL"},
    codings=(BandCoding(re.compile(r"L[COTE]0\d_L2S[PR]_"), OPTICAL, Coding(2.75e-5, -0.2, 0)),),
    masks=(MaskSpec("qa_pixel", "QA_PIXEL", fill=1, bad_bits=_QA_PIXEL_BITS),),
    rank=4,
)
