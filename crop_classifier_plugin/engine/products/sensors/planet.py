"""PlanetScope (Planet's product page of PSScene and its usable data mask, UDM2.1)."""

from __future__ import annotations

import re

from ..spec import NUMBERS, OPTICAL, SURFACE, TOA, BandCoding, Coding, MaskSpec, Product, ProductSpec

_FOUR = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08"}
_EIGHT = {
    "coastal_blue": "", "blue": "B02", "green_i": "", "green": "B03", "yellow": "", "red": "B04", "rededge": "",
    "nir": "B08",
}  # fmt: skip
_UDM2 = {"clear": "UDM2"} | dict.fromkeys(
    ("snow", "shadow", "haze_light", "haze_heavy", "cloud", "confidence", "udm1"), ""
)
_CODINGS = (BandCoding(OPTICAL, Coding(1e-4, 0, 0)),)
_SCENE = r"\d{8}_\d{6}_\w+_3B_"
_EXAMPLE = "20190516_101010_85_2440_3B_"


_LEVELS = (  # what a name says of it; radiance is told without a word
    (SURFACE, r"(?=\w*_SR)", "_sr", "_SR"),
    (TOA, r"(?=\w*_toar)", "_toar", "_toar"),
    (NUMBERS, r"(?!\w*_(?:SR|toar))", "(?!_sr|_toar)", ""),
)


def _analytic(bands: dict[str, str]) -> tuple[Product, ...]:
    """The levels of the products with this many bands."""
    count = len(bands)
    eight = r"(?=\w*_8b)" if count == 8 else r"(?!\w*_8b)"
    return tuple(
        Product(
            f"PlanetScope, {count} bands, {'radiance' if level == NUMBERS else level}",
            re.compile(rf"{_SCENE}AnalyticMS{eight}{word}|_ortho_analytic_{count}b{ending}"),
            bands=bands,
            level=level,
            codings=() if level == NUMBERS else _CODINGS,
            order=tuple(bands),
            examples=(f"{_EXAMPLE}AnalyticMS{written}{'_8b' if count == 8 else ''}_clip.tif",),
        )
        for level, word, ending, written in _LEVELS
    )


PRODUCT = ProductSpec(
    sensors=((re.compile(_SCENE + "|_ortho_analytic_[48]b|(?<![A-Za-z])PSScene(?![a-z])"), "PlanetScope"),),
    dates=(re.compile(r"(?<!\d)(?P<ymd>\d{8})_\d{6}_\w+_3B_"),),
    products=(
        Product(
            "PlanetScope usable data mask",
            re.compile(_SCENE + "udm2|_ortho_udm2"),
            bands=_UDM2,
            order=tuple(_UDM2),
            examples=(_EXAMPLE + "udm2.tif",),
        ),
        *_analytic(_EIGHT),
        *_analytic(_FOUR),
    ),
    masks=(
        MaskSpec("udm2", "UDM2", fill=0, good_values=(1,), title="UDM2 (Planet)"),
    ),  # of its bands the first, clear = 1
    title="PlanetScope",
    rank=7,
)
