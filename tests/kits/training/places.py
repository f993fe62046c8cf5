"""Parcels of one ground in several series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from affine import Affine
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.splits.parcel_overlap import (
    LEARNT,
)
from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    Parcels,
    SplitRule,
)
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.training.supervised.load_data import gather
from crop_classifier_plugin.engine.vector.polygons import rasterize_polygons

GRID = Grid(CRS.from_epsg(32631), Affine(10, 0, 5e5, 0, -10, 5.6e6), 40, 40)


RULE = SplitRule(0.4, 0.2, "auto", 1, "parcel")


def parcels_of(shapes: list[shapely.Polygon], simulated: bool = False) -> Parcels:
    outlines = np.array(shapes, object)
    inside = shapely.point_on_surface(outlines)
    points = np.stack([shapely.get_x(inside), shapely.get_y(inside)], axis=1)
    return Parcels(points, shapely.area(outlines), np.arange(len(shapes))[:, None] % 2, None, outlines, simulated)


def pixels(parting, parcels: Parcels) -> np.ndarray:
    """(H,W) the part of each pixel, 0 where none."""
    number = rasterize_polygons([(shape, i + 1) for i, shape in enumerate(parcels.ground)], GRID).astype(np.int64) - 1
    number = parting.clear(GRID, number)
    return np.where(number >= 0, parting.split.parts[number], 0)


def together(*parts: np.ndarray) -> bool:
    """Whether a pixel is held out in one series and decided the weights in another."""
    held = np.any([part == HELD_OUT for part in parts], axis=0)
    return bool((held & np.any([np.isin(part, LEARNT) for part in parts], axis=0)).any())


boxes = st.lists(
    st.tuples(st.floats(0, 300), st.floats(0, 300), st.floats(15, 100), st.floats(15, 100)), min_size=1, max_size=12
).map(lambda found: [shapely.box(5e5 + x, 5.6e6 - y - h, 5e5 + x + w, 5.6e6 - y) for x, y, w, h in found])


def gathered(tmp_path: Path, job, reporter=None):
    job, legend = resolve_job(job, Silent())
    folder = tmp_path / "gathered"
    folder.mkdir()
    return gather(job, legend, folder, reporter or Silent(), 32)
