"""Sentinel-1 backscatter of a block: the water cloud model of Attema and Ulaby (1978, Radio Science 13), with speckle.

sigma0 = volume (1 - t2) + soil t2, with the two-way attenuation t2 = exp(-2 B LAI / cos(incidence)), in linear power.
Volume terms, attenuation and soil terms are a choice within what is usual at C band.
"""

from __future__ import annotations

import math
from datetime import date

import numpy as np

from ..raster.grid import Window
from .crops import COVERS, table
from .noise import (
    Floats,
    floats,
    key,
    speckle,
)
from .optics import (
    Block,
    halves,
    leaf_area,
    moisture,
)

LOOKS = 7  # equivalent number of looks at 20 m
INCIDENCE = math.radians(38)
_SOIL = {"VV": (-14.0, 6.0), "VH": (-22.5, 5.0)}  # dB when dry, dB more when wet


def backscatter(block: Block, day: date, polarisation: str) -> Floats:
    """(H/2, W/2) float32 dB at 20 m, speckle included. `polarisation` is VV or VH."""
    power = halves(block.trim(_ground(block, day, polarisation)))
    window = half_window(block)
    noise = speckle(window, key(block.seed, "speckle", day.isoformat(), polarisation), LOOKS)
    return floats(10 * np.log10(power * noise))


def half_window(block: Block) -> Window:
    """The block's window in 20 m pixels."""
    inner = block.inner
    return Window(inner.row // 2, inner.col // 2, inner.height // 2, inner.width // 2)


def _ground(block: Block, day: date, polarisation: str) -> Floats:
    """(H, W) linear power at 10 m, halo included."""
    radar = [cover.radar for cover in COVERS]
    volume = table(block.stands.kinds, tuple(r.vv if polarisation == "VV" else r.vh for r in radar))
    depth = table(block.stands.kinds, tuple(r.depth_vv if polarisation == "VV" else r.depth_vh for r in radar))
    through = np.exp(leaf_area(block, day) * np.take(depth * np.float32(-2 / math.cos(INCIDENCE)), block.index))
    dry, rise = _SOIL[polarisation]
    soil = _linear(np.float32(dry) + np.float32(rise) * moisture(block, day))
    leaves = np.take(_linear(volume), block.index) * block.texture**2
    return floats(leaves * (1 - through) + soil * through)


def _linear(decibel: Floats) -> Floats:
    return floats(np.exp(decibel * np.float32(math.log(10) / 10)))
