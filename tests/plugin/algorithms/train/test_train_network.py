"""Any network trained in QGIS, its parts switched by settings as text."""

from pathlib import Path

import pytest
from qgis.core import QgsProcessingException

from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.networks import trainable
from kits.plugin.qgis import Recorder, run, values

TRAININGS = ["attention_3dcnn", "cropsts", "lrtacf_net", "network", "random_forest", "unet_convlstm"]


@pytest.fixture
def lesson(provider, season, tmp_path):
    labels = {"LABELS": season["PARCELS"], "FIELD": "crop_name", "MODEL_FOLDER": str(tmp_path / "model")}
    return {"INPUT": season["SCENES"], **labels}


def test_each_network_of_the_list_can_be_chosen(lesson, context, asked, provider):
    choices = provider.algorithm("train_network").parameterDefinition("NETWORK").options()
    assert choices == list(trainable().values())
    for i in range(len(choices)):
        run("train_network", lesson | {"NETWORK": i, "SIZE": i % 2}, context)
    assert [job.network.name for job in asked] == list(trainable())
    assert {job.network.settings for job in asked} == {(("preset", "small"),), (("preset", "paper"),)}


@pytest.mark.parametrize("name", TRAININGS)
def test_every_training_takes_settings_place_and_season(lesson, context, asked, name):
    told = {"SETTINGS": "dropout=0.2; widths=8,16", "REGION": " Flanders ", "SEASON": "summer 2019"}
    run(f"train_{name}", lesson | told, context)
    (job,) = asked
    assert job.network.settings[-2:] == (("dropout", "0.2"), ("widths", "8,16"))
    assert (job.card.region, job.card.season) == ("Flanders", "summer 2019")
    with pytest.raises(QgsProcessingException, match="The setting 'dropout' of the network has no value"):
        run(f"train_{name}", lesson | {"SETTINGS": "dropout"}, context)


def test_an_encoder_takes_settings_too(lesson, season, context, asked, tmp_path):
    place = {"INPUT": season["SCENES"], "ENCODER_FOLDER": str(tmp_path / "encoder"), "SETTINGS": "attention=joint"}
    run("pretrain_cropsts", place, context)
    assert asked[0].settings == (("attention", "joint"),)


def test_a_baseline_is_trained_and_maps_the_season(lesson, season, context, tmp_path):
    tiny = {"EPOCHS": 1, "BATCH": 4, "MIN_PARCELS": 1, "SETTINGS": "width=4, layers=1"}
    feedback = Recorder()
    network = list(trainable()).index("convstar")
    results = run("train_network", lesson | tiny | {"NETWORK": network}, context, feedback)
    card = load_card(Path(results["MODEL_FOLDER"]))
    assert (card.network, card.settings["width"], card.settings["layers"]) == ("convstar", 4, 1)
    assert " 2024" in card.training.season
    assert " N, " in card.training.region
    asked = {"OUTPUT": str(tmp_path / "map.tif"), "MODEL_FOLDER": results["MODEL_FOLDER"]}
    run("classify_model", {"INPUT": season["SCENES"], **asked}, context)
    assert set(values(asked["OUTPUT"])) & set(card.legend.codes)


def test_a_wrong_setting_is_the_engines_one_sentence(lesson, context, tmp_path):
    wrong = {"NETWORK": list(trainable()).index("convstar"), "SETTINGS": "colour=red", "MIN_PARCELS": 1}
    with pytest.raises(QgsProcessingException, match="The network has no setting 'colour': use layers, width or pre"):
        run("train_network", lesson | wrong, context)
    assert not (tmp_path / "model").exists()
