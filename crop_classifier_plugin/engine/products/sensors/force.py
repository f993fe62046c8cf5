"""FORCE: level 2 ARD of Landsat and Sentinel-2, and time series of it (force-eo.readthedocs.io, output formats)."""

from __future__ import annotations

import re

from ..spec import INDICES, OPTICAL, SURFACE, TOA, BandCoding, Coding, MaskSpec, Product, ProductSpec

_LANDSAT = {"BLUE": "B02", "GREEN": "B03", "RED": "B04", "NIR": "B8A", "SWIR1": "B11", "SWIR2": "B12"}
_SENTINEL2 = {
    "BLUE": "B02", "GREEN": "B03", "RED": "B04", "REDEDGE1": "B05", "REDEDGE2": "B06", "REDEDGE3": "B07",
    "BROADNIR": "B08", "NIR": "B8A", "SWIR1": "B11", "SWIR2": "B12",
}  # fmt: skip
# Of a time series: a file holds one band or index, and its bands are the dates.
_SERIES = {
    "NDV": "NDVI", "EVI": "EVI", "SAV": "SAVI", "BLU": "B02", "GRN": "B03", "RED": "B04", "RE1": "B05", "RE2": "B06",
    "RE3": "B07", "BNR": "B08", "NIR": "B8A", "SW1": "B11", "SW2": "B12",
}  # fmt: skip
_CODINGS = (BandCoding((*OPTICAL, *INDICES), Coding(1e-4, 0, -9999)),)
# Quality assurance: no data, cloud state (2 bits: buffer, cloud, cirrus), shadow, snow, and (bit 9) saturation.
_QAI_BITS = 0b1000011111


def _of(satellites: str, bands: dict[str, str], example: str) -> tuple[Product, ...]:
    kinds = ((f"FORCE {satellites}", "(?:BOA|IMP|QAI)", SURFACE, "BOA"),
             (f"FORCE {satellites}, top of atmosphere", "TOA", TOA, "TOA"))  # fmt: skip
    return tuple(
        Product(
            title,
            re.compile(rf"\d{{8}}_LEVEL2_{example[:3]}\w\w_{ending}"),
            bands=bands,
            level=level,
            codings=_CODINGS,
            order=tuple(bands),
            examples=(f"20190516_LEVEL2_{example}_{last}.tif",),
        )
        for title, ending, level, last in kinds
    )


PRODUCT = ProductSpec(
    sensors=(
        (re.compile(r"_LEVEL2_SEN2([A-D])_"), "Sentinel-2{}"),
        (re.compile(r"_LEVEL2_LND0(\d)_"), "Landsat {}"),
        (re.compile(r"_HL_TSA_SEN2L_"), "Sentinel-2"),
        (re.compile(r"_HL_TSA_LNDLG_"), "Landsat"),
    ),
    dates=(re.compile(r"(?<!\d)(?P<ymd>\d{8})_LEVEL2_\w{5}_"),),
    products=(
        *_of("Sentinel-2", _SENTINEL2, "SEN2A"),
        *_of("Landsat", _LANDSAT, "LND08"),
        Product(
            "FORCE time series",
            re.compile(r"\d{4}-\d{4}_\d{3}-\d{3}_HL_TSA_\w{5}_\w{3}_TS[SI]"),
            bands=_SERIES,
            level=SURFACE,
            codings=_CODINGS,
        ),
    ),
    masks=(MaskSpec("qai", "QAI", fill=1, bad_bits=_QAI_BITS, title="QAI (FORCE)"),),
    title="FORCE",
    rank=6,
)
