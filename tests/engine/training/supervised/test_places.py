"""Laws of one ground in several series: what is held out in one is neither learnt from nor asked in another."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.networks.registry import configure
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.splits.assignment import PriorAssignments, assign_training, assign_validation
from crop_classifier_plugin.engine.splits.parcel_overlap import (
    LEARNT,
    AssignedParcels,
    ParcelIndex,
    WeightsProvenance,
    describe_limits,
)
from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
    Parcels,
    SplitRule,
    split,
)
from crop_classifier_plugin.engine.training.data.split_file import read_split, split_json
from crop_classifier_plugin.engine.training.model_folder.weights_provenance import read_provenance
from crop_classifier_plugin.engine.training.optim.recipes import resolve_recipe
from crop_classifier_plugin.engine.training.supervised.identity import identity_of
from crop_classifier_plugin.engine.training.supervised.job import train
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.training.supervised.load_data import gather
from crop_classifier_plugin.engine.vector.polygons import rasterize_polygons
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.cards.parts import Statistics
from crop_classifier_plugin.shared.errors import LabelsUnusable
from kits.models import write_model
from kits.rasters import write_raster
from kits.training.jobs import changed, labelled
from kits.training.two_series import job_of, sources

GRID = Grid(CRS.from_epsg(32631), Affine(10, 0, 5e5, 0, -10, 5.6e6), 40, 40)
EAST = Affine(10, 0, 500280, 0, -10, 5650000)
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


# --- whole trainings -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def eastern(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The optical series once more, without its western 28 columns."""
    folder = tmp_path_factory.mktemp("eastern")
    for path in (place / "s2").glob("*.tif"):
        with rasterio.open(path) as file:
            values, names = file.read()[:, :, 28:], file.descriptions
        write_raster(folder / path.name, values, transform=EAST, names=names, nodata=0)
    return folder


def gathered(tmp_path: Path, job, reporter=None):
    job, legend = resolve_job(job, Silent())
    folder = tmp_path / "gathered"
    folder.mkdir()
    return gather(job, legend, folder, reporter or Silent(), 32)


def on_first(material, season) -> np.ndarray:
    """The parts of a season's pixels on the grid of the first."""
    whole = np.zeros_like(material.train[0].part)
    at = material.train[0].grid.window_of(season.grid)
    whole[at.slices] = season.part
    return whole


def parted(season):
    return season.parcels.points.round(3).tolist(), season.split.parts.tolist()


@pytest.mark.parametrize("split", ["side", "block", "parcel"])
def test_further_series_of_the_same_labels_on_another_extent_keep_the_parts(
    place: Path,
    eastern: Path,
    tmp_path: Path,
    split: str,
) -> None:
    labels = str(place / "parcels.gpkg")
    more = (labelled(sources(eastern), labels), labelled(sources(place / "s2"), labels))
    material = gathered(tmp_path, job_of(place, tmp_path, more=more, split=split, seed=5, validation=0.2, block=80.0))
    first, east, same = (on_first(material, season) for season in material.train)
    np.testing.assert_array_equal(first, same)
    assert np.isin(east[:, 32:], [TRAIN, HELD_OUT]).any()
    assert not together(first, east)
    parts = {tuple(point): part for point, part in zip(*parted(material.train[0]))}
    assert all(parts[tuple(point)] == part for point, part in zip(*parted(material.train[1])))
    assert material.places() == material.train[:1]  # the others show the same parcels on other dates


def test_the_larger_extent_parts_only_its_own_parcels_by_itself(place: Path, eastern: Path, tmp_path: Path) -> None:
    whole = labelled(sources(place / "s2"), str(place / "parcels.gpkg"))
    job = job_of(place, tmp_path, scenes=sources(eastern), more=(whole,), split="parcel", validation=0.2)
    material = gathered(tmp_path, job)
    first, second = material.train
    at = second.grid.window_of(first.grid)
    assert not together(first.part, second.part[at.slices])
    assert material.places() == material.train
    assert sum(int(season.of(part).sum()) for season in material.places() for part in (1, 2, 3)) == 64
    assert 0 < second.fresh.sum() < 64


def test_held_out_parcels_do_not_choose_the_epoch(place: Path, eastern: Path, tmp_path: Path) -> None:
    labels, reporter = str(place / "parcels.gpkg"), Silent()
    checks = (labelled(sources(place / "s2"), labels), labelled(sources(eastern), labels))
    material = gathered(tmp_path, job_of(place, tmp_path, validation_series=checks, split="parcel"), reporter)
    first = material.train[0]
    assert not together(first.part, *(on_first(material, season) for season in material.checks))
    np.testing.assert_array_equal(first.part == TRAIN, material.checks[0].part == VALIDATION)
    held, learnt = int(first.of(HELD_OUT).sum()), int(first.of(TRAIN).sum())
    told = [text for _, text in reporter.lines]
    assert any(f"{held} of 64 parcels of the validation series" in text and "held-out" in text for text in told)
    assert any(
        f"{learnt} of 64 parcels of the validation series" in text and "also trained on" in text for text in told
    )


