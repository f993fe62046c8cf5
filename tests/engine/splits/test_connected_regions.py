"""Laws of the parcels of a class raster: SciPy's connected regions, whole on one side, parted as their polygons are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio.features
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from scipy.ndimage import label

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.labelled_parcels import Meaning, RasterLabels, ShapeLabels
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.splits import connected_regions as module
from crop_classifier_plugin.engine.splits.connected_regions import NOWHERE, Regions, connected_regions
from crop_classifier_plugin.engine.splits.split import HELD_OUT, TRAIN, Parcels, SplitRule, split
from crop_classifier_plugin.shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.rasters import write_raster

LEGEND = Legend(tuple(CropClass(code, f"crop {code}", "#000000") for code in (1, 2, 3)))
RULES = st.builds(
    SplitRule,
    st.floats(0.1, 0.5),
    st.floats(0, 0.3),
    st.just("auto"),
    st.integers(0, 99),
    st.sampled_from(["side", "parcel"]),
)


def grid_of(codes: np.ndarray) -> Grid:
    return Grid(CRS.from_epsg(32631), Affine(10, 0, 500000, 0, -10, 5650000), *codes.shape)


def regions_of(codes: np.ndarray) -> Regions:
    """`codes` (H,W): classes, negative where nothing is known."""
    return connected_regions(
        lambda window: codes[window.slices].astype(np.int64), grid_of(codes), np.empty(codes.shape, np.int32), Silent()
    )


def regions_by_scipy(codes: np.ndarray) -> np.ndarray:
    found = np.full(codes.shape, NOWHERE)
    for each in np.unique(codes[codes >= 0]):
        here, _ = label(codes == each)
        found[here > 0] = here[here > 0] + found.max()
    return found


@st.composite
def class_rasters(draw: st.DrawFn, most: int = 40) -> np.ndarray:
    """(H,W) -1 to 2, from speckle to fields."""
    height, width, side = draw(st.integers(1, most)), draw(st.integers(1, most)), draw(st.sampled_from([1, 2, 5, 9]))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    small = rng.integers(-1, 3, (-(-height // side), -(-width // side)))
    return np.kron(small, np.ones((side, side), np.int64))[:height, :width]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 16 px, so that small rasters lie in many; very large regions are those of 64 px and more."""
    for name, value in (("_BLOCK", 16), ("PIECE", 8), ("_APART", 1), ("_LARGE", 64)):
        monkeypatch.setattr(module, name, value)


@settings(max_examples=80, deadline=None)
@given(class_rasters())
def test_regions_are_those_of_scipy_in_any_blocks(codes: np.ndarray) -> None:
    for block in (module._BLOCK, 7):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_BLOCK", block)
            found = regions_of(codes)
        pairs = {*zip(found.numbers.ravel().tolist(), regions_by_scipy(codes).ravel().tolist())}
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
        known = found.numbers != NOWHERE
        np.testing.assert_array_equal(known, codes >= 0)
        np.testing.assert_array_equal(found.classes[found.numbers[known]], codes[known])
        np.testing.assert_array_equal(np.bincount(found.numbers[known], minlength=len(found.pixels)), found.pixels)
        assert not found.notes


@settings(max_examples=40, deadline=None)
@given(class_rasters())
def test_outlines_burn_back_to_the_regions(codes: np.ndarray) -> None:
    found, grid = regions_of(codes), grid_of(codes)
    shapes = found.outlines(grid, Silent())
    assert len(shapes) == len(found.classes)
    np.testing.assert_allclose(shapely.area(shapes), found.pixels * 100.0)
    if len(shapes):
        burnt = rasterio.features.rasterize(
            zip(shapes, range(len(shapes))), codes.shape, fill=NOWHERE, transform=grid.transform, dtype="int32"
        )
        np.testing.assert_array_equal(burnt, found.numbers)


