"""Pixels in parcels, held to a slow reference: each pixel as a square, cut by the parcel."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import shapely
import shapely.affinity
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.accuracy.parcels import edges, zonal
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.class_map import CropMap, opened
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.shared.errors import BadInput, Cancelled
from kits.diagnosis import grid_of, write, write_map

SIZE = 24


def blobs(seed, count=12, size=SIZE):
    """Irregular parcels inside, across and outside the map, some smaller than a pixel, in pixels of the map."""
    rng = np.random.default_rng(seed)
    centres, radii = rng.uniform(-3, size + 3, (count, 2)), rng.uniform(0.2, 6, count)
    angles = np.sort(rng.uniform(0, 2 * np.pi, (count, 7)), axis=1)
    scale = rng.uniform(0.4, 1, (count, 7)) * radii[:, None]
    corners = np.stack([np.cos(angles) * scale, np.sin(angles) * scale], axis=-1) + centres[:, None]
    return shapely.make_valid(shapely.polygons(corners))


def on_map(shapes):
    """From pixels to the map's coordinates."""
    return shapely.transform(shapes, lambda xy: np.column_stack([600000 + 10 * xy[:, 0], 5600000 - 10 * xy[:, 1]]))


def shares(shapes, size):
    """(H, W) of each parcel, by cutting every pixel."""
    rows, cols = np.indices(size)
    squares = shapely.box(cols, rows, cols + 1, rows + 1)
    return [shapely.area(shapely.intersection(squares, shape)) for shape in shapes]


def slow(shapes, values, codes):
    """(P, K) pixels."""
    return np.array([[share[values == code].sum() for code in codes] for share in shares(shapes, values.shape)])


def holed(seed, size=SIZE):
    """Parcels with holes, of several parts, and what a repair leaves: collections with lines and points in them."""
    rings = blobs(seed, 6, size)
    holes = shapely.affinity.scale(rings[0], 0.5, 0.5)
    many = shapely.make_valid(shapely.multipolygons(shapely.get_parts(blobs(seed + 1, 5, size))))
    mixed = shapely.geometrycollections([rings[2], shapely.linestrings([(1, 1), (9, 4)]), shapely.points(3, 3)])
    return np.array([rings[0] - holes, many, mixed, shapely.Polygon(), *rings[3:]])


def coverage_of(path, shapes):
    with opened(str(path)) as dataset:
        crop_map = CropMap(str(path), dataset, Silent())
        return zonal.class_coverage(crop_map, shapes, Silent()), crop_map.legend.codes


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([blobs, holed]))
def test_coverage_is_that_of_pixels_cut_by_the_parcel(tmp_path_factory, seed: int, outlines) -> None:
    values = np.random.default_rng(seed).choice([0, 1, 2, 4], (SIZE, SIZE)).astype(np.uint8)
    path = write_map(tmp_path_factory.mktemp("m") / "map.tif", values)
    shapes = outlines(seed)
    found, codes = coverage_of(path, on_map(shapes))
    assert found == pytest.approx(slow(shapes, values, codes), abs=3e-6)


@pytest.mark.parametrize("classes", [1, 4, 8, 9, 30])
def test_parcels_of_any_width_and_maps_of_any_number_of_classes(tmp_path, monkeypatch, classes: int) -> None:
    """What is counted in a word of 8 bits overflows in a parcel of more pixels, and does so unseen."""
    monkeypatch.setattr(zonal, "_CELLS", 5_000)
    size = 300
    values = np.random.default_rng(classes).integers(1, classes + 1, (size, size)).astype(np.uint8)
    values[:40] = 1  # of which a row holds more than 255
    path = write(tmp_path / "map.tif", values)
    wide = [shapely.Polygon([(2, 3.5), (297, 1), (299, 90), (4, 55)]), shapely.box(-5, -5, 305, 305)]
    shapes = np.array([*wide, *blobs(1, 4, size), shapely.box(20, 10, 276, 11), shapely.box(20, 10, 274.5, 11)])
    found, codes = coverage_of(path, on_map(shapes))
    assert found == pytest.approx(slow(shapes, values, codes), abs=1e-5)


@pytest.mark.parametrize("shape", [shapely.box(3, 2, 9, 7), shapely.box(0, 0, SIZE, 9), shapely.box(5, 5, 5.5, 6)])
def test_edges_on_the_borders_of_pixels_leave_nothing_on_the_other_side(tmp_path, shape) -> None:
    """Nor does anything lie outside: no share of a millionth makes a parcel a mapped one."""
    inside = shapely.contains_xy(shape, *(np.indices((SIZE, SIZE))[::-1] + 0.25))
    path = write_map(tmp_path / "map.tif", np.where(inside, 1, 2).astype(np.uint8))
    found, _ = coverage_of(path, on_map(np.array([shape])))
    assert found.tolist() == [[shape.area, 0, 0, 0]]
    empty = write_map(tmp_path / "empty.tif", np.where(inside, 0, 2).astype(np.uint8))
    assert not coverage_of(empty, on_map(np.array([shape])))[0].any()


