"""A review from its list to the corrected map."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager

import geopandas
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from scipy import ndimage

from crop_classifier_plugin.engine.accuracy.review.apply_review import apply_review
from crop_classifier_plugin.engine.accuracy.review.review_list import review_list
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable
from crop_classifier_plugin.shared.jobs.accuracy import DeclaredParcels, MapRasters
from crop_classifier_plugin.shared.jobs.review import ApplyReviewJob, ReviewListJob
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from crop_classifier_plugin.shared.review_table import FIELDS
from kits.diagnosis import LEGEND, grid_of, read, write, write_map

SIDE = 10
NAMES = {crop.code: crop.name for crop in LEGEND}


@pytest.fixture
def farm(tmp_path):
    """16 parcels on 4 x 4 blocks; three are mapped wrong."""
    truth = np.array([[1, 2, 4, 1], [2, 2, 1, 4], [4, 1, 2, 1], [1, 4, 1, 2]])
    mapped = truth.copy()
    mapped[0, 0], mapped[1, 3], mapped[3, 1] = 2, 1, 2
    values = np.kron(mapped, np.ones((SIDE, SIDE))).astype(np.uint8)
    path = write_map(tmp_path / "map.tif", values)
    rows, cols = np.indices((4, 4)).reshape(2, -1)
    x, y = 600000 + 100 * cols, 5600000 - 100 * rows
    shapes = shapely.box(x, y - 100, x + 100, y)
    declared = [NAMES[code] for code in truth.ravel()]
    frame = geopandas.GeoDataFrame({"nr": np.arange(16), "crop": declared}, geometry=shapes, crs=32631)
    frame.to_file(tmp_path / "farm.gpkg")
    return tmp_path, path, truth, values


@contextmanager
def edits(path):
    """The table under SQL; its index asks for functions of geometries, though none changes."""
    with closing(sqlite3.connect(path)) as file, file:
        for name in ("IsEmpty", "MinX", "MaxX", "MinY", "MaxY"):
            file.create_function(f"ST_{name}", 1, lambda geometry: 0)
        yield file


def listed(farm, **options):
    folder, path, *_ = farm
    options = {"parcels": DeclaredParcels(str(folder / "farm.gpkg"), "", "crop", "nr")} | options
    review_list(ReviewListJob(MapRasters(path), str(folder / "review.gpkg"), **options), Silent())
    return geopandas.read_file(folder / "review.gpkg", layer="review")


def answered(farm, frame, truth):
    """As a reviewer with a form would: state and crop of each row, in place."""
    with edits(farm[0] / "review.gpkg") as file:
        for row in frame.itertuples():
            right = NAMES[truth.ravel()[int(row.uid)]]
            answer = ("accepted", None) if right == row.map_name else ("relabelled", right)
            file.execute("UPDATE review SET status = ?, review_name = ? WHERE uid = ?", (*answer, row.uid))


def applied(farm, reporter=None, **options):
    folder, path, *_ = farm
    options = {"class_map": path} | options
    reports = {f"report_{end}": str(folder / f"r.{end}") for end in ("html", "json", "csv")}
    job = ApplyReviewJob(
        review=str(folder / "review.gpkg"),
        corrected=str(folder / "corrected.tif"),
        labels=str(folder / "labels.gpkg"),
        **reports | options,
    )
    apply_review(job, reporter or Silent())
    return json.loads((folder / "r.json").read_text(encoding="utf-8"))


def test_parcels_on_which_map_and_declaration_differ_come_first(farm) -> None:
    frame = listed(farm)
    assert list(frame.columns[:-1]) == list(FIELDS)
    assert set(frame["uid"][:3]) == {"0", "7", "13"}
    assert frame["priority"].is_monotonic_decreasing
    assert set(frame["status"]) == {"open"}
    assert len(listed(farm, most=5)) == 5


def test_answers_give_the_truth_the_labels_and_the_hectares(farm) -> None:
    folder, _, truth, _ = farm
    answered(farm, listed(farm), truth)
    document = applied(farm)
    corrected = read(folder / "corrected.tif")
    assert (corrected == np.kron(truth, np.ones((SIDE, SIDE)))).all()
    labels = geopandas.read_file(folder / "labels.gpkg", layer="labels").set_index("uid")
    assert {int(uid): name for uid, name in labels["crop"].items()} == dict(
        enumerate(NAMES[code] for code in truth.ravel())
    )
    assert (document["answered"], document["accepted"], document["relabelled"]) == (16, 13, 3)
    assert document["changed_pixels"] == 300
    for row in document["classes"]:
        assert row["after_ha"] == pytest.approx((truth == row["code"]).sum() * 1.0, rel=2e-3)
    with rasterio.open(folder / "corrected.tif") as file:
        assert "Maize" in file.tags()["CROP_CLASSIFIER_LEGEND"]


def test_open_units_change_nothing_and_are_told(farm) -> None:
    folder, _, truth, values = farm
    frame = listed(farm)
    answered(farm, frame[frame["uid"] == "0"], truth)
    reporter = Silent()
    document = applied(farm, reporter)
    expected = values.copy()
    expected[:SIDE, :SIDE] = 1
    assert (read(folder / "corrected.tif") == expected).all()
    assert any("open 15" in text for _, text in reporter.lines)
    assert document["answered"] == 1


def test_cleaned_labels_are_what_was_declared_mended_by_the_answers(farm) -> None:
    folder, *_ = farm
    frame = listed(farm)
    with edits(folder / "review.gpkg") as file:
        file.execute("UPDATE review SET status = 'relabelled', review_name = 'Hemp' WHERE uid = '0'")
        file.execute("UPDATE review SET status = 'visit' WHERE uid = '7'")
        file.execute("UPDATE review SET status = 'skipped', declared_name = NULL WHERE uid = '13'")
    reporter = Silent()
    applied(farm, reporter, cleaned_labels=str(folder / "cleaned.gpkg"))
    found = geopandas.read_file(folder / "cleaned.gpkg", layer="labels").set_index("uid")
    declared = frame.set_index("uid")["declared_name"].drop(["0", "7", "13"])
    assert found["crop"].drop("0").to_dict() == declared.to_dict()
    assert found.loc["0", "crop"] == "Hemp"
    assert found["origin"].to_dict() == {"0": "answer", **dict.fromkeys(declared.index, "declaration")}
    assert any("1 units as answered, 13 as declared; 2 of which" in text for _, text in reporter.lines)


def test_a_crop_that_the_map_does_not_know_gets_a_code_and_is_told(farm) -> None:
    folder, *_ = farm
    frame = listed(farm)
    with edits(folder / "review.gpkg") as file:
        file.execute("UPDATE review SET status = 'relabelled', review_name = 'Hemp' WHERE uid = '5'")
    document = applied(farm)
    assert "Hemp (8)" in " ".join(document["notes"])
    assert (read(folder / "corrected.tif")[SIDE : 2 * SIDE, SIDE : 2 * SIDE] == 8).all()
    assert len(frame) == 16


def test_another_map_is_refused_unless_it_is_wanted(farm) -> None:
    folder, _, truth, values = farm
    answered(farm, listed(farm), truth)
    other = write_map(folder / "other.tif", np.where(values == 4, 1, values))
    with pytest.raises(BadInput, match="another map"):
        applied(farm, class_map=other)
    assert not (folder / "corrected.tif").exists()
    document = applied(farm, class_map=other, other_map=True)
    assert any("another map" in note for note in document["notes"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("status = 'done'", "the state done"),
        ("status = 'relabelled', review_name = ' '", "relabelled without a class"),
        ("status = 'visit'", "look at them first"),
    ],
)
def test_answers_that_cannot_be_meant_are_refused(farm, change, sentence) -> None:
    listed(farm)
    with edits(farm[0] / "review.gpkg") as file:
        file.execute(f"UPDATE review SET {change}")
    with pytest.raises(BadInput, match=sentence):
        applied(farm)


def test_a_layer_of_something_else_is_refused(farm) -> None:
    folder, path, *_ = farm
    geopandas.read_file(folder / "farm.gpkg").to_file(folder / "review.gpkg", layer="review")
    with pytest.raises(BadInput, match="no field 'uid'"):
        applied(farm)
    with pytest.raises(BadInput, match="one of both"):
        ReviewListJob(MapRasters(path), "x.gpkg")


def test_regions_that_differ_from_a_reference_are_its_connected_regions(farm) -> None:
    """Against scipy's labels of each pair of classes."""
    folder, path, _, values = farm
    rng = np.random.default_rng(0)
    truth = np.where(rng.random(values.shape) < 0.2, rng.choice([1, 2, 4], values.shape), values).astype(np.uint8)
    reference = write(folder / "truth.tif", truth, grid_of(truth))
    frame = listed(farm, parcels=None, reference=LabelSource(reference), least_pixels=1.0)
    expected = []
    for mapped in (1, 2, 4):
        for code in (1, 2, 4):
            regions, count = ndimage.label((values == mapped) & (truth == code) & (values != truth))
            expected += [(NAMES[mapped], code, int((regions == i).sum())) for i in range(1, count + 1)]
    names = {name: code for code, name in NAMES.items()} | {f"class {code}": code for code in NAMES}
    found = [(row.map_name, names[row.declared_name], round(row.geometry.area / 100)) for row in frame.itertuples()]
    assert sorted(found) == sorted(expected)
    assert len(listed(farm, parcels=None, reference=LabelSource(reference), least_pixels=3.0)) == sum(
        pixels >= 3 for *_, pixels in expected
    )
    with pytest.raises(LabelsUnusable, match="nothing to look at"):
        listed(farm, parcels=None, reference=LabelSource(path))


def test_the_table_carries_its_version_its_form_and_a_history(farm) -> None:
    listed(farm)
    path = farm[0] / "review.gpkg"
    assert pyogrio.read_info(path, layer="review")["layer_metadata"]["CROP_CLASSIFIER_REVIEW"] == "1"
    assert "history" in [name for name, _ in pyogrio.list_layers(path)]
    with edits(path) as file:
        (qml,) = file.execute("SELECT styleQML FROM layer_styles WHERE useAsDefault").fetchone()
    assert "the map is right" in qml