@settings(max_examples=30, deadline=None)
@given(class_rasters(24), RULES)
def test_no_region_is_on_both_sides_and_the_polygonised_raster_is_parted_alike(
    codes: np.ndarray, rule: SplitRule
) -> None:
    if (codes < 0).all():
        return
    with tempfile.TemporaryDirectory() as folder:
        path = write_raster(Path(folder) / "truth.tif", (codes + 1).astype(np.uint8)[None], nodata=0)
        parts = _parts_of_raster(path, codes.shape, rule, Path(folder))
        regions = regions_by_scipy(codes)
        np.testing.assert_array_equal(parts > 0, codes >= 0)
        for number in range(regions.max() + 1):
            assert len(set(parts[regions == number].tolist())) == 1
        share = (parts == HELD_OUT).sum() / (parts > 0).sum()
        assert abs(share - rule.held_out) <= np.bincount(regions[regions >= 0]).max() / (parts > 0).sum() / 2 + 1e-6
        np.testing.assert_array_equal(parts, _parts_of_raster(path, codes.shape, rule, Path(folder)))
        np.testing.assert_array_equal(parts, _parts_of_polygons(path, codes, rule, Path(folder)))


def _parts_of_raster(path: Path, shape: tuple[int, ...], rule: SplitRule, folder: Path) -> np.ndarray:
    source = LabelledSeries(Series((SceneSource("scene.tif"),)), LabelSource(str(path)))
    labels = RasterLabels(source, Meaning(("",), LEGEND), grid_of(np.empty(shape)), folder, Silent())
    return _parts(labels, shape, rule)


def _parts_of_polygons(path: Path, codes: np.ndarray, rule: SplitRule, folder: Path) -> np.ndarray:
    """As GDAL polygonises the raster, in another order."""
    rows = list(rasterio.features.shapes(codes.astype(np.int16), codes >= 0, 4, grid_of(codes).transform))
    order = np.random.default_rng(0).permutation(len(rows))
    frame = gpd.GeoDataFrame(
        {"crop": [f"crop {int(rows[i][1]) + 1}" for i in order]},
        geometry=[shapely.geometry.shape(rows[i][0]) for i in order],
        crs="EPSG:32631",
    )
    frame.to_file(folder / "fields.gpkg")
    source = LabelSource(str(folder / "fields.gpkg"), class_field="crop")
    labels = ShapeLabels(source, Meaning(("crop",), LEGEND), grid_of(codes), Silent())
    return _parts(labels, codes.shape, rule)


def _parts(labels: RasterLabels | ShapeLabels, shape: tuple[int, ...], rule: SplitRule) -> np.ndarray:
    numbers = labels.read(Window(0, 0, *shape))
    return np.where(numbers >= 0, split(labels.parcels, rule).parts[numbers], 0)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("share", [1.0, 0.7])
def test_a_class_that_covers_the_scene_is_on_both_sides(share: float) -> None:
    """A network of one class around small fields, or nothing but one class."""
    codes = np.zeros((50, 70), np.int64)
    if share < 1:
        codes[3::7, 2::7] = codes[4::7, 2::7] = 1
    found = regions_of(codes)
    assert "parted by squares" in " ".join(found.notes)
    shapes = found.outlines(grid_of(codes), Silent())
    inside = shapely.point_on_surface(shapes)
    points = np.stack([shapely.get_x(inside), shapely.get_y(inside)], axis=1)
    parcels = Parcels(points, shapely.area(shapes), found.classes, None, shapes)
    parted = split(parcels, SplitRule(0.3, 0.15, "auto", 1))
    for each in np.unique(codes):
        assert {TRAIN, HELD_OUT} <= set(parted.parts[found.classes == each].tolist())
    pieces = found.numbers[(codes == 0) & (found.numbers != NOWHERE)]
    assert len(pieces) > 0.3 * codes.size
    first, second = np.nonzero(found.numbers[:, 2:] != found.numbers[:, :-2])
    near = np.stack([found.numbers[first, second], found.numbers[first, second + 2]])
    both = (near != NOWHERE).all(axis=0) & (found.classes[near] == 0).all(axis=0)
    assert not both.any()  # two pieces are at least two pixels apart


def test_of_too_many_regions_the_smallest_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 5)
    codes = np.full((20, 20), -1)
    codes[::2, ::2] = 0
    codes[1:3, 1:3], codes[9:12, 9:12] = 1, 1
    found = regions_of(codes)
    assert 1 <= len(found.pixels) <= 5
    assert "speckled" in found.notes[0]
    assert (found.numbers != NOWHERE).sum() == found.pixels.sum()
