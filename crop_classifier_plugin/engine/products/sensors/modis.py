"""MODIS: reflectance (MOD09, MCD43) and vegetation indices (MOD13), version 6.1 (their user guides)."""

from __future__ import annotations

import re

from ..spec import INDICES, NUMBERS, OPTICAL, SURFACE, BandCoding, Coding, MaskSpec, Product, ProductSpec, numbered

_BANDS = {1: "B04", 2: "B8A", 3: "B02", 4: "B03", 6: "B11", 7: "B12"}  # band 5 (1.24 um) has no counterpart
_MOD13 = {
    "NDVI": "NDVI",
    "EVI": "EVI",
    "blue_reflectance": "B02",
    "red_reflectance": "B04",
    "NIR_reflectance": "B8A",
    "MIR_reflectance": "B12",
}
_GOOD = (0, 1)  # MOD13's pixel reliability: good, marginal; not snow, cloud
_NOT_GOOD = 0b10  # of MODLAND's two bits: made from clouds, or not made at all

PRODUCT = ProductSpec(
    sensors=((re.compile(r"(M[OYC]D\d{2}\w{2})(?=[._])"), "MODIS {}"),),
    dates=(
        re.compile(r"M[OYC]D\d{2}\w{2}\.A(?P<yj>\d{7})\."),
        re.compile(r"M[OYC]D\d{2}\w{2}\.\d{3}_.*_doy(?P<yj>\d{7})"),
    ),
    products=(
        Product(
            "MODIS MOD13",
            re.compile(r"M[OY]D13[A-Z]\d"),
            bands=_MOD13,
            level=SURFACE,
            codings=(BandCoding(INDICES, Coding(1e-4, 0, -3000)), BandCoding(OPTICAL, Coding(1e-4, 0, -1000))),
            examples=("MOD13Q1.061__250m_16_days_{band}_doy2019136_aid0001.tif",),
        ),
        Product(
            "MODIS MOD09",
            re.compile(r"M[OY]D09[A-Z]\w"),
            bands=numbered("sur_refl_b{:02}", _BANDS),
            level=SURFACE,
            codings=(BandCoding(OPTICAL, Coding(1e-4, 0, -28_672)),),
            examples=("MOD09GA.061_{band}_1_doy2019136_aid0001.tif", "MOD09A1.A2019136.h18v03.061.2020303132244.hdf"),
        ),
        Product(
            "MODIS MCD43",
            re.compile(r"MCD43[A-Z]\d"),
            bands=numbered("Nadir_Reflectance_Band{}", _BANDS),
            level=SURFACE,
            codings=(BandCoding(OPTICAL, Coding(1e-4, 0, 32_767)),),
            examples=("MCD43A4.061_{band}_doy2019136_aid0001.tif",),
        ),
        Product("MODIS level 1B", re.compile(r"M[OY]D02[A-Z]\w"), level=NUMBERS),
    ),
    aliases={"pixel_reliability": "pixel_reliability", "VI_Quality": "VI_Quality", "QC_250m": "QC_250m"},
    masks=(
        MaskSpec("modis", "pixel_reliability", fill=-1, good_values=_GOOD, title="Quality layers (MODIS)"),
        MaskSpec("modis_vi", "VI_Quality", fill=65_535, bad_bits=_NOT_GOOD),
        MaskSpec("modis_qc", "QC_250m", fill=2995, bad_bits=_NOT_GOOD),
    ),
    title="MODIS",
    rank=5,
)
