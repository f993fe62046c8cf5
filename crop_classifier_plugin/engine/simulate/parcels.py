"""The parcels of a season as a GeoPackage, written a few farm rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from numpy.typing import NDArray

from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window
from ..vector.geopackage import told
from .crops import COVERS, CROPS
from .landscape import (
    Landscape,
    Parcels,
    farms_around,
    join,
)
from .writer import marks

LAYER = "parcels"
PORTION = 5000  # parcels to write at once
_FIXED_TIME = "2000-01-01T00:00:00Z"  # in the file's table of contents, so that equal seasons are equal files


def write_parcels(path: str, landscape: Landscape, grid: Grid, reporter: Reporter) -> int:
    """Writes the crop parcels inside the grid (parcel_id, crop_code, crop_name, area_ha); returns their number.

    The polygons are those the truth raster was burned from, cut at the grid's edge.
    """
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _FIXED_TIME})
    try:
        written = 0
        for rows in _portions(landscape, grid, reporter):
            with told(path):
                written += _write(path, *_clipped(rows, grid), grid, written, landscape.seed)
        return written
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _portions(landscape: Landscape, grid: Grid, reporter: Reporter) -> Iterator[Parcels]:
    """The crop parcels of the grid, some rows of farms at a time, in the order in which they are burned."""
    whole = Window(0, 0, grid.height, grid.width)
    rows: dict[int, list[tuple[int, int]]] = {}
    for i, j in farms_around(whole):
        rows.setdefault(i, []).append((i, j))
    waiting: list[Parcels] = []
    for places in rows.values():
        for i, j in places:
            farm = landscape.farm(i, j)
            waiting.append(farm.take((farm.kinds >= 1) & (farm.kinds <= len(CROPS))))
        reporter.check()
        if sum(map(len, waiting)) >= PORTION:
            yield join(waiting)
            waiting = []
    if waiting:
        yield join(waiting)


def _clipped(parcels: Parcels, grid: Grid) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Polygons in map coordinates and their kinds; a parcel that the edge cuts in two counts twice."""
    inside = shapely.clip_by_rect(parcels.shapes, 0, 0, grid.width, grid.height)
    parts, owner = shapely.get_parts(inside, return_index=True)
    polygons = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)
    parts, owner = parts[polygons], owner[polygons]
    points = shapely.get_coordinates(parts)
    (px, py), (left, _, _, top) = grid.pixel, grid.bounds
    placed = shapely.set_coordinates(parts, np.stack([left + px * points[:, 0], top - py * points[:, 1]], axis=1))
    return placed, parcels.kinds[owner]


def _write(path: str, shapes: NDArray[np.object_], kinds: NDArray[np.intp], grid: Grid, already: int, seed: int) -> int:
    if not len(shapes) and already:
        return 0
    columns: dict[str, NDArray[Any]] = {
        "parcel_id": already + 1 + np.arange(len(shapes), dtype=np.int32),
        "crop_code": np.array([c.code for c in COVERS], np.int32)[kinds],
        "crop_name": np.array([c.name for c in COVERS], object)[kinds],
        "area_ha": np.round(shapely.area(shapes) / 1e4, 4),
    }
    if len(shapes):
        pyogrio.raw.write(
            path,
            shapely.to_wkb(shapes),
            list(columns.values()),
            list(columns),
            driver="GPKG",
            layer=LAYER,
            geometry_type="Polygon",
            crs=grid.crs.to_wkt(),
            append=already > 0,
            dataset_options={"VERSION": "1.3"},  # what GDAL before 3.7 knows: it warns at each newer file
            **({} if already else {"layer_metadata": marks(seed)}),
        )
    return len(shapes)
