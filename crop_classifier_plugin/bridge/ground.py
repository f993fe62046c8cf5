"""How large the pixels of rasters are on the ground, from their headers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Optional

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsPointXY,
    QgsRasterDataProvider,
)

from ..shared.cards.applicability import great_circle
from ..shared.jobs.sources import SceneSource
from .layers import holds_rasters, opened


def finest(scenes: Iterable[SceneSource]) -> Optional[tuple[float, str]]:
    """The smallest pixel in metres and its file; None where one of the scenes does not tell."""
    found = []
    for scene in scenes:
        pixel = 0.0 if holds_rasters(Path(scene.path)) else _pixel(opened(scene.path), scene.crs)
        if not pixel:
            return None
        found.append((pixel, scene.path))
    return min(found, default=None)


def _pixel(raster: QgsRasterDataProvider, assigned: str) -> float:
    """Side of the middle pixel, the geometric mean of width and height; 0 = not known."""
    crs = raster.crs()
    if assigned:
        crs = QgsCoordinateReferenceSystem()
        crs.createFromUserInput(assigned)
    if not (raster.isValid() and crs.isValid() and raster.xSize() and raster.ySize()):
        return 0.0
    lonlat = QgsCoordinateReferenceSystem("EPSG:4326")
    to_degrees = QgsCoordinateTransform(crs, lonlat, QgsCoordinateTransformContext())
    extent = raster.extent()
    middle, wide, high = extent.center(), extent.width() / raster.xSize(), extent.height() / raster.ySize()
    corners = [QgsPointXY(middle.x() + dx, middle.y() + dy) for dx, dy in ((0, 0), (wide, 0), (0, high))]
    try:
        here, right, up = map(to_degrees.transform, corners)
    except QgsCsException:
        return 0.0
    sides = [1000 * great_circle(here.x(), here.y(), other.x(), other.y()) for other in (right, up)]
    return math.sqrt(sides[0] * sides[1])
