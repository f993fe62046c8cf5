"""The polygons that limit a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS

from ...shared.errors import BadInput, CrsMissing, NoOverlap
from ...shared.jobs.sources import Extent
from ..access.vectors import read_features
from ..raster.geodesy import lie_across_180
from ..raster.grid import Grid
from .broken import BROKEN, moving
from .polygons import counted_on, rasterize_polygons


@dataclass(frozen=True)
class Area:
    """Polygons in a grid's CRS: only pixels whose centre lies inside are mapped."""

    shapes: tuple[Any, ...]
    bounds: tuple[float, float, float, float]

    @classmethod
    def read(cls, path: str, grid: Grid) -> Area:
        """In the CRS of the grid, and where that counts degrees on beyond 180, as it does."""
        shapes = _polygons(path)
        with moving(path):
            there = shapes.to_crs(grid.crs.to_wkt()).to_numpy()
        moved = counted_on(there, grid.crs, grid.bounds)
        x0, y0, x1, y1 = (float(v) for v in shapely.total_bounds(moved))
        return cls(tuple(moved), (x0, y0, x1, y1))

    def limit(self, grid: Grid) -> Grid:
        """The part of the grid that the polygons' bounding box touches."""
        gx0, gy0, gx1, gy1 = grid.bounds
        x0, y0, x1, y1 = self.bounds
        shared = max(gx0, x0), max(gy0, y0), min(gx1, x1), min(gy1, y1)
        if shared[0] >= shared[2] or shared[1] >= shared[3]:
            raise NoOverlap("The series", "the polygons of the area")
        return grid.snap(shared)

    def inside(self, grid: Grid) -> NDArray[np.bool_]:
        """(H, W): whether each pixel's centre lies in a polygon."""
        found: NDArray[np.bool_] = rasterize_polygons([(shape, 1) for shape in self.shapes], grid, "uint8") > 0
        return found


def area_extent(path: str) -> Extent:
    """The box around the polygons, in their own CRS."""
    shapes = _polygons(path)
    crs = CRS.from_user_input(shapes.crs)  # pyproj's, no text
    boxes = shapely.bounds(shapes.to_numpy())
    if crs.is_geographic and lie_across_180([tuple(box) for box in boxes.tolist()]):
        boxes[boxes[:, 0] + boxes[:, 2] < 0, ::2] += 360
    x0, y0 = boxes[:, :2].min(axis=0)
    x1, y1 = boxes[:, 2:].max(axis=0)
    return Extent(float(x0), float(y0), float(x1), float(y1), crs.to_wkt())


def _polygons(path: str) -> geopandas.GeoSeries:
    """Raises BadInput for what is no layer of polygons, CrsMissing for one without a place."""
    try:
        frame = read_features(path, columns=[])
    except BROKEN as error:
        raise BadInput(f"The area {path} cannot be read ({error}): choose a layer of polygons.") from None
    shapes = frame[frame.geom_type.isin(["Polygon", "MultiPolygon"])].geometry
    if shapes.empty:
        raise BadInput(f"The area {path} holds no polygon: choose a layer of polygons.")
    if shapes.crs is None:
        raise CrsMissing(path)
    return shapes
