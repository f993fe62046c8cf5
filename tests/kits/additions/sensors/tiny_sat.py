"""TinySat: two bands and a mask of clouds."""

from __future__ import annotations

import re

from ..spec import OPTICAL, BandCoding, BandNumbers, Coding, MaskSpec, ProductSpec

_NAME = re.compile(r"TINY_")

PRODUCT = ProductSpec(
    sensors=((re.compile(r"TINY_(\d)"), "TinySat-{}"),),
    dates=(re.compile(r"TINY_\d_made\d{8}_seen(?P<ymd>\d{8})"),),
    numbers=(BandNumbers(_NAME, {1: "B04", 2: "B8A"}),),
    aliases={"tinyclouds": "tiny_clouds"},
    codings=(BandCoding(_NAME, OPTICAL, Coding(1e-3, 0.0, -1)),),
    masks=(MaskSpec("tiny", "tiny_clouds", fill=9, bad_values=(1,)),),
)
