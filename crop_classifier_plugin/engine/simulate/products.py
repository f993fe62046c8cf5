"""What the sensors deliver of a block: Sentinel-2 scenes, Sentinel-1 scenes, MODIS NDVI, and the truth."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..raster.grid import Window
from ..raster.writer import RasterSpec
from .clouds import (
    Sky,
    classify,
    cover_of,
    sky_of,
    under,
)
from .crops import (
    BANDS,
    BANDS_10M,
    BANDS_20M,
    COVERS,
    LEGEND,
)
from .noise import (
    Floats,
    bits,
    floats,
    key,
    quick_normal,
)
from .optics import (
    Block,
    halves,
    reflectance,
    sensor_noise,
)
from .plan import MODIS_PIXELS, Plan
from .radar import backscatter, half_window
from .writer import FileSpec, Product

REFLECTANCE = 10000  # stored number of reflectance 1, and of NDVI 1
_LARGEST = 16000


def truth() -> Product:
    spec = FileSpec("truth.tif", 1, RasterSpec.classes(LEGEND, "crop class"), overviews=True)
    return Product((spec,), lambda block: (truth_of(block)[None],))


def truth_of(block: Block) -> NDArray[np.uint8]:
    """(H, W) class codes; 0 where there is no crop."""
    codes = np.array([cover.code for cover in COVERS], np.uint8)[block.stands.kinds]
    return np.take(codes, block.trim(block.index))


def sentinel2(plan: Plan) -> list[Product]:
    return [_scene(day, sky_of(plan.job.seed, day, plan.job.cloud_share)) for day in plan.optical]


def _scene(day: date, sky: Sky) -> Product:
    scale = 1 / REFLECTANCE
    fine, coarse = (RasterSpec("uint16", 0, bands) for bands in (BANDS_10M, (*BANDS_20M, "SCL")))
    fine_file = FileSpec(f"S2_10m_{day:%Y%m%d}.tif", 1, fine, (scale,) * 4, day)
    coarse_file = FileSpec(f"S2_20m_{day:%Y%m%d}.tif", 2, coarse, (*(scale,) * 6, 1.0), day)
    return Product((fine_file, coarse_file), partial(scene_of, day=day, sky=sky))


def scene_of(block: Block, day: date, sky: Sky) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """(4, H, W) and (7, H/2, W/2) uint16: reflectance x 10000, and SCL last."""
    ground = reflectance(block, day)
    cover = cover_of(sky, block.inner)
    classes = classify(cover, halves(ground))
    seen = under(cover, ground)
    fine, coarse = seen[_places(BANDS_10M)], halves(seen[_places(BANDS_20M)])
    fine = np.stack([_noisy(block, day, b, v, block.inner) for b, v in zip(BANDS_10M, fine)])
    coarse = np.stack([_noisy(block, day, b, v, half_window(block)) for b, v in zip(BANDS_20M, coarse)])
    return stored(fine), np.concatenate([stored(coarse), classes[None]])


def _places(bands: tuple[str, ...]) -> list[int]:
    return [BANDS.index(band) for band in bands]


def _noisy(block: Block, day: date, band: str, values: Floats, window: Window) -> Floats:
    return sensor_noise(values, window, key(block.seed, "sensor", day.isoformat(), band))


def stored(values: Floats) -> NDArray[np.uint16]:
    """Reflectance as the file keeps it; never 0, which marks no data."""
    return np.clip(np.rint(values * REFLECTANCE), 1, _LARGEST).astype(np.uint16)


def sentinel1(plan: Plan) -> list[Product]:
    return [_radar(day) for day in plan.radar]


def _radar(day: date) -> Product:
    spec = FileSpec(
        f"S1_{day:%Y%m%d}.tif", 2, RasterSpec("float32", np.nan, ("VV", "VH"), tags={"UNITS": "dB"}), day=day
    )

    def render(block: Block) -> tuple[NDArray[Any], ...]:
        return (np.stack([backscatter(block, day, p) for p in ("VV", "VH")]),)

    return Product((spec,), render)


def modis(plan: Plan) -> list[Product]:
    return [_modis(day) for day in plan.modis]


def _modis(day: date) -> Product:
    name = f"MOD13Q1_{day:%Y%m%d}_NDVI.tif"
    spec = FileSpec(name, MODIS_PIXELS, RasterSpec("int16", -3000, ("NDVI",)), (1 / REFLECTANCE,), day)
    return Product((spec,), partial(_composite, day=day))


def _composite(block: Block, day: date) -> tuple[NDArray[np.int16]]:
    """(1, H/25, W/25): the cloud-free area mean of the 10 m NDVI of the named day, with a little noise (choice)."""
    mean = area_mean(ndvi(block, day), MODIS_PIXELS)
    inner = block.inner
    window = Window(inner.row // MODIS_PIXELS, inner.col // MODIS_PIXELS, *mean.shape)
    mean = mean + 0.012 * quick_normal(bits(window, key(block.seed, "modis", day.isoformat())))
    return (np.clip(np.rint(mean * REFLECTANCE), -2000, REFLECTANCE).astype(np.int16)[None],)


def ndvi(block: Block, day: date) -> Floats:
    """(H, W) of the ground, without clouds or noise."""
    red, infrared = reflectance(block, day, ("B04", "B08"))
    return floats((infrared - red) / (infrared + red))


def area_mean(values: Floats, side: int) -> NDArray[np.float64]:
    """The mean of each `side` x `side` pixels."""
    height, width = values.shape
    tiles = values.reshape(height // side, side, width // side, side)
    return np.asarray(tiles.mean(axis=(1, 3), dtype=np.float64))
