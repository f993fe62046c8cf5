"""Harmonized Landsat and Sentinel-2 (HLS v2): S30 with Sentinel-2's band numbers, L30 with Landsat's."""

from __future__ import annotations

import re

from ..spec import OPTICAL, SURFACE, BandCoding, Coding, MaskSpec, Product, ProductSpec

# HLS user guide v2, table 6: by the Sentinel-2 band of about the same wavelength.
_L30 = {"B01": "B01", "B02": "B02", "B03": "B03", "B04": "B04", "B05": "B8A", "B06": "B11", "B07": "B12"}
_S30 = {band: band for band in OPTICAL}
_CODINGS = (BandCoding(OPTICAL, Coding(1e-4, 0, -9999)),)  # table 10
_FMASK_BITS = 0b00011110  # cloud, adjacent to cloud, shadow, snow; 255 = fill


def _of(letter: str, bands: dict[str, str]) -> tuple[Product, Product]:
    """The published product, and what people call its files."""
    scene = f"HLS.{letter}30.T31UFS.2019136T105031.v2.0"
    published = Product(
        f"HLS {letter}30",
        re.compile(rf"HLS\.{letter}30\.T|HLS{letter}30\.\d{{3}}_"),  # of the archive, and of AppEEARS
        bands=bands,
        level=SURFACE,
        codings=_CODINGS,
        examples=(f"{scene}/{scene}.{{band}}.tif", f"HLS{letter}30.020_{{band}}_doy2019136_aid0001_31N.tif"),
    )
    called = re.compile(rf"HLS[-_. ]?{letter}30", re.IGNORECASE)
    example = f"HLS_{letter}30_2019-05-16.tif"
    return published, Product(f"HLS {letter}30 by name", called, bands, SURFACE, examples=(example,), loose=True)


PRODUCT = ProductSpec(
    sensors=((re.compile(r"HLS[-_. ]?([LS])30", re.IGNORECASE), "HLS {}30"),),
    dates=(
        re.compile(r"HLS\.[LS]30\.T\w{5}\.(?P<yj>\d{7})T\d{6}"),
        re.compile(r"HLS[LS]30\.\d{3}_.*_doy(?P<yj>\d{7})"),
    ),
    products=(*_of("L", _L30), *_of("S", _S30)),
    masks=(MaskSpec("fmask", "Fmask", fill=255, bad_bits=_FMASK_BITS, bad_values=(255,), title="Fmask (HLS)"),),
    title="HLS",
    rank=3,
)
