"""One rule for labels: training, diagnosis and crop gain know the same pixels of the same polygons."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.constants import DISPUTED, NO_DATA
from crop_classifier_plugin.engine.labels.labelled_parcels import Meaning, ShapeLabels
from crop_classifier_plugin.engine.labels.matching import Matcher
from crop_classifier_plugin.engine.labels.open_labels import open_labels
from crop_classifier_plugin.engine.labels.polygon_raster import PolygonRaster
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from crop_classifier_plugin.shared.legend import CropClass, Legend

SIDE = 12  # px
GRID = Grid(CRS.from_epsg(32631), Affine(10, 0, 500_000, 0, -10, 5_650_000), SIDE, SIDE)
WHOLE = Window(0, 0, SIDE, SIDE)
LEGEND = Legend((CropClass(1, "maize", "#ffd400", ("corn",)), CropClass(2, "wheat", "#a87000", ())))
NAMES = ("maize", "corn", "wheat", "hedge")  # corn is maize, a hedge is in no legend
MEANT = {"maize": 0, "corn": 0, "wheat": 1, "hedge": 2}

quarter = st.integers(0, 4 * SIDE)
sides = st.lists(quarter, min_size=2, max_size=2, unique=True).map(sorted)
rectangle = st.tuples(sides, sides).map(lambda s: (s[0][0], s[1][0], s[0][1], s[1][1]))
fields = st.lists(st.tuples(rectangle, st.sampled_from(NAMES)), min_size=1, max_size=6)
Field = tuple[tuple[int, int, int, int], str]


def shape(corners: tuple[int, int, int, int]) -> shapely.Polygon:
    """A rectangle in quarters of a pixel: what two of them share is nothing, or six hundredths of a pixel and more."""
    left, top, right, bottom = (2.5 * c + 1.25 for c in corners)  # never through a pixel's centre
    return shapely.box(500_000 + left, 5_650_000 - bottom, 500_000 + right, 5_650_000 - top)


def slowly(drawn: list[Field]) -> NDArray[np.int64]:
    """(H,W) class of the pixel's centre, asked of every polygon; NO_DATA in none of them, DISPUTED in two classes."""
    found = np.full((SIDE, SIDE), NO_DATA, np.int64)
    for row, col in np.ndindex(found.shape):
        centre = shapely.Point(*(GRID.transform @ (col + 0.5, row + 0.5)))
        classes = {MEANT[name] for corners, name in drawn if shape(corners).contains(centre)}
        if classes:
            found[row, col] = classes.pop() if len(classes) == 1 else DISPUTED
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(fields)
def test_a_pixel_in_two_classes_is_no_reference(drawn: list[Field]) -> None:
    classes = np.array([MEANT[name] for _, name in drawn], np.int64)
    shapes = np.array([shape(corners) for corners, _ in drawn], object)
    polygons = PolygonRaster(shapes, classes, GRID)
    number = polygons.read(WHOLE)
    meant = np.where(number >= 0, classes[np.maximum(number, 0)], number)
    np.testing.assert_array_equal(meant, slowly(drawn))
    for window in GRID.blocks(5):  # piece by piece is the same as at once
        np.testing.assert_array_equal(polygons.read(window), number[window.slices])
    assert bool(polygons.notes) >= bool((meant == DISPUTED).any())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(fields)
def test_a_diagnosis_follows_it_with_labels_of_one_class_as_one(drawn: list[Field]) -> None:
    with TemporaryDirectory() as folder:
        source = LabelSource(write(Path(folder) / "fields.gpkg", drawn), class_field="crop")
        with open_labels(source, GRID, "map.tif", Matcher(LEGEND, ()).position) as reference:
            labels = reference.read(WHOLE)
    table = np.array([*(MEANT[label.text] for label in reference.labels), DISPUTED, NO_DATA])
    np.testing.assert_array_equal(table[labels], slowly(drawn))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(fields)
def test_a_training_knows_the_pixels_of_a_diagnosis_that_are_in_the_legend(drawn: list[Field]) -> None:
    drawn = [((9, 9, 30, 30), "maize"), *drawn]
    with TemporaryDirectory() as folder:
        labels = training_labels(write(Path(folder) / "fields.gpkg", drawn))
        number = labels.read(WHOLE)
    learnt = np.where(number >= 0, labels.parcels.classes[np.maximum(number, 0), 0], -1)
    expected = slowly(drawn)
    np.testing.assert_array_equal(learnt, np.where(np.isin(expected, (0, 1)), expected, -1))


def training_labels(path: str) -> ShapeLabels:
    return ShapeLabels(LabelSource(path, class_field="crop"), Meaning(("crop",), LEGEND), GRID, Silent())


def write(path: Path, drawn: list[Field]) -> str:
    frame = geopandas.GeoDataFrame(
        {"crop": [name for _, name in drawn]}, geometry=[shape(corners) for corners, _ in drawn], crs=GRID.crs
    )
    frame.to_file(path)
    return str(path)


def test_overlaps_are_told_once_with_their_pixels() -> None:
    shapes = np.array([shapely.box(500_000, 5_649_900, 500_100, 5_650_000)] * 2, object)
    assert PolygonRaster(shapes, np.array([0, 0]), GRID).notes == ()
    (note,) = PolygonRaster(shapes, np.array([0, 1]), GRID).notes
    assert "1 pairs" in note
    assert "about 100 pixels" in note


@pytest.mark.parametrize("width", [0.0, 0.05])
def test_touching_or_hardly_overlapping_neighbours_dispute_nothing(width: float) -> None:
    left = shapely.box(500_000, 5_649_900, 500_050 + width, 5_649_901)
    right = shapely.box(500_050, 5_649_900, 500_100, 5_649_901)
    assert not len(PolygonRaster(np.array([left, right], object), np.array([0, 1]), GRID).overlaps)
