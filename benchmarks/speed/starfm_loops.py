"""STARFM as plain loops: what the program's own is measured against, and checked by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crop_classifier_plugin.engine.fusion.starfm.starfm import Settings

Image = NDArray[Any]


def by_window(fine: Image, coarse: Image, target: Image, spread: float, settings: Settings) -> Image:
    """A Python loop over the pixels, numpy for each pixel's window."""
    h = settings.halo
    out = np.empty((fine.shape[0] - 2 * h, fine.shape[1] - 2 * h))
    dy, dx = np.mgrid[-h : h + 1, -h : h + 1]
    distance = 1 + np.hypot(dy, dx) / settings.half_distance
    noise = math.hypot(settings.sigma_fine, settings.sigma_coarse), math.sqrt(2) * settings.sigma_coarse
    for row, col in np.ndindex(out.shape):
        f, c, t = (image[row : row + 2 * h + 1, col : col + 2 * h + 1] for image in (fine, coarse, target))
        s, u = np.abs(f - c), np.abs(c - t)
        kept = (np.abs(f - f[h, h]) <= 2 * spread / settings.classes) & (s < s[h, h] + noise[0])
        kept &= u < u[h, h] + noise[1]
        weight = kept / ((s + 1e-4) * (u + 1e-4) * distance)
        out[row, col] = (weight * (f + t - c)).sum() / weight.sum()
    return out


def by_neighbour(fine: Image, coarse: Image, target: Image, spread: float, settings: Settings) -> Image:
    """Python loops over the pixels and over each pixel's neighbours."""
    h = settings.halo
    f, c, t = (image.tolist() for image in (fine, coarse, target))
    noise = math.hypot(settings.sigma_fine, settings.sigma_coarse), math.sqrt(2) * settings.sigma_coarse
    out = np.empty((fine.shape[0] - 2 * h, fine.shape[1] - 2 * h))
    for row, col in np.ndindex(out.shape):
        p, q = row + h, col + h
        most_s, most_t = abs(f[p][q] - c[p][q]) + noise[0], abs(c[p][q] - t[p][q]) + noise[1]
        above = below = 0.0
        for i in range(p - h, p + h + 1):
            for j in range(q - h, q + h + 1):
                s, u = abs(f[i][j] - c[i][j]), abs(c[i][j] - t[i][j])
                if abs(f[i][j] - f[p][q]) <= 2 * spread / settings.classes and s < most_s and u < most_t:
                    d = 1 + math.hypot(i - p, j - q) / settings.half_distance
                    weight = 1 / ((s + 1e-4) * (u + 1e-4) * d)
                    above += weight * (f[i][j] + t[i][j] - c[i][j])
                    below += weight
        out[row, col] = above / below
    return out
