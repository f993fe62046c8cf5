"""Trainings that go on from the weights of another model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.networks.registry import build, configure
from crop_classifier_plugin.engine.training.model_folder.initial_weights import (
    class_axes,
    load_initial_weights,
    read_initial_weights,
)
from crop_classifier_plugin.engine.training.model_folder.weights_file import save_weights
from crop_classifier_plugin.engine.training.supervised.fit import prepared
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.shared.errors import BadInput, BadModel
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.models import write_model
from kits.training.two_series import job_of

OLD = Legend((CropClass(1, "wheat", "#111111"), CropClass(2, "maize", "#222222"), CropClass(3, "beet", "#333333")))
NEW = Legend((CropClass(1, "Maize", "#222222"), CropClass(2, "oats", "#444444"), CropClass(3, "wheat", "#111111")))
SETTINGS = {
    "lrtacf_net": {"widths": "8,8", "heads": "2", "key_dim": "2", "cfma_blocks": "1", "cfma_width": "8"},
    "attention_3dcnn": {"preset": "small", "radar": "false"},
    "vunet_convlstm": {"widths": "4", "hidden": "4"},
    "unet_plusplus": {"widths": "8,8,8"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_classes_of_the_same_name_keep_what_was_learnt_of_them(name: str, tmp_path: Path) -> None:
    config = configure(name, SETTINGS[name], 2, 3, 3)
    torch.manual_seed(0)
    before, after = build(name, config).eval(), build(name, config).eval()
    write_model(tmp_path, network=name, settings=config.settings(), legend=OLD, bands=("B04", "B8A"), mean=(1.0, 2.0),
                std=(1.0, 1.0))  # fmt: skip
    save_weights(before, str(tmp_path / "weights.safetensors"))
    fresh = {key: value.clone() for key, value in after.state_dict().items()}
    load_initial_weights(after, read_initial_weights(str(tmp_path)), NEW, Silent())
    axes = class_axes(config, name)
    assert any(axes.values())
    for key, value in after.state_dict().items():
        if not axes[key]:
            assert torch.equal(value, before.state_dict()[key])
        elif len(axes[key]) == 1:
            rows = [t.movedim(axes[key][0], 0) for t in (value, before.state_dict()[key], fresh[key])]
            assert torch.equal(rows[0][0], rows[1][1])  # maize
            assert torch.equal(rows[0][2], rows[1][0])  # wheat
            assert torch.equal(rows[0][1], rows[2][1])  # oats are new
    load_initial_weights(after, read_initial_weights(str(tmp_path)), OLD, Silent())
    assert all(torch.equal(value, before.state_dict()[key]) for key, value in after.state_dict().items())


def test_weights_that_are_not_what_they_claim_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path, network="vunet_convlstm", bands=("B04", "B8A"), mean=(1.0, 2.0), std=(1.0, 1.0), legend=OLD)
    network = build("vunet_convlstm", configure("vunet_convlstm", SETTINGS["vunet_convlstm"], 2, 3, 3))
    with pytest.raises(BadModel, match=r"has no weights\.safetensors"):
        load_initial_weights(network, read_initial_weights(str(tmp_path)), OLD, Silent())
    (tmp_path / "weights.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(BadModel, match="cannot be read"):
        load_initial_weights(network, read_initial_weights(str(tmp_path)), OLD, Silent())
    save_weights(build("unet", configure("unet", {"preset": "small"}, 2, 3, 3)), str(tmp_path / "weights.safetensors"))
    with pytest.raises(BadModel, match="another network"):
        load_initial_weights(network, read_initial_weights(str(tmp_path)), OLD, Silent())
    whole = {name: value.to(torch.int8) for name, value in network.state_dict().items()}
    save_file(whole, str(tmp_path / "weights.safetensors"))
    with pytest.raises(BadModel, match=r"stored as torch\.int8, not as torch\.float32"):
        load_initial_weights(network, read_initial_weights(str(tmp_path)), OLD, Silent())
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    save_weights(network, str(tmp_path / "weights.safetensors"))
    with pytest.raises(BadModel, match="no numbers"):
        load_initial_weights(network, read_initial_weights(str(tmp_path)), OLD, Silent())


def test_frozen_parts_do_not_learn_and_unknown_ones_are_refused(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path, network="vunet_convlstm", frozen=("encoder",))
    config = configure("vunet_convlstm", SETTINGS["vunet_convlstm"], 2, 3, 3)
    network = prepared(job.network, build("vunet_convlstm", config), OLD, Silent())
    learning = {name.split(".")[0]: p.requires_grad for name, p in network.named_parameters()}
    assert not learning.pop("encoder")
    assert all(learning.values())
    with pytest.raises(BadInput, match="choose among encoder"):
        prepared(replace(job.network, frozen=("body",)), build("vunet_convlstm", config), OLD, Silent())


def test_a_start_of_another_network_is_refused(place: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "other", network="unet")
    with pytest.raises(BadInput, match="is a unet"):
        resolve_job(job_of(place, tmp_path / "m", start=str(tmp_path / "other")), Silent())
