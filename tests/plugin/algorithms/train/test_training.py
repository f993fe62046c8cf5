"""Training on the user's own labels with the real engine: a simulated season in, a model out that maps it."""

import re
import time
from pathlib import Path

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from crop_classifier_plugin.bridge import runner
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.choices import LOSSES, MASKS, OPTIMIZERS, PRECISIONS, RESUME
from crop_classifier_plugin.shared.devices import DEVICES
from crop_classifier_plugin.shared.metrics import METRICS
from kits.plugin.qgis import Recorder, Run, run, values

TINY = {"EPOCHS": 2, "WIDTHS": "4, 8", "BATCH": 4, "OPTIMIZER": 2, "MIN_PARCELS": 1}


@pytest.fixture
def lesson(provider, season, tmp_path):
    labels = {"LABELS": season["PARCELS"], "FIELD": "crop_name", "MODEL_FOLDER": str(tmp_path / "model")}
    return {"INPUT": season["SCENES"], **labels, **TINY}


def test_a_model_is_trained_and_maps_the_season(lesson, season, provider, context, tmp_path):
    feedback = Recorder()
    results = run("train_lrtacf_net", lesson, context, feedback)
    assert set(results) == {o.name() for o in provider.algorithm("train_lrtacf_net").outputDefinitions()}
    assert 0 <= results["MEAN_F1"] <= results["OA"] <= 1
    folder = Path(results["MODEL_FOLDER"])
    names = ["model.json", "model.onnx", "split.json", "training.csv", "training.html", "training.json"]
    names = sorted([*names, "training.run.json", "weights.safetensors"])
    assert sorted(p.name for p in folder.iterdir()) == names
    assert results["REPORT"] == str(folder / "training.html")
    epochs = [line.split(":")[0] for line in feedback.infos if line.startswith("Epoch")]
    assert epochs == ["Epoch 1 of 2", "Epoch 2 of 2"]
    assert re.search(r"loss \d\.\d+, validation mean F1 \d", "\n".join(feedback.infos))
    assert feedback.percents == sorted(feedback.percents)

    card = load_card(folder)
    labels = QgsVectorLayer(season["PARCELS"], "labels", "ogr")
    crops = sorted({feature["crop_name"] for feature in labels.getFeatures()}, key=str.casefold)
    assert list(card.legend.names) == crops
    assert card.training.simulated
    assert len(card.inputs.dates.windows) == 4, "one window a scene"

    asked = {"OUTPUT": str(tmp_path / "map.tif"), "CONFIDENCE": str(tmp_path / "confidence.tif")}
    mapped = run("classify_model", {"INPUT": season["SCENES"], "MODEL_FOLDER": str(folder), **asked}, context)
    assert mapped == asked
    found = values(asked["OUTPUT"])
    assert set(found) - {0} <= set(card.legend.codes)
    assert sum(map(bool, found)) > len(found) / 2
    layer = QgsRasterLayer(asked["OUTPUT"])
    assert set(crops) <= {c.label for c in layer.renderer().classes()}


