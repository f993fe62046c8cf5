"""Networks that tell how much they heed each date."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from network_kit import DATES, inputs, make, save_model_file

SIZES = {
    "attention_3dcnn": {"radar_widths": "4,16"},
    "cropsts": {"depth": "1", "taps": "1,1,1,1"},
    "lrtacf_net": {"widths": "8,16", "cfma_blocks": "1"},
}
SHARED = ("cropsts", "lrtacf_net")  # the dates share 1


@pytest.mark.parametrize("name", SIZES)
def test_attending_changes_nothing_and_gives_a_weight_a_date(name: str) -> None:
    network = make(name, **SIZES[name])
    given = inputs(network, 3, DATES, 2, 1)
    with torch.no_grad():
        logits, attention = network.attend(*given.values())
        torch.testing.assert_close(logits, network(*given.values()), rtol=0, atol=0)
    assert attention.shape == (3, DATES)
    assert (attention >= 0).all()
    assert (attention <= 1 + 1e-6).all()
    if name in SHARED:
        torch.testing.assert_close(attention.sum(dim=1), torch.ones(3))


@pytest.mark.parametrize("name", ["attention_3dcnn", "cropsts"])
def test_a_date_that_is_not_there_is_not_heeded(name: str) -> None:
    network = make(name, **SIZES[name])
    given = inputs(network, 2, DATES, 1, 1)
    for key in given:
        if key.startswith("valid"):
            given[key][:, 1] = 0
    with torch.no_grad():
        attention = network.attend(*given.values())[1]
    assert (attention[:, 1] == 0).all()
    assert (attention[:, [0, 2, 3]] > 0).all()


def test_lrtsa_heeds_a_date_that_its_query_and_key_agree_on() -> None:
    """The weight is what LRTSA mixes the dates with: with one date's key aligned to all queries it takes all of 1."""
    network = make("lrtacf_net", **SIZES["lrtacf_net"])
    attention = network.attention
    with torch.no_grad():
        attention.query.weight.zero_()
        attention.query.bias.fill_(1.0)
        attention.key.weight.zero_()
        attention.code.zero_()
        attention.key.bias.fill_(0.0)
        given = inputs(network, 1, DATES, 1, 1)
        even = network.attend(*given.values())[1]
        torch.testing.assert_close(even, torch.full((1, DATES), 1 / DATES))
        attention.code[2] = 1
        attention.key.weight.copy_(torch.full_like(attention.key.weight, 100 / attention.key.weight.shape[1]))
        network.encoders.apply(lambda m: m.weight.zero_() if isinstance(m, torch.nn.Conv2d) else None)
        for each in network.encoders.modules():
            if isinstance(each, torch.nn.BatchNorm2d):
                each.weight.zero_()
                each.bias.zero_()
        torch.testing.assert_close(network.attend(*given.values())[1][0, 2], torch.tensor(1.0))


@pytest.mark.parametrize("alone", ["optical", "radar"])
def test_a_network_of_one_series_takes_it_in_the_order_of_its_inputs(alone: str) -> None:
    other = "radar" if alone == "optical" else "optical"
    network = make("attention_3dcnn", **{other: "false"}, **SIZES["attention_3dcnn"])
    given = inputs(network, 2, DATES, 1, 2)
    with torch.no_grad():
        torch.testing.assert_close(network(*given.values()), network(**given), rtol=0, atol=0)
        changed = {k: v * (torch.arange(DATES) != 1) if k.startswith("valid") else v for k, v in given.items()}
        assert (network(*changed.values()) - network(*given.values())).abs().max() > 1e-4


@pytest.mark.parametrize("name", SIZES)
def test_the_file_tells_what_torch_tells(name: str, tmp_path: Path) -> None:
    network = make(name, **SIZES[name])
    save_model_file(network, DATES, tmp_path / "model.onnx")
    session = ort.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    dates = 6 if network.config.promises.any_dates else DATES
    given = inputs(network, 1, dates, 3, 2, seed=4)
    found = session.run(["probability", "attention"], {k: v.numpy() for k, v in given.items()})
    with torch.no_grad():
        logits, attention = network.attend(*given.values())
    np.testing.assert_allclose(found[0], torch.softmax(logits, dim=1).numpy(), atol=1e-5)
    np.testing.assert_allclose(found[1], attention.numpy(), atol=1e-5)
