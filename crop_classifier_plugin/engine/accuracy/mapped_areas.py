"""Pixels and hectares of each class of a map: what counting pixels gives, which is no estimate of the crops' areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..execution.reporter import Reporter
from ..labels.class_map import BLOCK, CropMap
from ..labels.constants import NO_DATA
from ..raster.grid import Window
from ..raster.pixel_area import hectares_of_pixels


@dataclass(frozen=True, eq=False)
class MappedAreas:
    """By position in the map's legend, (K,) each."""

    pixels: NDArray[np.int64]
    hectares: NDArray[np.float64]
    empty_pixels: int  # without a class
    empty_hectares: float


def measure(crop_map: CropMap, reporter: Reporter) -> MappedAreas:
    """Counts the whole map, window by window."""
    count = len(crop_map.legend)
    pixels, areas = np.zeros(count + 1, np.int64), np.zeros(count + 1)
    blocks = list(crop_map.grid.blocks(BLOCK))
    for done, window in enumerate(blocks, start=1):
        found = class_counts(crop_map, window)
        pixels += found
        areas += found * hectares_of_pixels(crop_map.grid, window)
        reporter.progress(done / len(blocks), "Measuring the map", done, len(blocks))
    return MappedAreas(pixels[:-1], areas[:-1], int(pixels[-1]), float(areas[-1]))


def class_counts(crop_map: CropMap, window: Window) -> NDArray[np.int64]:
    """(K + 1,) pixels of each class in a window, those without a class last."""
    positions = crop_map.read(window)
    count = len(crop_map.legend)
    placed = np.where(positions == NO_DATA, count, positions)
    return np.bincount(placed.ravel(), minlength=count + 1).astype(np.int64)
