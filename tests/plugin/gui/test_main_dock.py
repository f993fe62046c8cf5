"""The dock, used as a person does: from layers to a judged map; and what it does with a project that is not as it left
it."""

import json
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import Qt

from crop_classifier_plugin.gui.common import project_state
from crop_classifier_plugin.gui.main_dock.main_dock import MainDock
from kits.plugin.window import Interface, click, wait


@pytest.fixture
def dock(provider, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))  # Processing's dialogs
    monkeypatch.setattr("processing.gui.Postprocessing.iface", None)  # the tree of layers has no widget here
    interface = Interface()
    interface.window.show()
    dock = MainDock(interface)
    interface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    for step in dock.steps:
        step.open(True)
    yield dock
    dock.close_down()
    interface.window.close()
    QgsProject.instance().clear()


@pytest.fixture
def layers(season):
    """The season's scenes as layers of the project, the newest first."""
    made = [QgsRasterLayer(path, Path(path).stem) for path in reversed(season["SCENES"])]
    QgsProject.instance().addMapLayers(made)
    return made


def described(dock):
    wait(lambda: not dock.plan.busy and (dock.plan.models or dock.plan.error))


def texts(dock):
    model = dock.series.scenes
    return [[model.index(r, c).data() for c in range(model.columnCount())] for r in range(model.rowCount())]


def test_from_layers_to_a_judged_map_by_the_mouse(dock, layers, season, card):
    assert dock.steps[0].state == "missing"
    parcels = QgsVectorLayer(season["PARCELS"], "parcels")
    QgsProject.instance().addMapLayer(parcels)
    click(dock.series.add_layers)
    described(dock)
    dates = [row[0] for row in texts(dock)]
    assert dates == sorted(dates)
    assert len(dates) == len({Path(path).stem[-8:] for path in season["SCENES"]})
    assert dock.steps[1].state == "ok"
    dock.plan.choose(next(row["folder"] for row in dock.plan.models if row["name"] == card.name))
    assert sum(row[1].startswith("window") for row in texts(dock)) == card.dates
    wait(lambda: dock.run.forecast)
    foreseen = dock.run.forecast["pixels"]
    click(dock.run.probabilities)
    click(dock.run.run)
    wait(lambda: dock.queue.current is None)
    crop_map = dock.review.map.currentLayer()
    assert crop_map.width() * crop_map.height() == foreseen
    assert dock.review.field.currentField() == "crop_name"
    click(dock.review.list)
    wait(lambda: dock.queue.current is None)
    assert not dock.review.error
    assert dock.review.review().featureCount() > 0
    assert "0 answered" in dock.steps[4].said


def test_a_date_typed_in_is_the_layers_own(dock, layers):
    click(dock.series.add_layers)
    described(dock)
    model = dock.series.scenes
    assert not model.setData(model.index(0, 0), "soon")
    assert model.setData(model.index(0, 0), "2023-12-24")
    wait(lambda: texts(dock) and texts(dock)[0][0] == "2023-12-24")
    ranges = [layer.temporalProperties().fixedTemporalRange().begin().date().toString("yyyy-MM-dd") for layer in layers]
    assert "2023-12-24" in ranges


def test_another_dock_knows_what_the_project_keeps(dock, layers, card, tmp_path):
    click(dock.series.add_layers)
    described(dock)
    folder = dock.plan.models[-1]["folder"]
    dock.plan.choose(folder)
    sources = dock.plan.sources
    path = str(tmp_path / "p.qgs")
    assert QgsProject.instance().write(path)
    QgsProject.instance().clear()
    assert dock.plan.sources == []
    QgsProject.instance().read(path)
    assert dock.plan.sources == sources
    described(dock)
    assert dock.plan.model["folder"] == folder


def test_what_cannot_be_read_is_said_in_the_head(dock, tmp_path):
    dock.series.take_folder(str(tmp_path))
    wait(lambda: dock.plan.error)
    assert dock.steps[0].state == "wrong"
    assert str(tmp_path) in dock.steps[0].said
    assert not dock.run.run.isEnabled()


@pytest.mark.parametrize("text", ["{", "3", json.dumps({"a": 1}), json.dumps([1, None, "gone"]), "[" * 100_000])
def test_a_project_that_someone_tampered_with_opens(dock, text):
    QgsProject.instance().writeEntry(project_state.SCOPE, "sources", text)
    dock.plan.describe()
    dock.refresh()
    assert dock.plan.sources == []
    assert dock.steps[0].state == "missing"


def test_layers_that_go_leave_the_series(dock, layers):
    click(dock.series.add_layers)
    described(dock)
    count = len(dock.plan.sources)
    QgsProject.instance().removeMapLayer(layers[0].id())
    assert len(dock.plan.sources) == count - 1
    described(dock)
    assert all(row["files"] for row in dock.plan.dates)


def test_classes_are_counted_as_the_labels_have_them(dock, season):
    parcels = QgsVectorLayer(season["PARCELS"], "parcels")
    QgsProject.instance().addMapLayer(parcels)
    wait(lambda: dock.train.counts)
    place = parcels.fields().indexOf("crop_name")
    values = [feature.attribute(place) for feature in parcels.getFeatures()]
    assert dict(dock.train.counts) == {value: values.count(value) for value in set(values)}


def test_a_layer_that_is_not_of_the_series_may_go(dock, layers, season):
    """What was read stays: a series of a thousand files is not read anew for a basemap."""
    parcels = QgsVectorLayer(season["PARCELS"], "parcels")
    QgsProject.instance().addMapLayer(parcels)
    click(dock.series.add_layers)
    described(dock)
    known = dock.plan.description
    QgsProject.instance().removeMapLayer(parcels.id())
    assert dock.plan.description is known


def test_what_polygons_take_is_foreseen_for_the_box_around_them(dock, layers, season):
    parcels = QgsVectorLayer(season["PARCELS"], "parcels")
    parcels.setSubsetString("fid <= 3")
    QgsProject.instance().addMapLayer(parcels)
    click(dock.series.add_layers)
    described(dock)
    wait(lambda: dock.run.forecast)
    whole = dock.run.forecast["pixels"]
    click(dock.run.polygons)
    wait(lambda: dock.run.forecast)
    box = parcels.extent()
    assert dock.run.forecast["pixels"] < whole
    assert dock.run.forecast["pixels"] == pytest.approx(box.width() * box.height() / 100, rel=0.2)
