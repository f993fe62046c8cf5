"""Fields by the thousand: a reference, a crop map that errs in some of them and at their edges, and their outlines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray

from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter
from crop_classifier_plugin.shared.legend import CropClass, Legend

CLASSES, WRONG, EDGE = 8, 0.15, 0.3  # share of the fields that the map has wrong, and of the pixels at their edges
_COLOURS = ("#e6194b", "#3cb44b", "#ffe119", "#4363d8", "#f58231", "#911eb4", "#46f0f0", "#f032e6")
LEGEND = Legend(tuple(CropClass(k + 1, f"crop {k + 1}", colour) for k, colour in enumerate(_COLOURS)))
PIXEL = 10.0  # m
_CORNER = (300_000.0, 5_700_000.0)


def grid_of_side(side: int) -> Grid:
    place = rasterio.Affine(PIXEL, 0, _CORNER[0], 0, -PIXEL, _CORNER[1])
    return Grid(rasterio.CRS.from_epsg(32631), place, side, side)


def write_maps(folder: str, side: int, field: int) -> None:
    """reference.tif and map.tif of side x side px, fields of `field` px a side."""
    grid, places = grid_of_side(side), -(-side // field)
    rng = np.random.default_rng(0)
    truth = rng.integers(1, CLASSES + 1, (places, places), np.uint8)
    wrong = rng.random(truth.shape) < WRONG
    mapped = np.where(wrong, 1 + (truth + rng.integers(0, CLASSES - 1, truth.shape)) % CLASSES, truth).astype(np.uint8)
    for name, fields, edge in (("reference", truth, 0.0), ("map", mapped, EDGE)):
        with RasterWriter(str(Path(folder) / f"{name}.tif"), grid, RasterSpec.classes(LEGEND, name)) as writer:
            for window in grid.blocks(1024):
                writer.write(_pixels(window, fields, field, edge), window)


def _pixels(window: Window, fields: NDArray[np.uint8], field: int, edge: float) -> NDArray[np.uint8]:
    rows = np.arange(window.row, window.row + window.height)
    cols = np.arange(window.col, window.col + window.width)
    found = fields[np.ix_(rows // field, cols // field)]
    if not edge:
        return found
    rng = np.random.default_rng((window.row, window.col))
    near = (rows % field == 0)[:, None] | (cols % field == 0)
    other = near & (rng.random(found.shape) < edge)
    return np.where(other, rng.integers(1, CLASSES + 1, found.shape), found).astype(np.uint8)


def write_parcels(folder: str, side: int, number: int) -> None:
    """parcels.gpkg: `number` leaning quadrangles over the whole of side x side px, none touching another."""
    across = int(np.ceil(np.sqrt(number)))
    shapes = np.array(list(_outlines(side * PIXEL / across, across)), object)[:number]
    frame = geopandas.GeoDataFrame({"id": np.arange(number)}, geometry=shapes, crs=grid_of_side(side).crs.to_wkt())
    frame.to_file(Path(folder) / "parcels.gpkg", driver="GPKG")


def _outlines(step: float, across: int) -> Iterator[shapely.Polygon]:
    rng = np.random.default_rng(1)
    square = np.array([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)])
    for row in range(across):
        for col in range(across):
            corners = square + rng.uniform(-0.09, 0.09, (4, 2)) + (col, row)
            yield shapely.Polygon(np.array(_CORNER) + corners * step * (1, -1))