def test_a_validation_series_of_nothing_but_held_out_parcels_is_refused(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path, held_side="east")
    material = gathered(tmp_path, job)
    frame = gpd.read_file(job.labels.path)
    held = shapely.points(material.train[0].parcels.points[material.train[0].of(HELD_OUT)])
    frame[[bool(shape.contains(held).any()) for shape in frame.geometry]].to_file(tmp_path / "held.gpkg")
    held = labelled(job.data[0].series.scenes, tmp_path / "held.gpkg")
    job = job_of(place, tmp_path, held_side="east", validation_series=(held,))
    (tmp_path / "again").mkdir()
    with pytest.raises(LabelsUnusable, match="may not choose the best epoch"):
        gathered(tmp_path / "again", job)


def test_tests_on_parcels_that_were_learnt_from_are_counted(place: Path, tmp_path: Path) -> None:
    reporter = Silent()
    again = labelled(sources(place / "s2"), str(place / "parcels.gpkg"))
    material = gathered(tmp_path, job_of(place, tmp_path, test_series=(again,)), reporter)
    seen = sum(int(material.train[0].of(part).sum()) for part in LEARNT)
    assert any(
        level == "warning" and f"{seen} of 64 parcels of the test series" in text for level, text in reporter.lines
    )


def test_a_training_is_another_with_another_validation_series(place: Path, eastern: Path, tmp_path: Path) -> None:
    labels = str(place / "parcels.gpkg")
    series = sources(place / "s2")
    found = []
    for i, scenes in enumerate(((), series, series[1:], sources(eastern))):
        checks = (labelled(scenes, labels),) if scenes else ()
        job = job_of(place, tmp_path, validation_series=checks, min_dates=3, validation=0.0)
        (tmp_path / str(i)).mkdir()
        material = gathered(tmp_path / str(i), job)
        config = configure(job.network.name, dict(job.network.settings), 2, len(material.train[0].days), 2)
        stats = Statistics((0.0, 0.0), (1.0, 1.0))
        found.append(identity_of(job, config, resolve_recipe(job.network.name, job.optim), stats, material))
    assert all(a != b for i, a in enumerate(found) for b in found[:i])


# --- from another model ----------------------------------------------------------------------------------------------


def past_of(*grounds: AssignedParcels, known: bool = True) -> WeightsProvenance:
    return WeightsProvenance("before", "started from before", grounds, known)


@settings(max_examples=60, deadline=None)
@given(first=boxes, second=boxes, kept=st.integers(0, 12), seed=st.integers(0, 99), asked=st.sampled_from([0.0, 0.4]))
def test_nothing_that_the_start_learnt_from_is_held_out(first, second, kept, seed, asked) -> None:
    own, now = parcels_of(first), parcels_of(first[:kept] + second)
    before = assign_training(RULE, PriorAssignments(), "first", own, GRID, Silent())
    known = PriorAssignments((), past_of(AssignedParcels(own.ground, before.split.parts, GRID.crs)))
    rule = SplitRule(asked, 0.2, "auto", seed, "parcel")
    found = assign_training(rule, known, "second", now, GRID, Silent())
    assert not (np.isin(pixels(before, own), LEARNT) & (pixels(found, now) == HELD_OUT)).any()
    overlap = shapely.area(shapely.intersection(now.ground[:, None], own.ground[None]))
    overlaps = overlap > 0.0101 * np.minimum(now.areas[:, None], own.areas[None])
    new = ~(overlap > 0.949 * np.maximum(now.areas[:, None], own.areas[None])).any(axis=1)
    seen = overlaps[:, np.isin(before.split.parts, LEARNT)].any(axis=1) & new
    assert not (found.split.parts[seen] == HELD_OUT).any()
    held = (overlap > 0.951 * np.maximum(now.areas[:, None], own.areas[None]))[:, before.split.parts == HELD_OUT]
    alone = (overlap > 0).sum(axis=1) == 1
    assert (found.split.parts[held.any(axis=1) & alone] == HELD_OUT).all() or not asked
    usual = split(now, rule).parts
    free = ~(overlap > 0).any(axis=1)
    np.testing.assert_array_equal(found.split.parts[free], usual[free])


def model_of(folder: Path, text: str | None, **card) -> str:
    write_model(folder, **({"simulated": False, "training_data": "fields"} | card))
    if text is not None:
        (folder / "split.json").write_text(text)
    return str(folder)


