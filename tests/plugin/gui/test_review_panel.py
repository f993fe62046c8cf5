"""The review panel: one key, one answer, saved at once; undone, merged, blind; and files that cannot be written."""

import os
import random
import shutil
import sqlite3

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from crop_classifier_plugin.gui.review.panel import ReviewPanel
from crop_classifier_plugin.gui.review.review_file import Answer, ReviewFile, merge
from crop_classifier_plugin.shared.errors import BadInput
from kits.plugin.qgis import run
from kits.plugin.window import Interface, wait


@pytest.fixture(scope="session")
def review_list(crop_map, season, tmp_path_factory):
    """A list of the season's parcels, as the algorithm makes it."""
    from qgis.core import QgsProcessingContext

    from kits.plugin.qgis import plugged_in

    plugin = plugged_in()
    path = tmp_path_factory.mktemp("review") / "review.gpkg"
    inputs = {"MAP": str(crop_map), "PARCELS": season["PARCELS"], "DECLARED": "crop_name", "REVIEW": str(path)}
    run("review_list", inputs, QgsProcessingContext())
    plugin.unload()
    return path


@pytest.fixture
def review(review_list, tmp_path):
    return shutil.copy(review_list, tmp_path / "review.gpkg")


@pytest.fixture
def panel(review):
    interface = Interface()
    interface.window.show()
    panel = ReviewPanel(interface, list)
    interface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, panel)
    layer = QgsVectorLayer(f"{review}|layername=review", "review")
    QgsProject.instance().addMapLayer(layer)
    assert panel.open(layer)
    yield panel
    panel.close_down()
    interface.window.close()
    QgsProject.instance().clear()


def rows(path, columns="fid, status, review_name, blind", table="review"):
    with sqlite3.connect(path) as file:
        return file.execute(f"SELECT {columns} FROM {table}").fetchall()


def state(panel):
    return {row[0]: row[1:] for row in rows(panel.file.path)}[panel.file.units[0]["fid"]]


def test_one_key_is_one_answer_on_disk_and_the_next_unit(panel, review):
    first = panel.unit
    QTest.keyClick(panel.form.accept, Qt.Key.Key_A)
    assert state(panel) == ("accepted", first["map_name"], 0)
    assert panel.number == 1
    second = panel.unit
    other = next(n for n, name in enumerate(panel.crops, 1) if name != second["map_name"])
    QTest.keyClick(panel.form.accept, getattr(Qt.Key, f"Key_{other}"))
    by_fid = {row[0]: row[1:] for row in rows(review)}
    assert by_fid[second["fid"]] == ("relabelled", panel.crops[other - 1], 0)
    layer = QgsVectorLayer(f"{review}|layername=review", "again")
    states = [feature["status"] for feature in layer.getFeatures()]
    assert sorted(set(states)) == ["accepted", "open", "relabelled"]


def test_a_layer_that_is_open_in_qgis_stays_readable(panel, review):
    """As QGIS opens it: by the file's path alone."""
    layer = QgsVectorLayer(str(review), "as it comes from an algorithm")
    assert layer.getFeature(panel.unit["fid"]).isValid()
    QTest.keyClick(panel.form.accept, Qt.Key.Key_A)
    assert [layer.getFeature(unit["fid"]).isValid() for unit in panel.file.units] == [True] * len(panel.file.units)
    assert layer.getFeature(panel.file.units[0]["fid"])["status"] == "accepted"


def test_every_answer_can_be_undone_to_the_last_bit(panel, review):
    before = rows(review, "*")
    for key in (Qt.Key.Key_A, Qt.Key.Key_V, Qt.Key.Key_D, Qt.Key.Key_S, Qt.Key.Key_1):
        QTest.keyClick(panel.form.accept, key)
    assert rows(review, "*") != before
    for _ in range(5):
        QTest.keyClick(panel.form.accept, Qt.Key.Key_U)
    assert rows(review, "*") == before
    assert rows(review, "*", "history") == []
    QTest.keyClick(panel.form.accept, Qt.Key.Key_U)
    assert rows(review, "*") == before


def test_blind_hides_what_the_map_says_until_the_answer(panel):
    name = panel.unit["map_name"]
    panel.form.blind.setChecked(True)
    assert name not in panel.form.known.text()
    assert not panel.form.declared.isVisible()
    QTest.keyClick(panel.form.accept, Qt.Key.Key_V)
    assert state(panel)[2] == 1
    panel.go(0)
    assert name in panel.form.known.text()


