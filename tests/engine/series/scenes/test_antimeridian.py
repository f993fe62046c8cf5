"""Scenes on both sides of 180 degrees lie side by side, in degrees and in the zones that meet there."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.warp import transform as warped

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.geodesy import lie_across_180
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.cube.stack import Stack
from crop_classifier_plugin.engine.vector.area import Area, area_extent
from crop_classifier_plugin.engine.vector.labelled_shapes import read_labelled_shapes
from crop_classifier_plugin.shared.jobs.sources import Extent, SceneSource, Series
from kits.rasters import write_raster

STEP = 1 / 8192  # degrees, about 13 m; a power of 2, so that sums are exact
WEST, NORTH, HEIGHT, WIDTH = 180 - 30 * STEP, -17.0, 40, 70
VALUES = np.random.default_rng(2).integers(300, 5000, (2, HEIGHT, WIDTH)).astype(np.uint16)


def lies(west: float, step: float = STEP) -> Affine:
    return Affine(step, 0, west, 0, -step, NORTH)


def split_at_180(folder: Path) -> Path:
    """What lies west of 180 in one file, what lies east of it in another, from -180 on; with a coarser mask each."""
    mask = np.full((1, HEIGHT // 2, WIDTH // 2), 4, np.uint8)
    mask[0, 3, 5], mask[0, 6, 30] = 9, 9
    parts = (("a", slice(0, 30), WEST), ("b", slice(30, WIDTH), -180.0))
    for name, cols, west in parts:
        half = slice(cols.start // 2, cols.stop // 2)
        place = {"crs": "EPSG:4326"}
        write_raster(folder / f"{name}_20240425.tif", VALUES[:, :, cols], names=("B04", "B08"), nodata=0,
                     transform=lies(west), **place)  # fmt: skip
        write_raster(folder / f"{name}_20240425_SCL.tif", mask[:, :, half], transform=lies(west, 2 * STEP), **place)
    return folder


def opened(folder: Path, extent: Extent | None = None) -> Stack:
    return open_series(Series((SceneSource(str(folder)),), extent=extent), Silent(), ("B04", "B08"))


def expected() -> np.ndarray:
    found = VALUES.astype(np.float32)
    found[:, 6:8, 10:12] = found[:, 12:14, 60:62] = np.nan
    return found


def test_files_in_degrees_on_both_sides_are_one_grid(tmp_path: Path) -> None:
    with opened(split_at_180(tmp_path)) as stack:
        assert (stack.grid.height, stack.grid.width) == (HEIGHT, WIDTH)
        assert stack.grid.transform == lies(WEST)
        np.testing.assert_array_equal(stack.read(Window(0, 0, HEIGHT, WIDTH))[0], expected())


@pytest.mark.parametrize("west", [WEST + 35 * STEP, WEST + 35 * STEP - 360])
def test_an_extent_beyond_180_may_be_counted_either_way(tmp_path: Path, west: float) -> None:
    extent = Extent(west, NORTH - 20 * STEP, west + 30 * STEP, NORTH - 5 * STEP, "EPSG:4326")
    with opened(split_at_180(tmp_path), extent) as stack:
        np.testing.assert_array_equal(stack.read(Window(0, 0, 15, 30))[0], expected()[:, 5:20, 35:65])


def test_polygons_beyond_180_lie_on_the_series(tmp_path: Path) -> None:
    near = shapely.box(180 - 10 * STEP, NORTH - 10 * STEP, 180 - 2 * STEP, NORTH - 2 * STEP)
    far = shapely.box(-180 + 2 * STEP, NORTH - 10 * STEP, -180 + 10 * STEP, NORTH - 2 * STEP)
    gpd.GeoDataFrame({"crop": ["a", "b"]}, geometry=[near, far], crs="EPSG:4326").to_file(tmp_path / "p.gpkg")
    with opened(split_at_180(tmp_path / "s")) as stack:
        frame = read_labelled_shapes(str(tmp_path / "p.gpkg"), "", "crop", stack.grid.crs, stack.grid.bounds)
        area = Area.read(str(tmp_path / "p.gpkg"), stack.grid)
        inside = area.inside(stack.grid)
    moved = shapely.transform(far, lambda points: points + np.array([360, 0]))
    assert [bool(shapely.equals(a, b)) for a, b in zip(frame.geometry, (near, moved))] == [True, True]
    assert inside[5, [21, 27, 33, 39]].all()
    assert inside.sum() == 2 * 8 * 8
    box = area_extent(str(tmp_path / "p.gpkg"))
    assert (box.xmin, box.xmax) == (180 - 10 * STEP, 180 + 10 * STEP)


def test_coarse_files_in_degrees_reach_a_grid_in_metres_on_both_sides(tmp_path: Path) -> None:
    """A plane of values over 180, in degrees, on the finer grid of zone 60 south that reaches over it."""
    (x,), (y,) = warped("EPSG:4326", "EPSG:32760", [180.0], [NORTH])
    west, north = round(x, -1) - 300, round(y, -1) - 100
    fine = np.full((1, 30, 60), 1000, np.uint16)
    write_raster(tmp_path / "fine_20240425.tif", fine, names=["B04"], crs="EPSG:32760",
                 transform=Affine(10, 0, west, 0, -10, north))  # fmt: skip
    for name, start, cols in (("a", WEST, slice(0, 30)), ("b", -180.0, slice(30, WIDTH))):
        plane = np.broadcast_to(100 * np.arange(WIDTH, dtype=np.uint16)[cols], (1, HEIGHT, len(range(WIDTH)[cols])))
        write_raster(tmp_path / f"{name}_coarse_20240425.tif", plane, names=["B08"], crs="EPSG:4326", nodata=65_535,
                     transform=lies(start))  # fmt: skip
    with opened(tmp_path) as stack:
        assert stack.grid.crs.to_epsg() == 32760
        found = stack.read(Window(0, 0, stack.grid.height, stack.grid.width))[0, 1]
        rows, cols = np.nonzero(~np.isnan(found))
        xs, ys = stack.grid.transform @ (cols + 0.5, rows + 0.5)
    lon = np.array(warped("EPSG:32760", "EPSG:4326", xs, ys)[0]) % 360
    position = (lon - WEST) / STEP - 0.5
    away = np.abs(position - 29.5) > 2  # from where the two files meet
    assert (position < 27).any()
    assert (position > 32).any()
    inner = away & (position > 1) & (position < WIDTH - 2)
    np.testing.assert_allclose(found[rows, cols][inner], 100 * position[inner], atol=3)


def test_scenes_that_do_not_meet_at_180_stay_where_they_are() -> None:
    assert lie_across_180([(179, 0, 180, 1), (-180, 0, -179, 1)])
    assert not lie_across_180([(-100, 0, -99, 1), (100, 0, 101, 1)])
    assert not lie_across_180([(-10, 0, 10, 1), (20, 0, 30, 1)])
    assert not lie_across_180([(-180, -90, 180, 90)])
    assert not lie_across_180([])
