"""Labels of a training in QGIS: polygons or a class raster, and a second series for the validation."""

import re
from pathlib import Path

import pytest
from qgis.core import (
    QgsFeature,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterDefinition,
    QgsVectorLayer,
)

from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.class_choice import ClassChoice
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from kits.plugin.qgis import run, values

TRAININGS = [
    "train_attention_3dcnn",
    "train_cropsts",
    "train_lrtacf_net",
    "train_network",
    "train_random_forest",
    "train_unet_convlstm",
]


@pytest.fixture
def polygons(season):
    return {"LABELS": season["PARCELS"], "FIELD": "crop_name"}


@pytest.fixture
def raster(season):
    return {"LABEL_RASTER": season["TRUTH"]}


@pytest.fixture
def lesson(provider, season, tmp_path):
    return {"INPUT": season["SCENES"], "MODEL_FOLDER": str(tmp_path / "model")}


@pytest.mark.parametrize("name", TRAININGS)
def test_a_class_raster_needs_no_field(lesson, raster, season, context, asked, name):
    run(name, lesson | raster, context)
    (job,) = asked
    assert (job.labels, job.validation_series) == (LabelSource(season["TRUTH"]), ())


def test_validation_scenes_bring_their_own_labels(lesson, polygons, raster, season, context, asked):
    half = {"VALIDATION_INPUT": season["SCENES"][:4]}
    run("train_cropsts", lesson | polygons | half | {"VALIDATION_LABELS": season["PARCELS"]}, context)
    run("train_lrtacf_net", lesson | raster | half | {"VALIDATION_LABEL_RASTER": season["TRUTH"]}, context)
    for job, labels in zip(asked, (season["PARCELS"], season["TRUTH"])):
        (check,) = job.validation_series
        assert [scene.path for scene in check.series.scenes] == season["SCENES"][:4]
        assert (job.labels.path, check.labels.path, check.radar) == (labels, labels, None)
        assert [scene.path for scene in job.data[0].series.scenes] == season["SCENES"]


def test_validation_scenes_may_bring_radar(lesson, polygons, season, context, asked):
    scenes = season["SCENES"]
    check = {"VALIDATION_INPUT": scenes[:2], "VALIDATION_LABELS": season["PARCELS"], "VALIDATION_RADAR": scenes[2:4]}
    run("train_attention_3dcnn", lesson | polygons | check | {"RADAR": scenes[4:6]}, context)
    assert [scene.path for scene in asked[0].data[0].radar.scenes] == scenes[4:6]
    assert [scene.path for scene in asked[0].validation_series[0].radar.scenes] == scenes[2:4]
    with pytest.raises(QgsProcessingException, match="only of use beside dated radar scenes"):
        run("train_attention_3dcnn", lesson | polygons | check, context)


@pytest.mark.parametrize("name", [*TRAININGS, "train_tsstfn"])
def test_help_names_every_advanced_parameter(provider, name):
    algorithm = provider.algorithm(name)
    told = " ".join(algorithm.shortHelpString().lower().split())
    advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    titles = [p.description() for p in algorithm.parameterDefinitions() if p.flags() & advanced]
    assert [title for title in titles if title.lower() not in told] == []


def test_a_forest_has_no_epoch_to_choose(provider):
    names = {p.name() for p in provider.algorithm("train_random_forest").parameterDefinitions()}
    assert not {name for name in names if name.startswith("VALIDATION")}


def test_selected_parcels_and_a_field_that_is_not_there(lesson, polygons, season, context, asked):
    other = QgsVectorLayer("Polygon?crs=EPSG:32631&field=kind:string", "others", "memory")
    context.project().addMapLayer(other)
    check = {"VALIDATION_INPUT": season["SCENES"][:2], "VALIDATION_LABELS": other.id()}
    with pytest.raises(QgsProcessingException, match=r"labels others have no field 'crop_name' \(fields: kind\)"):
        run("train_lrtacf_net", lesson | polygons | check, context)
    assert not asked


