"""Pre-training in QGIS, with the real engine, on a simulated season."""

import json
from pathlib import Path

import pytest
from qgis.core import QgsProcessingException

from crop_classifier_plugin.algorithms.train.pretrain_cropsts import FINISH
from crop_classifier_plugin.bridge import runner
from crop_classifier_plugin.shared.choices import RESUME
from kits.plugin.qgis import Recorder, run

SHORT = {"EPOCHS": 1, "COUNT": 2, "BATCH": 1, "BANDS": "B02 B03 B04 B8A"}


def test_an_encoder_is_learnt_from_scenes_and_parcels(provider, season, context, tmp_path):
    folder, feedback = tmp_path / "encoder", Recorder()
    asked = {"INPUT": season["SCENES"], "PARCELS": season["PARCELS"], "ENCODER_FOLDER": str(folder), **SHORT}
    results = run("pretrain_cropsts", asked, context, feedback)
    assert set(results) == {o.name() for o in provider.algorithm("pretrain_cropsts").outputDefinitions()}
    facts = json.loads((folder / "encoder.json").read_text())
    assert facts["bands"] == ["B02", "B03", "B04", "B8A"]
    assert facts["simulated"]
    assert facts["learning"]["masks"]
    assert results["LOSS"] > 0
    written = ["encoder.json", "encoder.safetensors", "pretraining.csv", "pretraining.run.json"]
    assert sorted(p.name for p in folder.iterdir()) == written
    assert any("without alignment" in line for line in feedback.warnings)
    asked = {"ENCODER": str(folder), "INPUT": season["SCENES"], "LABELS": season["PARCELS"], "FIELD": "crop_name"}
    found = run("probe", {**asked, "DRAWS": 1, "TILE": 32, "REPORT_JSON": str(tmp_path / "probe.json")}, context)
    assert set(found) == {o.name() for o in provider.algorithm("probe").outputDefinitions()} - {"REPORT_CSV"}
    report = json.loads(Path(found["REPORT_JSON"]).read_text())
    assert found["KNN_ACCURACY"] == report["results"][0]["accuracy"]


def test_a_teacher_that_is_none_is_told_as_it_is(provider, season, context, tmp_path):
    teacher = Path(tmp_path / "dino.onnx")
    teacher.write_text("no network")
    asked = {"INPUT": season["SCENES"], "TEACHER": str(teacher), "ENCODER_FOLDER": str(tmp_path / "e"), **SHORT}
    with pytest.raises(QgsProcessingException, match="it is no ONNX file"):
        run("pretrain_cropsts", asked, context)


@pytest.mark.parametrize("choice", range(len(RESUME)))
def test_an_earlier_pre_training_is_taken_up_or_thrown_away_in_the_words_of_a_training(
    provider, season, context, tmp_path, monkeypatch, choice
):
    asked = []
    monkeypatch.setattr(runner, "run", lambda job, feedback, reads: asked.append(job) or {"outputs": {"loss": 1.0}})
    run(
        "pretrain_cropsts",
        {"INPUT": season["SCENES"], "ENCODER_FOLDER": str(tmp_path / "e"), "RESUME": choice, **SHORT},
        context,
    )
    word = list(RESUME)[choice]
    assert asked[0].resume == word
    here = provider.algorithm("pretrain_cropsts").parameterDefinition("RESUME")
    assert len(here.options()) == len(RESUME)
    assert here.options()[choice] == {**RESUME, "finish": FINISH}[word]
    told = " ".join(provider.algorithm("pretrain_cropsts").shortHelpString().lower().split())
    assert here.description().lower() in told
