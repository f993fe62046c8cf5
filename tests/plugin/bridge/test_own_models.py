"""The user's own models: kept where QGIS does not delete them, and in every list of models."""

import os
import re
import shutil
from pathlib import Path

import pytest
from qgis.core import QgsProcessing, QgsProcessingContext, QgsProcessingUtils

from crop_classifier_plugin import assets, settings
from crop_classifier_plugin.bridge import shipped_models

SHIPPED = "lrtacfnet_simulated_season"


@pytest.fixture
def home(tmp_path):
    """A folder for own models, with one of LRTACF-Net."""
    place = tmp_path / "my models"
    place.mkdir()
    settings.MODELS_FOLDER.setValue(str(place))
    yield place
    settings.MODELS_FOLDER.remove()


def copy(home, name, of=SHIPPED):
    return Path(shutil.copytree(assets.models() / of, home / name))


def models_of(provider, name):
    made = provider.algorithm(name).create()
    parameter = made.parameterDefinition("MODEL")
    return parameter.options() if parameter is not None else []


def test_own_models_stand_in_every_list_after_the_shipped_ones(provider, home):
    shipped = models_of(provider, "classify_lrtacf_net")
    assert models_of(provider, "classify_model") == []
    copy(home, "mine")
    copy(home, SHIPPED)
    copy(home, "forest", of="randomforest_simulated_season")
    assert models_of(provider, "classify_lrtacf_net") == [*shipped, f"{SHIPPED} (own)", "mine"]
    assert models_of(provider, "classify_random_forest")[-1] == "forest"
    assert set(models_of(provider, "classify_model")) == {"forest", "mine", SHIPPED}
    assert {"forest", "mine", f"{SHIPPED} (own)"} <= set(models_of(provider, "calibrate"))
    offered = shipped_models.offered("lrtacf_net")
    assert offered[f"{SHIPPED} (own)"] == home / SHIPPED
    assert offered[SHIPPED] == assets.models() / SHIPPED


def test_of_models_that_fit_the_users_own_is_taken_first(home):
    mine = copy(home, "mine")
    assert shipped_models.candidates("lrtacf_net")[0] == str(mine)
    assert set(shipped_models.candidates("lrtacf_net")[1:]) == set(
        map(str, shipped_models.shipped("lrtacf_net").values())
    )


def test_a_card_that_changes_or_breaks_is_read_again(home):
    mine = copy(home, "mine")
    assert "mine" in shipped_models.own("lrtacf_net")
    card = mine / "model.json"
    card.write_text(card.read_text().replace('"lrtacf_net"', '"cropsts"'))
    os.utime(card, ns=(1, 1))
    assert "mine" not in shipped_models.own("lrtacf_net")
    card.write_text("{")
    assert shipped_models.own() == {}


TRAININGS = {
    "train_lrtacf_net": ("MODEL_FOLDER", "lrtacf_net"),
    "train_network": ("MODEL_FOLDER", "network"),
    "train_random_forest": ("MODEL_FOLDER", "random_forest"),
    "train_tsstfn": ("MODEL_FOLDER", "tsstfn"),
    "pretrain_cropsts": ("ENCODER_FOLDER", "cropsts"),
    "calibrate": ("CALIBRATED", "calibrate"),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_preset_of_a_training_is_a_new_folder_that_stays(provider, home, name):
    parameter, stem = TRAININGS[name]
    first = preset_of(provider, name, parameter)
    assert Path(first).parent == home
    assert re.fullmatch(rf"{stem}_\d{{4}}-\d\d-\d\d", Path(first).name)
    Path(first).mkdir()
    assert preset_of(provider, name, parameter) == f"{first}_2"


def preset_of(provider, name, parameter):
    made = provider.algorithm(name).create()
    return made.parameterDefinition(parameter).defaultValueForGui()


@pytest.mark.parametrize("name", TRAININGS)
def test_no_training_leaves_its_model_where_qgis_deletes_it(provider, home, name):
    parameter, stem = TRAININGS[name]
    made = provider.algorithm(name).create()
    context = QgsProcessingContext()
    for given in (QgsProcessing.TEMPORARY_OUTPUT, f"{QgsProcessingUtils.tempFolder()}/deep/er"):
        chosen = made.model_folder({parameter: given}, parameter, context)
        assert Path(chosen).parent == home
        assert Path(chosen).name.startswith(stem)
    assert made.model_folder({parameter: str(home / "named")}, parameter, context) == str(home / "named")


def test_own_models_lie_in_the_profile_by_default():
    assert shipped_models.own_models().parts[-2:] == ("crop_classifier", "models")
    assert Path(QgsProcessingUtils.tempFolder()) not in shipped_models.own_models().parents
