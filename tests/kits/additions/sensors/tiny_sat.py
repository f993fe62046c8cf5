"""TinySat: two bands and a mask of clouds."""

from __future__ import annotations

import re

from ..spec import OPTICAL, SURFACE, BandCoding, Coding, MaskSpec, Product, ProductSpec, numbered

PRODUCT = ProductSpec(
    sensors=((re.compile(r"TINY_(\d)"), "TinySat-{}"),),
    dates=(re.compile(r"TINY_\d_made\d{8}_seen(?P<ymd>\d{8})"),),
    products=(
        Product(
            "TinySat",
            re.compile(r"TINY_"),
            bands=numbered("B{}", {1: "B04", 2: "B8A"}),
            level=SURFACE,
            codings=(BandCoding(OPTICAL, Coding(1e-3, 0.0, -1)),),
            examples=("TINY_3_made20200101_seen20190516_{band}.tif",),
        ),
    ),
    masks=(MaskSpec("tiny", "tiny_clouds", fill=9, bad_values=(1,)),),
)
