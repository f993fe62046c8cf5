"""Laws of self-distillation without labels: views, plot-wise masks, teacher, losses, and a whole pre-training."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import geopandas as gpd
import pytest
import shapely
import torch
from safetensors.torch import load_file

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.networks.cropsts import CropSts
from crop_classifier_plugin.engine.training.model_folder.encoder_folder import read_facts
from crop_classifier_plugin.engine.training.model_folder.initial_weights import (
    load_initial_weights,
    read_initial_weights,
)
from crop_classifier_plugin.engine.training.pretraining import recipe as recipe_room
from crop_classifier_plugin.engine.training.pretraining.job import pretrain
from crop_classifier_plugin.engine.training.pretraining.probe import probe
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BadModel,
    CancelledKept,
    LabelsUnusable,
)
from kits.training.pretraining import TINY, job_of, probe_of, with_optim
from kits.training.toy import LEGEND

torch.set_num_threads(1)


# --- a whole pre-training --------------------------------------------------------------------------------------------


def test_pre_training_leaves_an_encoder_that_a_network_starts_from(toy, tmp_path, tiny):
    folder = tmp_path / "encoder"
    result = pretrain(job_of(toy, folder, parcels=str(toy / "parcels.gpkg")), Silent())
    kept = {"encoder.json", "encoder.safetensors", "pretraining.csv"}
    assert {p.name for p in folder.iterdir()} == {*kept, "pretraining.run.json"}
    assert json.loads((folder / "pretraining.run.json").read_text())["files"].keys() == kept
    facts = read_facts(folder)
    assert (facts.bands, facts.count, facts.settings["width"]) == (("B04", "B8A"), 3, 16)
    assert facts.learning["masks"]
    assert len((folder / "pretraining.csv").read_text().splitlines()) == 3
    assert math.isfinite(result["loss"])
    start = read_initial_weights(str(folder))
    assert (start.bands, start.statistics.mean, start.settings) == (facts.bands, facts.mean, facts.settings)
    network = CropSts(facts.config(classes=2))
    load_initial_weights(network, start, LEGEND, Silent())
    for name, value in load_file(folder / "encoder.safetensors").items():
        torch.testing.assert_close(network.encoder.state_dict()[name], value)
    again = tmp_path / "again"
    pretrain(job_of(toy, again, parcels=str(toy / "parcels.gpkg")), Silent())
    assert read_facts(again).sha256 == facts.sha256  # the same seed


def test_the_loss_falls_on_the_toy_season(toy, tmp_path, monkeypatch):
    """Against the start: the loss of a student that says the same of everything is log K."""
    longer = replace(with_optim(TINY, epochs=5, batch=4), min_steps=8, at_once=4)
    monkeypatch.setitem(recipe_room.RECIPES, "small", longer)
    pretrain(job_of(toy, tmp_path / "e"), Silent())
    rows = (tmp_path / "e" / "pretraining.csv").read_text().splitlines()
    losses = [float(row.split(",")[1]) for row in rows[1:]]
    assert losses[-1] < losses[0]
    assert losses[-1] < math.log(TINY.head.outputs)


def test_an_encoder_of_another_shape_or_other_bytes_is_refused(toy, tmp_path, tiny):
    folder = tmp_path / "encoder"
    pretrain(job_of(toy, folder, epochs=1), Silent())
    facts = read_facts(folder)
    other = CropSts(replace(facts.config(classes=2), width=32))
    with pytest.raises(BadModel, match="has the shape"):
        load_initial_weights(other, read_initial_weights(str(folder)), LEGEND, Silent())
    (folder / "encoder.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(BadModel, match="is not the file"):
        read_initial_weights(str(folder))
    (folder / "encoder.json").write_text("{}")
    with pytest.raises(BadModel, match="does not describe an encoder"):
        read_initial_weights(str(folder))
    with pytest.raises(BadModel, match=r"no encoder\.json"):
        read_facts(tmp_path)


@pytest.mark.parametrize("wrong", [{"std": []}, {"mean": ["a"]}, {"count": "3"}, {"scale": 0.0}, {"settings": 3}])
def test_facts_of_other_types_or_lengths_describe_no_encoder(toy, tmp_path, tiny, wrong):
    folder = tmp_path / "encoder"
    pretrain(job_of(toy, folder, epochs=1), Silent())
    told = json.loads((folder / "encoder.json").read_text())
    (folder / "encoder.json").write_text(json.dumps(told | wrong))
    with pytest.raises(BadModel, match="does not describe an encoder"):
        read_facts(folder)


def test_cancel_keeps_the_last_epoch(toy, tmp_path, tiny):
    class Impatient(Silent):
        def progress(self, fraction, message, done=0, total=0):
            if message.endswith("epoch 2"):
                self.stop.set()
            super().progress(fraction, message, done, total)

    with pytest.raises(CancelledKept, match="after epoch 1 was kept"):
        pretrain(job_of(toy, tmp_path / "e"), Impatient())
    assert read_facts(tmp_path / "e").learning["epochs_done"] == 1


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"bands": ("VV", "VH")}, BadInput, "reflectance"),
        ({"settings": (("patch", "12"),)}, BadInput, "whole number of patches"),
        ({"teacher": "/nowhere.onnx"}, BadInput, "the bands lack B03, B02"),
        ({"parcels": "/nowhere.gpkg"}, LabelsUnusable, "cannot be read"),
    ],
)
def test_a_job_that_cannot_be_done_is_one_sentence(toy, tmp_path, tiny, change, error, words):
    with pytest.raises(error, match=words):
        pretrain(job_of(toy, tmp_path / "e", **change), Silent())
    assert not list((tmp_path / "e").glob("*"))


def test_the_inputs_are_never_overwritten(toy, tmp_path, tiny):
    pretrain(job_of(toy, tmp_path / "e", epochs=1), Silent())
    before = (tmp_path / "e" / "encoder.json").read_bytes()
    with pytest.raises(BadInput, match="would replace an input"):
        probe(replace(probe_of(toy, tmp_path), report_json=str(tmp_path / "e" / "encoder.json")), Silent())
    teacher = str(tmp_path / "e" / "encoder.safetensors")
    with pytest.raises(BadInput, match="would replace an input"):
        pretrain(job_of(toy, tmp_path / "e", teacher=teacher), Silent())
    assert (tmp_path / "e" / "encoder.json").read_bytes() == before
    assert len(list((tmp_path / "e").iterdir())) == 4


def test_parcels_elsewhere_are_one_sentence(toy, tmp_path, tiny):
    far = tmp_path / "far.gpkg"
    gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10)], crs="EPSG:32631").to_file(far)
    with pytest.raises(LabelsUnusable, match="lies on the series"):
        pretrain(job_of(toy, tmp_path / "e", parcels=str(far)), Silent())
