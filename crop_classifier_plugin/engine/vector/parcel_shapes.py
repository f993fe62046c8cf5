"""Parcels of a vector file without regard to what grows in them: only their shapes count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ...shared.errors import CrsMissing, LabelsUnusable
from ...shared.jobs.sources import ParcelSource
from ..access.vectors import read_features
from ..raster.grid import Grid
from .broken import BROKEN, moving
from .polygons import counted_on


@dataclass(frozen=True, eq=False)
class PlotLayer:
    """Polygons in the CRS of a grid; () = none."""

    shapes: NDArray[Any]

    def __len__(self) -> int:
        return len(self.shapes)

    def touching(self, grid: Grid) -> list[tuple[Any, int]]:
        """The polygons near the grid, each with its number from 1."""
        found: Any = np.sort(STRtree(self.shapes).query(shapely.box(*grid.bounds))) if len(self) else []
        return [(self.shapes[i], int(i) + 1) for i in found]


def read_plots(parcels: ParcelSource | None, grid: Grid) -> PlotLayer:
    """The polygons that touch the grid; none where no parcels are given."""
    if parcels is None:
        return PlotLayer(np.zeros(0, object))
    path = parcels.path
    try:
        frame = read_features(path, columns=[], layer=parcels.layer or None)
    except BROKEN as error:
        raise LabelsUnusable(f"The parcels {path} cannot be read ({error}): choose a layer of polygons.") from None
    shapes = frame[frame.geom_type.isin(["Polygon", "MultiPolygon"])].geometry
    if shapes.empty:
        raise LabelsUnusable(f"The parcels {path} hold no polygon: choose a layer of polygons.")
    if shapes.crs is None:
        raise CrsMissing(path)
    with moving(path):
        there = shapes.to_crs(grid.crs.to_wkt()).to_numpy()
    moved = shapely.make_valid(counted_on(there, grid.crs, grid.bounds))
    return PlotLayer(moved[shapely.intersects(moved, shapely.box(*grid.bounds))])
