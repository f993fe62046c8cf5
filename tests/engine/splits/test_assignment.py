"""Laws of one ground in several series: what is held out in one is not learnt from in another."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.splits.assignment import PriorAssignments, assign_training, assign_validation
from crop_classifier_plugin.engine.splits.parcel_overlap import (
    LEARNT,
    AssignedParcels,
    ParcelIndex,
)
from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
    SplitRule,
)
from crop_classifier_plugin.engine.vector.polygons import rasterize_polygons
from crop_classifier_plugin.shared.errors import LabelsUnusable
from kits.training.places import GRID, RULE, boxes, parcels_of, pixels, together


@settings(max_examples=60, deadline=None)
@given(first=boxes, second=boxes, kept=st.integers(0, 12), seed=st.integers(0, 99))
def test_no_pixel_is_held_out_in_one_series_and_learnt_from_in_another(first, second, kept, seed) -> None:
    own, others = parcels_of(first), parcels_of(first[:kept] + second)
    before = assign_training(RULE, PriorAssignments(), "first", own, GRID, Silent())
    ground = PriorAssignments((AssignedParcels(own.ground, before.split.parts, GRID.crs, False, "first"),))
    again = assign_training(SplitRule(0.4, 0.2, "auto", seed, "parcel"), ground, "second", others, GRID, Silent())
    assert not together(pixels(before, own), pixels(again, others))
    overlap = shapely.area(shapely.intersection(others.ground[:, None], own.ground[None]))
    overlaps = overlap > 0.0101 * np.minimum(others.areas[:, None], own.areas[None])
    new = ~(overlap > 0.949 * np.maximum(others.areas[:, None], own.areas[None])).any(axis=1)  # none of the first's
    on = {part: overlaps[:, before.split.parts == part].any(axis=1) & new for part in (TRAIN, VALIDATION, HELD_OUT)}
    assert not np.isin(again.split.parts[on[HELD_OUT]], LEARNT).any()
    assert not (again.split.parts[on[TRAIN] | on[VALIDATION]] == HELD_OUT).any()
    lie = shapely.intersects(others.ground[:, None], own.ground[before.split.parts == HELD_OUT][None]).any(axis=1)
    try:
        check = assign_validation(ground, "check", others, GRID, Silent())
    except LabelsUnusable:
        assert lie.all()
    else:
        assert not together(pixels(before, own), pixels(check, others))
        assert (check.split.parts[~lie] == VALIDATION).all()
        assert not check.split.parts[on[HELD_OUT]].any()


def test_pixels_of_parcels_that_hardly_overlap_are_nobodys() -> None:
    one = shapely.box(5e5, 5.5996e6, 5e5 + 200, 5.5999e6)
    two = shapely.union(
        shapely.box(5e5 + 200, 5.5996e6, 5e5 + 390, 5.5999e6), shapely.box(5e5 + 190, 5.5996e6, 5e5 + 200, 5.59963e6)
    )
    own, other = parcels_of([one]), parcels_of([two])
    shared = rasterize_polygons([(shape, 1) for shape in one.intersection(two).geoms if shape.area], GRID) > 0
    assert shared.sum() == 3
    for part in (HELD_OUT, TRAIN):
        rule = SplitRule(float(part == TRAIN), 0.0, "auto", 1)  # the other one is of the other part
        ground = PriorAssignments((AssignedParcels(own.ground, np.array([part], np.uint8), GRID.crs),))
        found = pixels(assign_training(rule, ground, "second", other, GRID, Silent()), other)
        assert set(np.unique(found)) == {0, TRAIN if part == HELD_OUT else HELD_OUT}
        assert not found[shared].any()


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(16)), seed=st.integers(0, 99), crs=st.sampled_from([32631, 32632, 4326]))
def test_the_same_parcel_keeps_its_part_in_any_order_and_crs(order, seed, crs) -> None:
    shapes = [shapely.box(5e5 + 80 * i, 5.599e6, 5e5 + 80 * i + 80, 5.599e6 + 80) for i in range(16)]  # touching
    own, others = parcels_of(shapes), parcels_of([shapes[i] for i in order])
    before = assign_training(RULE, PriorAssignments(), "first", own, GRID, Silent()).split.parts
    told = gpd.GeoSeries(shapes, crs=GRID.crs).to_crs(crs).to_numpy()
    ground = PriorAssignments((AssignedParcels(told, before, CRS.from_epsg(crs), False, "first"),))
    again = assign_training(SplitRule(0.3, 0.3, "auto", seed, "block"), ground, "second", others, GRID, Silent())
    np.testing.assert_array_equal(again.split.parts, before[list(order)])
    assert again.known.twins(others, "first").all()
    assert not again.known.twins(others, "another").any()


def test_squares_of_a_raster_go_by_their_ground_whatever_their_classes() -> None:
    shapes = [shapely.box(5e5 + 320 * (i % 30), 5.59e6, 5e5 + 320 * (i % 30) + 320, 5.59e6 + 320) for i in range(90)]
    squares = parcels_of(shapes)
    parts = np.array([(TRAIN, VALIDATION, HELD_OUT)[i % 30 % 3] for i in range(90)], np.uint8)
    order = np.random.default_rng(0).permutation(90)
    claims = ParcelIndex(
        (AssignedParcels(squares.ground[order], parts[order], GRID.crs, False, "raster"),), GRID, False
    )
    touched = claims.touched(squares)
    np.testing.assert_array_equal(touched.argmax(axis=1), parts)
    assert (touched.sum(axis=1) == 1).all()
    assert claims.twins(squares, "raster").all()


def test_simulated_ground_counts_for_the_same_outlines_alone() -> None:
    one = [shapely.box(5e5, 5.599e6, 5e5 + 100, 5.599e6 + 100)]
    two = [shapely.box(5e5 + 30, 5.599e6, 5e5 + 130, 5.599e6 + 100)]
    for simulated in (False, True):
        ground = PriorAssignments(
            (AssignedParcels(parcels_of(one).ground, np.array([HELD_OUT], np.uint8), GRID.crs, simulated),)
        )
        for shapes, out in ((one, True), (two, not simulated)):
            try:
                parts = assign_validation(ground, "check", parcels_of(shapes, simulated), GRID, Silent()).split.parts
            except LabelsUnusable:
                parts = np.array([0])
            assert (parts == 0).all() == out
