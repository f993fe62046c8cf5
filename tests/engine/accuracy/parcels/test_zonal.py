"""Pixels in parcels, held to a slow reference: each pixel as a square, cut by the parcel."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.accuracy.parcels import zonal
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.class_map import CropMap, opened
from crop_classifier_plugin.shared.errors import BadInput, Cancelled
from kits.diagnosis import grid_of, write, write_map

SIZE = 24


def blobs(seed, count=12):
    """Irregular parcels inside, across and outside the map, some smaller than a pixel, in pixels of the map."""
    rng = np.random.default_rng(seed)
    centres, radii = rng.uniform(-3, SIZE + 3, (count, 2)), rng.uniform(0.2, 6, count)
    angles = np.sort(rng.uniform(0, 2 * np.pi, (count, 7)), axis=1)
    scale = rng.uniform(0.4, 1, (count, 7)) * radii[:, None]
    corners = np.stack([np.cos(angles) * scale, np.sin(angles) * scale], axis=-1) + centres[:, None]
    return shapely.make_valid(shapely.polygons(corners))


def on_map(shapes):
    """From pixels to the map's coordinates."""
    return shapely.transform(shapes, lambda xy: np.column_stack([600000 + 10 * xy[:, 0], 5600000 - 10 * xy[:, 1]]))


def slow(shapes, values, codes):
    """(P, K) by cutting every pixel."""
    rows, cols = np.indices(values.shape)
    squares = shapely.box(cols, rows, cols + 1, rows + 1)
    shares = [shapely.area(shapely.intersection(squares, shape)) for shape in shapes]
    return np.array([[share[values == code].sum() for code in codes] for share in shares])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000))
def test_coverage_is_that_of_pixels_cut_by_the_parcel(tmp_path_factory, seed: int) -> None:
    values = np.random.default_rng(seed).choice([0, 1, 2, 4], (SIZE, SIZE)).astype(np.uint8)
    path = write_map(tmp_path_factory.mktemp("m") / "map.tif", values)
    shapes = blobs(seed)
    with opened(path) as dataset:
        crop_map = CropMap(path, dataset, Silent())
        found = zonal.class_coverage(crop_map, on_map(shapes), Silent())
    assert found == pytest.approx(slow(shapes, values, crop_map.legend.codes), abs=1e-4)


def test_the_order_and_the_number_read_at_once_change_nothing(tmp_path, monkeypatch) -> None:
    values = np.random.default_rng(0).choice([1, 2], (SIZE, SIZE)).astype(np.uint8)
    path = write_map(tmp_path / "map.tif", values)
    shapes = on_map(blobs(3, 40))
    order = np.random.default_rng(1).permutation(40)
    with opened(path) as dataset:
        crop_map = CropMap(path, dataset, Silent())
        whole = zonal.class_coverage(crop_map, shapes, Silent())
        monkeypatch.setattr(zonal, "_PARCELS", 7)
        monkeypatch.setattr(zonal, "_CELLS", 100)
        parts = zonal.class_coverage(crop_map, shapes[order], Silent())
    assert parts == pytest.approx(whole[order], abs=1e-5)


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
