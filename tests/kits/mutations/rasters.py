"""Rasters whose headers lie: places, pixel sizes, coordinate systems, types and sizes that are none."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS

_LOCAL = 'LOCAL_CS["site grid",UNIT["metre",1]]'
_VERTICAL = 'VERT_CS["height",VERT_DATUM["any",2005],UNIT["metre",1],AXIS["Up",UP]]'
_COMPOUND = "EPSG:4326+5773"
SYSTEMS = ("", "EPSG:32631", "EPSG:4326", "EPSG:3857", "EPSG:3413", "EPSG:4978", _LOCAL, _VERTICAL, _COMPOUND)
SIZES = (0.0, 10.0, -10.0, 1e-300, 1e-9, 1e9, 1e300, math.nan, math.inf, 0.0001)
CORNERS = (0.0, 500000.0, 5650000.0, -1e7, 1e12, 1e300, math.nan, math.inf, 179.9999)
TYPES = ("uint8", "uint16", "int16", "float32", "float64", "complex64", "complex128", "uint32", "int8", "uint64")
NO_DATA = (None, 0, -1, 255, math.nan, 1e30)


def mutated(path: Path, target: Path, rng: random.Random) -> None:
    """Writes to `target` the pixels of the raster `path` under a header with one to three changes."""
    with rasterio.open(path) as file:
        pixels = file.read()
        profile, names, tags = dict(file.profile), file.descriptions, file.tags()
    for _ in range(rng.randint(1, 3)):
        _change(profile, rng)
    shape = (pixels.shape[0], profile["height"], profile["width"])
    made = np.resize(pixels, shape).astype(profile["dtype"], casting="unsafe")
    with rasterio.open(target, "w", **profile) as file:
        file.write(made)
        file.update_tags(**tags)
        for index, name in enumerate(names, start=1):
            file.set_band_description(index, name or "")


def _change(profile: dict[str, Any], rng: random.Random) -> None:
    kind = rng.randrange(6)
    old = profile["transform"]
    if kind == 0:
        text = rng.choice(SYSTEMS)
        profile["crs"] = CRS.from_user_input(text) if text else None
    elif kind == 1:
        profile["transform"] = Affine(rng.choice(SIZES), old.b, old.c, old.d, rng.choice(SIZES), old.f)
    elif kind == 2:
        profile["transform"] = Affine(old.a, old.b, rng.choice(CORNERS), old.d, old.e, rng.choice(CORNERS))
    elif kind == 3:
        profile |= {"dtype": rng.choice(TYPES), "nodata": None}
    elif kind == 4:
        fits = profile["dtype"].startswith("float")
        profile["nodata"] = rng.choice(NO_DATA) if fits else rng.choice((None, 0, 1))
    else:
        profile |= {"height": rng.choice((1, 2, 97)), "width": rng.choice((1, 3, 50))}
