"""The polygons that limit a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from rasterio.crs import CRS

from ...shared.errors import BadInput, CrsMissing, NoOverlap
from ...shared.jobs.sources import Extent
from ..raster.grid import Grid
from .polygons import rasterize_polygons


@dataclass(frozen=True)
class Area:
    """Polygons in a grid's CRS: only pixels whose centre lies inside are mapped."""

    shapes: tuple[Any, ...]
    bounds: tuple[float, float, float, float]

    @classmethod
    def read(cls, path: str, crs: CRS) -> Area:
        shapes = _polygons(path)
        moved = shapes.to_crs(crs.to_wkt())
        x0, y0, x1, y1 = (float(v) for v in moved.total_bounds)
        return cls(tuple(moved.to_numpy()), (x0, y0, x1, y1))

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
    x0, y0, x1, y1 = (float(edge) for edge in shapes.total_bounds)
    return Extent(x0, y0, x1, y1, CRS.from_user_input(shapes.crs).to_wkt())


def _polygons(path: str) -> geopandas.GeoSeries:
    """Raises BadInput for what is no layer of polygons, CrsMissing for one without a place."""
    try:
        frame = geopandas.read_file(path, columns=[])
    except (DataSourceError, DataLayerError) as error:
        raise BadInput(f"The area {path} cannot be read ({error}): choose a layer of polygons.") from None
    shapes = frame[frame.geom_type.isin(["Polygon", "MultiPolygon"])].geometry
    if shapes.empty:
        raise BadInput(f"The area {path} holds no polygon: choose a layer of polygons.")
    if shapes.crs is None:
        raise CrsMissing(path)
    return shapes