def test_only_the_selected_parcels_reach_the_engine(lesson, season, context, tmp_path, monkeypatch):
    """A layer in degrees, of which every second parcel is selected."""
    original = QgsVectorLayer(season["PARCELS"], "parcels", "ogr")
    options = QgsVectorFileWriter.SaveVectorOptions()
    degrees = QgsCoordinateReferenceSystem("EPSG:4326")
    options.ct = QgsCoordinateTransform(original.crs(), degrees, QgsProject.instance())
    path = str(tmp_path / "degrees.gpkg")
    QgsVectorFileWriter.writeAsVectorFormatV3(original, path, context.transformContext(), options)
    layer = QgsVectorLayer(path, "degrees", "ogr")
    assert layer.crs() == degrees
    QgsProject.instance().addMapLayer(layer)
    layer.selectByIds([f.id() for f in layer.getFeatures()][::2])
    chosen = QgsProcessingFeatureSourceDefinition(layer.id(), selectedFeaturesOnly=True)
    asked = []
    monkeypatch.setattr(
        runner, "run", lambda job, feedback, reads: asked.append((job, len_and_crs(job.labels.path))) or RESULT
    )
    run("train_lrtacf_net", lesson | {"LABELS": chosen, "WINDOWS": "95-135, 150-195"}, context)
    ((job, told),) = asked
    assert told == (layer.selectedFeatureCount(), "EPSG:4326")
    assert told[0] < layer.featureCount()
    assert job.card.training_data == f"{told[0]} labelled features of the layer degrees"
    assert job.model_inputs.windows == ((95, 135), (150, 195))
    assert (job.optim.epochs, job.optim.optimizer, dict(job.network.settings)["widths"]) == (2, "adamw", "4,8")


RESULT = {"outputs": {**dict.fromkeys(METRICS), "report": ""}}


def len_and_crs(path):
    layer = QgsVectorLayer(path, "labels", "ogr")
    return layer.featureCount(), layer.crs().authid()


def elsewhere(season, tmp_path):
    layer = QgsVectorLayer("Polygon?crs=EPSG:32631&field=crop_name:string", "far", "memory")
    for feature in QgsVectorLayer(season["PARCELS"], "p", "ogr").getFeatures():
        geometry = feature.geometry()
        geometry.translate(1e5, 0)
        feature.setGeometry(geometry)
        layer.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(layer)
    return {"LABELS": layer.id()}


BAD = {
    "labels elsewhere": (elsewhere, "Nothing labelled of .* lies on the series"),
    "windows": (lambda *_: {"WINDOWS": "135-95"}, "date window '135-95' cannot be read"),
    "no date in a window": (lambda *_: {"WINDOWS": "1-20, 150-195"}, "needs 2 dates"),
    "widths": (lambda *_: {"WIDTHS": "8"}, "1 widths"),
    "shares": (lambda *_: {"HELD_OUT": 0.8, "VALIDATION": 0.2}, "leave nothing to train on"),
}


@pytest.mark.parametrize("case", BAD)
def test_refusals_are_one_sentence(lesson, season, context, tmp_path, case):
    change, said = BAD[case]
    with pytest.raises(QgsProcessingException, match=said):
        run("train_lrtacf_net", lesson | change(season, tmp_path), context)
    assert not list((tmp_path / "model").glob("*"))


def test_a_folder_that_is_no_model_is_refused(season, provider, context, tmp_path):
    inputs = {"INPUT": season["SCENES"], "MODEL_FOLDER": str(tmp_path), "OUTPUT": str(tmp_path / "map.tif")}
    with pytest.raises(QgsProcessingException, match=r"has no model\.json"):
        run("classify_model", inputs, context)


def test_cancelled_training_is_gone_within_two_seconds(lesson, context, tmp_path):
    feedback = Recorder()
    started = time.monotonic()
    whole = lesson | {"EPOCHS": 1000}
    run_ = Run(whole, context, feedback, cancel_after=6, algorithm="train_lrtacf_net")
    assert run_.ok is False
    assert run_.ended - run_.cancelled < 2
    assert run_.cancelled - started > 5
    folder = tmp_path / "model"  # there or not, by how far the run had come
    assert not folder.exists() or not list(folder.iterdir())


def test_choices_and_jobs_agree(provider):
    choices = {
        "OPTIMIZER": OPTIMIZERS,
        "LOSS": LOSSES,
        "PRECISION": PRECISIONS,
        "RESUME": RESUME,
        "DEVICE": DEVICES,
        "MASK": MASKS,
    }
    for parameter, known in choices.items():
        options = provider.algorithm("train_lrtacf_net").parameterDefinition(parameter).options()
        assert options == [row if isinstance(row, str) else row.title for row in known.values()]
