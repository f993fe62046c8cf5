"""Regions where a map differs from a reference, each of one mapped and one reference class, as polygons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes as traced

from ...execution.reporter import Reporter
from ...labels.class_map import CropMap
from ...labels.constants import NO_DATA
from ..diagnosis.comparison import Comparison

_BLOCK = 2048  # px: regions are cut at the edges of such squares, which bounds memory (choice)


@dataclass(frozen=True, eq=False)
class Blobs:
    """n regions: (n,) each. Positions are of the compared classes."""

    shapes: NDArray[Any]
    mapped: NDArray[np.int64]
    reference: NDArray[np.int64]
    pixels: NDArray[np.int64]


def differences(comparison: Comparison, least_pixels: float, reporter: Reporter) -> Blobs:
    """All regions of at least so many pixels, of neighbours by side."""
    crop_map: CropMap = comparison.crop_map
    shapes: list[Any] = []
    rows: list[tuple[int, int]] = []
    blocks = list(crop_map.grid.blocks(_BLOCK))
    for done, window in enumerate(blocks, start=1):
        mapped, truth = crop_map.read(window).astype(np.int64), comparison.truth(window).astype(np.int64)
        differs = (mapped != truth) & (mapped != NO_DATA) & (truth >= 0)
        pairs, number = np.unique((mapped << 32 | truth)[differs], return_inverse=True)
        image = np.zeros(mapped.shape, np.int32)
        image[differs] = number + 1
        for shape, value in traced(image, mask=differs, transform=crop_map.grid.sub(window).transform):
            pair = int(pairs[int(value) - 1])
            rows.append((pair >> 32, pair & 0xFFFFFFFF))
            shapes.append(shapely.geometry.shape(shape))
        reporter.progress(done / len(blocks), "Looking for differences", done, len(blocks))
    made = np.array(shapes, object)
    width, height = crop_map.grid.pixel
    pixels = np.rint(shapely.area(made) / (width * height)).astype(np.int64) if shapes else np.zeros(0, np.int64)
    kept = pixels >= least_pixels
    sides = np.array(rows, np.int64).reshape(-1, 2)[kept]
    return Blobs(made[kept], sides[:, 0], sides[:, 1], pixels[kept])