@pytest.mark.parametrize("transform", [Affine(0.01, 0, 3, 0, -0.02, 50), Affine(7, 0, 2e5, 0, 5, 5e6)])
def test_pixels_of_any_shape_and_south_up_rasters(tmp_path, transform) -> None:
    values = np.random.default_rng(2).choice([0, 1, 2, 4], (SIZE, SIZE)).astype(np.uint8)
    crs = CRS.from_epsg(4326 if transform.a < 1 else 32631)
    path = write_map(tmp_path / "map.tif", values, grid=Grid(crs, transform, SIZE, SIZE))
    shapes = np.concatenate([blobs(5), holed(5)])
    placed = shapely.transform(shapes, lambda xy: np.column_stack(transform @ xy.T))
    found, codes = coverage_of(path, placed)
    assert found == pytest.approx(slow(shapes, values, codes), abs=1e-5)


def test_the_order_and_the_number_read_at_once_change_nothing(tmp_path, monkeypatch) -> None:
    values = np.random.default_rng(0).choice([1, 2], (SIZE, SIZE)).astype(np.uint8)
    path = write_map(tmp_path / "map.tif", values)
    shapes = on_map(np.concatenate([blobs(3, 40), holed(4)]))
    order = np.random.default_rng(1).permutation(len(shapes))
    whole, _ = coverage_of(path, shapes)
    means = zonal.band_means(path, grid_of(values), shapes, Silent())
    for module, name, value in ((zonal, "_ROWS", 7), (zonal, "_CELLS", 100), (edges, "_RUNS", 9), (edges, "_BAND", 5)):
        monkeypatch.setattr(module, name, value)
        assert coverage_of(path, shapes[order])[0] == pytest.approx(whole[order], abs=2e-6)
        parts = zonal.band_means(path, grid_of(values), shapes[order], Silent())
        assert parts == pytest.approx(means[order], rel=1e-9, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([blobs, holed]))
def test_means_are_those_of_pixels_cut_by_the_parcel(tmp_path_factory, seed: int, outlines) -> None:
    values = np.random.default_rng(seed).normal(50, 10, (SIZE, SIZE)).astype(np.float32)
    values[values < 45] = np.nan
    path = write(tmp_path_factory.mktemp("m") / "p.tif", values, nodata=np.nan)
    shapes = outlines(seed)
    found = zonal.band_means(path, grid_of(values), on_map(shapes), Silent())[:, 0]
    known = np.isfinite(values)
    pixels = slow(shapes, known, [True])[:, 0]
    sums = np.array([(share * np.where(known, values, 0)).sum() for share in shares(shapes, values.shape)])
    there = pixels > 1e-4
    assert found[there] == pytest.approx(sums[there] / pixels[there], rel=1e-3)
    assert np.isnan(found[pixels < 1e-9]).all()


def test_means_leave_no_data_out_and_know_the_scale(tmp_path) -> None:
    values = np.full((SIZE, SIZE), 5000, np.uint16)
    values[:, :12] = 1000
    values[:6] = 65535
    path = write(tmp_path / "p.tif", values, nodata=65535)
    with rasterio.open(path, "r+") as file:
        file.scales = (1e-4,)
    shapes = on_map(shapely.box([0, 6, 0, 30], [0, 0, 0, 0], [12, 18, 12, 40], [12, 12, 6, 9]))
    means = zonal.band_means(path, grid_of(values), shapes, Silent())[:, 0]
    assert means[:2] == pytest.approx([0.1, 0.3], rel=1e-6)
    assert np.isnan(means[2:]).all()


def test_another_coordinate_system_is_refused_and_cancel_is_heeded(tmp_path) -> None:
    values = np.ones((SIZE, SIZE), np.uint8)
    path = write(tmp_path / "p.tif", values)
    with pytest.raises(BadInput, match="another coordinate system"):
        zonal.band_means(path, grid_of(values, crs=CRS.from_epsg(32632)), on_map(blobs(0)), Silent())
    reporter = Silent()
    reporter.stop.set()
    with pytest.raises(Cancelled):
        zonal.band_means(path, grid_of(values), on_map(blobs(0)), reporter)