def test_another_seed_does_not_test_on_what_the_start_learnt_from(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path, split="parcel", validation=0.2)
    first = gathered(tmp_path, job)
    start = model_of(tmp_path / "a", split_json(job, first))
    parts = []
    for seed, way in ((2, "parcel"), (3, "side")):
        reporter, (again, legend) = Silent(), resolve_job(changed(job, seed=seed, split=way), Silent())
        (tmp_path / str(seed)).mkdir()
        material = gather(changed(again, start=start), legend, tmp_path / str(seed), reporter, 32)
        (season,) = material.train
        parts.append(season.split.parts)
        before = first.train[0]
        assert not (np.isin(before.part, LEARNT) & (season.part == HELD_OUT)).any()
        np.testing.assert_array_equal(season.split.parts == HELD_OUT, before.split.parts == HELD_OUT)
        assert any(level == "warning" and "learnt from them" in text for level, text in reporter.lines)
        told = split_json(changed(again, start=start), material)
        # a third model knows what the first learnt from, though the second may have had other labels
        (tmp_path / f"b{seed}").mkdir()
        (tmp_path / f"b{seed}" / "split.json").write_text(told)
        found = read_split(tmp_path / f"b{seed}" / "split.json", False)
        assert found.whole
        learnt_first = sum(int(np.isin(g.parts, LEARNT).sum()) for g in found.grounds[1:])
        assert learnt_first == int(np.isin(before.split.parts, LEARNT).sum())
        assert "started from a, trained on fields" in material.past.told


def test_a_start_that_learnt_from_everything_leaves_nothing_to_test_on(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path, held_out=0.0, validation=0.0)
    start = model_of(tmp_path / "a", split_json(job, gathered(tmp_path, job)))
    again, legend = resolve_job(changed(job, held_out=0.3), Silent())
    (tmp_path / "again").mkdir()
    reporter = Silent()
    material = gather(changed(again, start=start), legend, tmp_path / "again", reporter, 32)
    assert (material.train[0].part == TRAIN).all()
    assert any(level == "warning" and "No parcel is left to test on" in text for level, text in reporter.lines)


def test_parcels_are_read_as_they_were_written(place: Path, tmp_path: Path) -> None:
    material = gathered(tmp_path, job_of(place, tmp_path, split="parcel", validation=0.2))
    (season,) = material.train
    model_of(tmp_path / "a", split_json(job_of(place, tmp_path), material))
    for old in (False, True):
        if old:  # as files were before they had a CRS and outlines
            facts = json.loads((tmp_path / "a" / "split.json").read_text())
            for here in facts["places"]:
                del here["outlines"], here["crs"]
            (tmp_path / "a" / "split.json").write_text(json.dumps(facts))
        (ground,) = read_split(tmp_path / "a" / "split.json", False).grounds
        touched = ParcelIndex((ground,), season.grid, False).touched(season.parcels)
        np.testing.assert_array_equal(touched.argmax(axis=1), season.split.parts)
        assert (touched.sum(axis=1) == 1).all()
    reporter = Silent()
    assert read_provenance(str(tmp_path / "a"), reporter).known
    assert any("names no CRS" in text for _, text in reporter.lines)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just("POLYGON((0 0,1 1,0 0))"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["train", "crs", "outlines"]), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=_json, whole=st.booleans())
@example(facts={"train": [[1, 2, 0]], "crs": "nowhere"}, whole=True)
@example(facts={"outlines": {"train": ["POLYGON((0 0,1 1"]}}, whole=True)
@example(facts={"outlines": {"train": [7]}}, whole=True)
@example(facts={"train": [["x", 2, 0]]}, whole=True)
@example(facts={"train": [[1e400, 2, 0]]}, whole=True)
@example(facts={"train": 7}, whole=False)
def test_a_split_file_of_another_shape_is_left_aside_with_a_sentence(facts, whole, tmp_path: Path) -> None:
    text = json.dumps({"places": [facts]} if whole else facts)
    reporter = Silent()
    past = read_provenance(model_of(tmp_path / "a", text), reporter)
    ParcelIndex(past.grounds, GRID, False).touched(parcels_of([shapely.box(5e5, 5.599e6, 5e5 + 100, 5.5991e6)]))
    if not past.known:
        assert not past.grounds
        (line,) = reporter.lines
        assert line[0] == "warning"
        assert "is not known" in line[1]
        assert "is not known" in describe_limits(past)


def test_a_start_without_a_split_file_is_said(tmp_path: Path) -> None:
    reporter = Silent()
    past = read_provenance(model_of(tmp_path / "a", None, training_data="fields of Friesland"), reporter)
    assert not past.known
    assert past.told == "started from a, trained on fields of Friesland"
    assert "split.json of a is missing" in reporter.lines[0][1]


@pytest.mark.filterwarnings("default")
def test_the_card_and_report_say_what_the_model_started_from(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path / "a", split="parcel")
    train(job, Silent())
    (tmp_path / "a" / "split.json").unlink()
    train(
        changed(job, model=str(tmp_path / "b"), start=str(tmp_path / "a"), seed=2, training_data="my fields"), Silent()
    )
    card = load_card(tmp_path / "b")
    assert card.training.training_data.startswith("my fields; started from a, trained on 64 labelled parcels")
    assert "is not known" in card.terms.limits
    page = (tmp_path / "b" / "training.html").read_text()
    assert "started from a" in page
    assert "Nothing that the model it started from is known to have learnt from was held out." in page
    assert json.loads((tmp_path / "b" / "split.json").read_text())["rule"]["start_known"] is False
    reporter = Silent()
    assert not read_provenance(str(tmp_path / "b"), reporter).known
    assert "started from a model of unknown parcels" in reporter.lines[0][1]
