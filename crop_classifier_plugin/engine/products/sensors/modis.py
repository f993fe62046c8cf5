"""MODIS: reflectance (MOD09) and vegetation indices (MOD13), version 6.1 (their user guides)."""

from __future__ import annotations

import re

from ..spec import INDICES, OPTICAL, BandCoding, BandNumbers, Coding, MaskSpec, ProductSpec

_NUMBERS = {1: "B04", 2: "B8A", 3: "B02", 4: "B03", 6: "B11", 7: "B12"}  # band 5 (1.24 um) has no counterpart
_MOD09, _MOD13 = re.compile(r"M[OY]D09[A-Z]\w"), re.compile(r"M[OY]D13[A-Z]\d")
_GOOD = (0, 1)  # MOD13's pixel reliability: good, marginal; not snow, cloud
_NOT_GOOD = 0b10  # of MODLAND's two bits: made from clouds, or not made at all

PRODUCT = ProductSpec(
    sensors=((re.compile(r"(M[OYC]D\d{2}\w{2})(?=[._])"), "MODIS {}"),),
    dates=(
        re.compile(r"M[OYC]D\d{2}\w{2}\.A(?P<yj>\d{7})\."),
        re.compile(r"M[OYC]D\d{2}\w{2}\.\d{3}_.*_doy(?P<yj>\d{7})"),
    ),
    numbers=(BandNumbers(re.compile(r"M[OYC]D(?:09|13|43)[A-Z]\w"), _NUMBERS),),
    aliases={"pixelreliability": "pixel_reliability", "viquality": "VI_Quality", "qc250m": "QC_250m"},
    codings=(
        BandCoding(_MOD13, INDICES, Coding(1e-4, 0, -3000)),
        BandCoding(_MOD13, OPTICAL, Coding(1e-4, 0, -1000)),
        BandCoding(_MOD09, OPTICAL, Coding(1e-4, 0, -28_672)),
    ),
    masks=(
        MaskSpec("modis", "pixel_reliability", fill=-1, good_values=_GOOD),
        MaskSpec("modis_vi", "VI_Quality", fill=65_535, bad_bits=_NOT_GOOD),
        MaskSpec("modis_qc", "QC_250m", fill=2995, bad_bits=_NOT_GOOD),
    ),
    rank=5,
)
