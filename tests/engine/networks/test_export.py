"""Every network's ONNX file equals torch on shapes that the exporter did not see, in every axis that it promises."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from crop_classifier_plugin.engine.networks.registry import NETWORKS, build, configure
from crop_classifier_plugin.engine.training.model_folder.onnx_export import export, verify
from crop_classifier_plugin.shared.errors import TrainingFailed
from kits.cards import changed
from kits.models import write_model
from kits.networks.inputs import DATES, TELLING, inputs, make, model_file, run


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_equals_torch_on_foreign_shapes(name):
    network, session = model_file(name)
    for batch, dates, high, wide in ((1, 1, 1, 1), (3, 7, 4, 2), (5, 3, 3, 5)):
        dates = dates if network.config.capabilities.any_dates else DATES
        given = inputs(network, batch, dates, high, wide, seed=batch)
        given.update({k: v * (v > 0.4) for k, v in given.items() if k.startswith("valid")})  # some dates are missing
        with torch.no_grad():
            np.testing.assert_allclose(run(session, given, "logits")[0], network(**given).numpy(), atol=1e-5)


@pytest.mark.parametrize("name", TELLING)
def test_the_file_tells_what_torch_tells(name):
    network, session = model_file(name)
    dates = 6 if network.config.capabilities.any_dates else DATES
    given = inputs(network, 1, dates, 3, 2, seed=4)
    probability, told = run(session, given, "probability", "attention")
    with torch.no_grad():
        logits, attention = network.attend(*given.values())
    np.testing.assert_allclose(probability, torch.softmax(logits, dim=1).numpy(), atol=1e-5)
    np.testing.assert_allclose(told, attention.numpy(), atol=1e-5)


def test_the_trainings_file_leaves_missing_dates_out_as_training_does(tmp_path):
    """UNet-3D takes images and validity, and days of the year between them only to leave them aside."""
    card = changed(write_model(tmp_path), multiple=make("unet_3d").config.multiple)
    sizes = len(card.inputs.bands), card.dates, len(card.legend)
    network = build("unet_3d", configure("unet_3d", {"widths": "8,16"}, *sizes)).eval()
    export(network, str(tmp_path / "model.onnx"), card)
    given = inputs(network, 2, card.dates, 1, 1)
    given["valid"][:, 1] = 0
    session = ort.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    with torch.no_grad():
        np.testing.assert_allclose(run(session, given, "logits")[0], network(**given).numpy(), atol=1e-5)


@pytest.mark.parametrize("name", ["convstar", "unet_convlstm", "vunet_convlstm"])
def test_the_form_for_export_is_the_same_network(name):
    network = make(name).double()
    twin = network.for_export().requires_grad_(True)
    given = inputs(network, 2, DATES, 1, 1)
    assert list(twin.state_dict()) == list(network.state_dict())
    gradients = []
    for each in (network, twin):
        each(**given).square().sum().backward()
        gradients.append({k: p.grad for k, p in each.named_parameters()})
    torch.testing.assert_close(gradients[1], gradients[0], atol=1e-10, rtol=1e-10)
    with torch.no_grad():
        torch.testing.assert_close(twin(**given), network(**given), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ["convstar", "unet_convlstm"])
def test_recurrent_networks_export_on_images_alone(name, tmp_path):
    """As the training path does, of a network that was just trained: dates fixed, no validity."""
    card = changed(write_model(tmp_path), multiple=make(name).config.multiple)
    network = build(name, configure(name, {"preset": "small"}, len(card.inputs.bands), card.dates, len(card.legend)))
    export(network, str(tmp_path / "model.onnx"), card)  # compares with torch on three shapes
    operators = [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node]
    assert "Scan" in operators


@pytest.fixture
def exported(tmp_path):
    """A small network with weights so large that rounding alone moves its logits by more than 1e-4, and its file."""
    card = changed(write_model(tmp_path), multiple=make("unet").config.multiple)
    network = build("unet", configure("unet", {"widths": "8,16"}, len(card.inputs.bands), card.dates, len(card.legend)))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(6)
    network.eval()
    export(network, str(tmp_path / "model.onnx"), card)
    return network, str(tmp_path / "model.onnx"), card


def test_rounding_does_not_make_a_model_another(exported):
    assert verify(*exported) > 1e-4


def test_the_file_of_another_network_is_refused(exported):
    network, path, card = exported
    with torch.no_grad():
        next(network.parameters()).mul_(1.01)
    with pytest.raises(
        TrainingFailed, match=r"^The exported model differs from the trained one by .*: it was not kept"
    ):
        verify(network, path, card)
