"""Clouds, their shadows and the scene classification (SCL) of a date. Shapes and numbers are a choice.

Clouds are where a fractal noise field exceeds a threshold; the same field, moved away from the sun, casts the shadow.
A date's sky depends on the seed and that date alone, so a season of three dates shows the same clouds as one of thirty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

from ..raster.grid import Window
from .crops import BANDS
from .noise import (
    Floats,
    floats,
    fractal,
    key,
    uniform,
)

SHADOW, VEGETATION, BARE, WATER, CLOUD_MEDIUM, CLOUD_HIGH, CIRRUS = 3, 4, 5, 6, 8, 9, 10  # codes of SCL

_WHITE = np.array([0.92, 0.92, 0.93, 0.95, 0.94, 0.95, 0.95, 0.96, 0.62, 0.48], np.float32)  # cloud, in order of BANDS
_SHADE = np.array([0.55, 0.46, 0.40, 0.34, 0.37, 0.34, 0.33, 0.32, 0.30, 0.30], np.float32)  # light left in a shadow
_VEIL = np.array([0.16, 0.15, 0.15, 0.16, 0.15, 0.15, 0.15, 0.15, 0.07, 0.05], np.float32)  # added by dense cirrus


@dataclass(frozen=True)
class Sky:
    """The sky of one date."""

    seed: int
    day: date
    threshold: float  # of the noise field, above which there is cloud; infinity = clear
    veil_threshold: float
    scale: float  # on the sizes of the clouds
    shadow_shift: tuple[int, int]  # rows and columns from a shadow pixel to the cloud that casts it

    def opacity(self, window: Window) -> Floats:
        """(H, W) 0 clear .. 1 thick cloud."""
        return self._excess("cloud", window, self.threshold, 0.45)

    def shadow(self, window: Window) -> Floats:
        """(H, W) 0 lit .. 1 deep shadow of the clouds."""
        rows, cols = self.shadow_shift
        there = Window(window.row + rows, window.col + cols, window.height, window.width)
        return self._excess("cloud", there, self.threshold, 0.3)

    def veil(self, window: Window) -> Floats:
        """(H, W) 0 clear .. 1 dense cirrus."""
        return self._excess("cirrus", window, self.veil_threshold, 1.2)

    def _excess(self, name: str, window: Window, threshold: float, ramp: float) -> Floats:
        if math.isinf(threshold):
            return np.zeros((window.height, window.width), np.float32)
        lengths = [self.scale * length for length in (150.0, 70.0, 33.0, 15.0, 7.0)]
        field = fractal(window, key(self.seed, name, self.day.isoformat()), lengths, 0.6)
        return floats(np.clip((field - np.float32(threshold)) * np.float32(1 / ramp), 0, 1))


def sky_of(seed: int, day: date, mean_share: float) -> Sky:
    """Draws the sky of a date: about a third of the dates are clear, the others make up for them."""
    draw = [float(u) for u in uniform(np.array([key(seed, "sky", day.isoformat(), k) for k in range(4)], np.uint32))]
    share = _share(mean_share, draw[0], draw[1])
    cloud = 1 - math.sqrt(1 - share)  # cloud and shadow each; taken as independent
    veiled = 0.05 if share > 0 and draw[2] < 0.3 else 0.0
    height = 60 + 90 * draw[3]  # px: 600 .. 1500 m
    return Sky(
        seed,
        day,
        threshold=float(ndtri(1 - cloud)) if cloud > 0 else math.inf,
        veil_threshold=float(ndtri(1 - veiled)) if veiled > 0 else math.inf,
        scale=0.5 + draw[2],
        shadow_shift=_shadow_shift(day, height),
    )


def _share(mean: float, clear: float, draw: float) -> float:
    """Share of the date's pixels under cloud or shadow, with the wanted mean over dates."""
    clear_dates = min(0.3, max(0.0, 1 - mean / 0.97))
    if mean <= 0 or clear < clear_dates:
        return 0.0
    cloudy_mean = mean / (1 - clear_dates)
    return min(0.995, float(betaincinv(2.5 * cloudy_mean, 2.5 * (1 - cloudy_mean), draw)))


def _shadow_shift(day: date, height: float) -> tuple[int, int]:
    """Shadows fall to the north-west at 10:30 local time; longer when the sun is low (50 degrees north)."""
    declination = math.radians(-23.44 * math.cos(2 * math.pi * (day.timetuple().tm_yday + 10) / 365))
    latitude, hour = math.radians(50), math.radians(-22.5)
    cosine = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(hour)
    length = height * math.tan(math.acos(cosine))
    return round(length * 0.85), round(length * 0.53)


@dataclass(frozen=True)
class Cover:
    """What the sky does to the pixels of a window, (H, W) 0..1 each."""

    opacity: Floats
    shadow: Floats
    veil: Floats


def cover_of(sky: Sky, window: Window) -> Cover:
    return Cover(sky.opacity(window), sky.shadow(window), sky.veil(window))


def under(cover: Cover, ground: Floats) -> Floats:
    """(10, H, W) reflectance seen from above, from the ground's; the order of bands is crops.BANDS."""
    if not (cover.opacity.any() or cover.shadow.any() or cover.veil.any()):
        return ground
    seen = np.empty_like(ground)
    brightness = np.float32(0.35) + np.float32(0.5) * cover.opacity
    for b in range(len(BANDS)):
        lit = ground[b] * (1 - cover.shadow * (1 - _SHADE[b])) + cover.veil * _VEIL[b]
        seen[b] = lit * (1 - cover.opacity) + cover.opacity * brightness * _WHITE[b]
    return seen


def classify(cover: Cover, ground20: Floats) -> NDArray[np.uint16]:
    """(H/2, W/2) SCL codes at 20 m. A pixel counts as covered when any of its four 10 m pixels is.

    `ground20` holds the ground's reflectance at 20 m, (10, H/2, W/2).
    """
    red, infrared = ground20[BANDS.index("B04")], ground20[BANDS.index("B08")]
    index = (infrared - red) / (infrared + red)
    codes = np.where(index > 0.35, VEGETATION, BARE)
    codes[(index < 0.1) & (infrared < 0.05)] = WATER
    opacity, shadow, veil = (_largest(v) for v in (cover.opacity, cover.shadow, cover.veil))
    codes[shadow > 0] = SHADOW
    codes[veil > 0] = CIRRUS
    codes[opacity > 0] = CLOUD_MEDIUM
    codes[opacity > 0.6] = CLOUD_HIGH
    return codes.astype(np.uint16)


def _largest(values: Floats) -> Floats:
    return np.maximum(
        np.maximum(values[0::2, 0::2], values[0::2, 1::2]), np.maximum(values[1::2, 0::2], values[1::2, 1::2])
    )