def test_a_file_that_another_holds_is_told_and_nothing_is_lost(panel, review):
    holder = sqlite3.connect(review, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    QTest.keyClick(panel.form.accept, Qt.Key.Key_A)
    assert "could not be written" in panel.form.known.text()
    assert panel.number == 0
    assert panel.unit["status"] == "open"
    holder.execute("ROLLBACK")
    QTest.keyClick(panel.form.accept, Qt.Key.Key_A)
    assert panel.number == 1


def test_a_review_that_is_gone_or_none_is_told(panel, review, tmp_path):
    os.unlink(review)
    QTest.keyClick(panel.form.accept, Qt.Key.Key_A)
    assert "is gone" in panel.form.known.text()
    other = tmp_path / "other.gpkg"
    other.write_bytes(b"no database at all, but long enough to be read as one" * 20)
    with pytest.raises(BadInput, match=r"other\.gpkg"):
        ReviewFile(str(other), "me")


def test_two_reviewers_are_merged_and_their_disagreements_listed(panel, review, tmp_path):
    theirs = shutil.copy(review, tmp_path / "theirs.gpkg")
    other = ReviewFile(theirs, "her")
    names = [next(c for c in panel.crops if c != unit["map_name"]) for unit in other.units[:3]]
    panel.file.answer(0, Answer("accepted"))
    panel.file.answer(1, Answer("relabelled", names[1]))
    other.answer(0, Answer("relabelled", names[0]))
    other.answer(1, Answer("relabelled", names[1]))
    other.answer(2, Answer("visit"))
    merged = panel.take_over(theirs)
    assert (merged.taken, merged.same) == (1, 1)
    assert merged.conflicts == ((panel.file.units[0]["uid"], panel.file.units[0]["map_name"], names[0]),)
    again = panel.take_over(theirs)
    assert (again.taken, again.same, len(again.conflicts)) == (0, 2, 1)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_in_memory_is_what_is_on_disk(review, seed):
    """Whatever is pressed, the file read anew equals what the panel holds."""
    chance = random.Random(seed)
    keys = chance.choices(["accepted", "visit", "skipped", "relabelled", "undo", "note"], k=12)
    path = str(review)
    file = ReviewFile(path, "me")
    for number, key in enumerate(keys):
        if key == "undo":
            file.undo()
        elif key == "note":
            file.annotate(number, note=f"note {number}")
        else:
            file.answer(number, Answer(key, "Hemp" if key == "relabelled" else ""))
    assert ReviewFile(path, "me").units == file.units


def test_answers_are_brought_back_by_the_algorithm(provider, panel, crop_map, context, tmp_path):
    """What the panel writes is what apply_review reads."""
    relabelled = next(c for c in panel.crops if c != panel.unit["map_name"])
    panel.answer(Answer("accepted"))
    panel.answer(Answer("relabelled", relabelled))
    asked = {"CORRECTED": str(tmp_path / "c.tif"), "LABELS": str(tmp_path / "l.gpkg")}
    results = run("apply_review", {"MAP": str(crop_map), "REVIEW": panel.layer.source(), **asked}, context)
    assert results["ANSWERED"] == 2


def test_merging_another_maps_review_is_refused(review, tmp_path):
    theirs = shutil.copy(review, tmp_path / "theirs.gpkg")
    with sqlite3.connect(theirs) as file:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            file.create_function(name, 1, lambda _: 0)
        file.execute("UPDATE review SET base_sha256 = 'another'")
    with pytest.raises(BadInput, match="another map"):
        merge(ReviewFile(review, "me"), ReviewFile(theirs, "me"))


def test_pictures_show_the_clearest_dates(panel, season):
    from pathlib import Path

    from crop_classifier_plugin.gui.review.pictures import COUNT

    scenes = [p for p in season["SCENES"] if "10m" in Path(p).name]
    clear = {path: 1 - n / 10 for n, path in enumerate(scenes)}
    bands = ("B02", "B03", "B04", "B08")
    panel._dates = lambda: [
        {"date": Path(p).stem[-8:], "clear": clear[p], "where": {b: [p, n] for n, b in enumerate(bands, 1)}}
        for p in scenes
    ]
    shown = []
    panel._pictures.ready.connect(shown.append)
    panel.go(2)
    wait(lambda: shown)
    assert [date for date, _ in shown[0]] == sorted(Path(p).stem[-8:] for p in scenes)[:COUNT]
    assert all(not image.isNull() for _, image in shown[0])
