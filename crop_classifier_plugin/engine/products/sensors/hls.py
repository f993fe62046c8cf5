"""Harmonized Landsat and Sentinel-2 (HLS v2): S30 with Sentinel-2's band numbers, L30 with Landsat's."""

from __future__ import annotations

import re

from ..spec import OPTICAL, BandCoding, BandNumbers, Coding, MaskSpec, ProductSpec

# HLS user guide v2, table 6: by the Sentinel-2 band of about the same wavelength.
_L30 = {1: "B01", 2: "B02", 3: "B03", 4: "B04", 5: "B8A", 6: "B11", 7: "B12"}
_FMASK_BITS = 0b00011110  # cloud, adjacent to cloud, shadow, snow; 255 = fill

PRODUCT = ProductSpec(
    sensors=((re.compile(r"HLS\.([LS])30\."), "HLS {}30"),),
    dates=(re.compile(r"HLS\.[LS]30\.T\w{5}\.(?P<yj>\d{7})T\d{6}"),),
    numbers=(BandNumbers(re.compile(r"HLS\.L30", re.IGNORECASE), _L30),),
    codings=(BandCoding(re.compile(r"HLS\.[LS]30\.T"), OPTICAL, Coding(1e-4, 0, -9999)),),
    masks=(MaskSpec("fmask", "Fmask", fill=255, bad_bits=_FMASK_BITS, bad_values=(255,)),),
    rank=3,
)