def test_points_are_trained_on_as_qgis_shows_them(lesson, season, context):
    """A point in each parcel, of which one is not saved yet."""
    parcels = QgsVectorLayer(season["PARCELS"], "parcels", "ogr")
    points = QgsVectorLayer(f"Point?crs={parcels.crs().authid()}&field=crop:string", "points", "memory")
    context.project().addMapLayer(points)
    points.startEditing()
    for parcel in parcels.getFeatures():
        point = QgsFeature(points.fields())
        point.setGeometry(parcel.geometry().pointOnSurface())
        point["crop"] = parcel["crop_name"]
        assert points.addFeature(point)
    given = {"LABELS": points.id(), "FIELD": "crop", "MIN_PARCELS": 1, "TREES": 3, "LEAF": 1}
    results = run("train_random_forest", lesson | given, context)
    card = load_card(Path(results["MODEL_FOLDER"]))
    assert "labelled features of the layer points" in card.training.training_data
    report = (Path(results["MODEL_FOLDER"]) / "training.html").read_text()
    assert "Points (those whose pixels touch go together) were parted" in report


WRONG = {  # what is given of the labels -> the sentence
    "none": ((), "Labels are needed once"),
    "both": (("LABELS", "FIELD", "LABEL_RASTER"), "Labels are needed once"),
    "no field": (("LABELS",), "The field with the class of the parcels is missing"),
    "no validation labels": (
        ("LABELS", "FIELD", "VALIDATION_INPUT"),
        r"labels \(polygons or points\): give both",
    ),
    "no validation scenes": (("LABEL_RASTER", "VALIDATION_LABEL_RASTER"), r"labels \(a class raster\): give both"),
    "two kinds": (("LABEL_RASTER", "VALIDATION_INPUT", "VALIDATION_LABELS"), "as a class raster too"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("checked", [True, False], ids=["dialog", "modeler"])
def test_labels_that_do_not_go_together_are_refused(lesson, season, provider, context, asked, case, checked):
    """The dialog asks first; the modeler and the algorithm's runner do not."""
    known = {
        "LABELS": season["PARCELS"], "FIELD": "crop_name", "LABEL_RASTER": season["TRUTH"],
        "VALIDATION_INPUT": season["SCENES"][:2], "VALIDATION_LABELS": season["PARCELS"],
        "VALIDATION_LABEL_RASTER": season["TRUTH"],
    }  # fmt: skip
    names, said = WRONG[case]
    parameters = lesson | {name: known[name] for name in names}
    algorithm = provider.algorithm("train_lrtacf_net").create()
    if checked:
        ok, sentence = algorithm.checkParameterValues(parameters, context)
        assert not ok
        assert re.search(said, sentence)
    else:
        with pytest.raises(QgsProcessingException, match=said):
            algorithm.run(parameters, context, QgsProcessingFeedback(), {}, False)
    assert not asked


def test_a_model_is_trained_on_a_class_raster(lesson, raster, season, context):
    results = run("train_random_forest", lesson | raster | {"MIN_PARCELS": 1, "TREES": 3}, context)
    assert 0 <= results["MEAN_F1"] <= results["OA"] <= 1
    card = load_card(Path(results["MODEL_FOLDER"]))
    assert set(values(season["TRUTH"])) - {0} <= set(card.legend.codes)
    assert card.training.simulated


def test_classes_are_left_out_and_merged_everywhere_by_the_same_parameters(lesson, polygons, season, context, asked):
    given = {
        "EXCLUDE": "Hedge, Fallow",
        "MERGE": "Winter barley + Barley = Barley",
        "MIN_SHARE": 0.053,
        "RARE": "Other",
    }
    choice = ClassChoice(("Hedge", "Fallow"), (("Winter barley", "Barley"),), 0.053, "Other")
    run("train_lrtacf_net", lesson | polygons | given, context)
    assert asked[0].labels.choice == choice


@pytest.mark.parametrize("name", ["train_random_forest", "diagnose", "crop_gain", "probe"])
def test_a_merge_that_cannot_be_read_is_told_before_the_run(provider, context, name):
    algorithm = provider.algorithm(name).create()
    ok, sentence = algorithm.checkParameterValues({"MERGE": "barley"}, context)
    assert not ok
    if name != "train_random_forest":  # which asks for labels first
        assert "write it as Winter barley + Barley = Barley" in sentence
