"""Surface reflectance of a block on a day: a mix of green canopy, straw and soil in every pixel.

Green cover follows Beer's law for leaves, 1 - exp(-k LAI), with k = 0.55 (choice). The three are mixed linearly, the
pixel's neighbours shine in (point spread), and each date keeps a small error of atmospheric correction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..raster.grid import Window
from .crops import (
    BANDS,
    DRY_SOIL,
    KIND,
    STRAW,
    WET_SHARE,
)
from .landscape import Landscape
from .noise import (
    Floats,
    bits,
    floats,
    key,
    normal,
    quick_normal,
    smooth,
    uniform,
)
from .phenology import (
    Stands,
    canopy,
    grow,
    on_day,
)

Number = TypeVar("Number", bound=np.generic)

HALO = 2  # px around a block, so that neighbours outside it shine in and 20 m pixels stay whole
EXTINCTION = 0.55
SPREAD = 0.14  # share of each of the two neighbours along a row or a column


@dataclass(frozen=True)
class Block:
    """The ground of one window with its halo; rasters are (H + 2 HALO, W + 2 HALO)."""

    seed: int
    inner: Window  # what is written; even row, column, height and width
    window: Window  # with the halo
    index: NDArray[np.int32]  # 1 + parcel; 0 = between the parcels
    stands: Stands
    vigour: Floats  # factor on the leaf area inside parcels
    delay: Floats  # days by which growth is ahead inside parcels
    soil: Floats  # brightness against the mean
    damp: Floats  # departure from the day's soil moisture
    texture: Floats  # factor on what covers the ground: roofs and streets differ

    def trim(self, values: NDArray[Number]) -> NDArray[Number]:
        """Cuts the halo off the last two axes."""
        return values[..., HALO:-HALO, HALO:-HALO]


def block_of(landscape: Landscape, inner: Window, year: int) -> Block:
    seed = landscape.seed
    window = grown(inner, HALO)
    index, parcels = landscape.burn(window)
    stands = grow(parcels, seed, year)
    town = np.take(stands.kinds == KIND["Settlement"], index)
    vigour = 1 + 0.11 * smooth(window, key(seed, "vigour"), 9.0) + 0.05 * smooth(window, key(seed, "patches"), 3.0)
    brightness = 1 + 0.10 * smooth(window, key(seed, "ground"), 40.0) + 0.05 * smooth(window, key(seed, "clods"), 5.0)
    return Block(
        seed,
        inner,
        window,
        index,
        stands,
        vigour=np.maximum(vigour, 0.3),
        delay=2.5 * smooth(window, key(seed, "delay"), 14.0),
        soil=np.take(stands.soil, index) * np.clip(brightness, 0.5, 1.5),
        damp=0.15 * smooth(window, key(seed, "damp"), 25.0),
        texture=np.where(town, 1 + 0.28 * quick_normal(bits(window, key(seed, "roofs"))), 1).astype(np.float32),
    )


def grown(window: Window, margin: int) -> Window:
    return Window(window.row - margin, window.col - margin, window.height + 2 * margin, window.width + 2 * margin)


def leaf_area(block: Block, day: date) -> Floats:
    """(H, W) green leaf area index, m2 m-2, halo included."""
    growth = on_day(block.stands, day_of_year(day))
    lai = np.take(growth.lai, block.index) + np.take(growth.lai_per_day, block.index) * block.delay
    return floats(np.maximum(lai, 0) * block.vigour)


def moisture(block: Block, day: date) -> Floats:
    """(H, W) wetness of the top soil, 0 dry .. 1 wet; the same for optics and radar."""
    rain = uniform(np.array([key(block.seed, "rain", day.isoformat())], np.uint32))[0]
    return floats(np.clip(np.float32(0.75 * rain + 0.1) + block.damp, 0, 1))


def reflectance(block: Block, day: date, bands: tuple[str, ...] = BANDS) -> Floats:
    """(B, H, W) float32 surface reflectance of the trimmed block, noise-free: what the ground sends to the sensor."""
    growth = on_day(block.stands, day_of_year(day))
    leaves = canopy(block.stands, growth)
    green = 1 - np.exp(-EXTINCTION * leaf_area(block, day))
    straw = (1 - green) * np.take(growth.straw, block.index)
    bare = (1 - green - straw) * block.soil
    wet = bare * moisture(block, day)
    green = green * block.texture
    scene = np.empty((len(bands), *block.index.shape), np.float32)
    for layer, band in enumerate(bands):
        b = BANDS.index(band)
        scene[layer] = green * np.take(leaves[b], block.index)
        scene[layer] += straw * STRAW[b]
        scene[layer] += bare * DRY_SOIL[b]
        scene[layer] -= wet * (DRY_SOIL[b] * (1 - WET_SHARE[b]))
    scene = _spread(scene)
    gain, offset = _atmosphere(block.seed, day, bands)
    return floats(np.maximum(scene * gain + offset, np.float32(0.001)))


def day_of_year(day: date) -> int:
    return day.timetuple().tm_yday


def halves(values: Floats) -> Floats:
    """The mean of each 2 x 2 pixels of the last two axes: 10 m to 20 m."""
    upper = values[..., 0::2, 0::2] + values[..., 0::2, 1::2]
    lower = values[..., 1::2, 0::2] + values[..., 1::2, 1::2]
    return floats((upper + lower) * np.float32(0.25))


def sensor_noise(values: Floats, window: Window, stream: int) -> Floats:
    """Adds what the instrument adds: 0.002 + 1.5 % of the value, standard deviation (choice)."""
    return floats(values + quick_normal(bits(window, stream)) * (np.float32(0.002) + np.float32(0.015) * values))


def _spread(scene: Floats) -> Floats:
    """The point spread of the sensor, a 3 x 3 kernel; takes the halo off."""
    side, middle = np.float32(SPREAD), np.float32(1 - 2 * SPREAD)
    rows = scene[:, 1:-3] * side + scene[:, 2:-2] * middle + scene[:, 3:-1] * side
    return floats(rows[..., 1:-3] * side + rows[..., 2:-2] * middle + rows[..., 3:-1] * side)


def _atmosphere(seed: int, day: date, bands: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Gain and offset (B, 1, 1) that atmospheric correction left in this date's bands."""
    words = np.array([[key(seed, day.isoformat(), b, what) for b in bands] for what in "go"], np.uint32)
    error = normal(words)[:, :, None, None]
    return floats(1 + np.float32(0.015) * error[0]), floats(np.float32(0.002) * error[1])
