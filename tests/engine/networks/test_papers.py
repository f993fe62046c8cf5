"""What defines each network of the papers: its parameter count, and the property that makes it what it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given as forall
from hypothesis import settings as rules
from hypothesis import strategies as st
from torch import nn

from crop_classifier_plugin.engine.networks.base import parameter_count
from crop_classifier_plugin.engine.networks.complexity import gflop
from crop_classifier_plugin.engine.networks.registry import build, configure, entry
from crop_classifier_plugin.engine.networks.tsstfn import LstmPath
from crop_classifier_plugin.engine.networks.unet_convlstm import ConvLstm, hard_sigmoid, season_features
from kits.networks.inputs import DATES, inputs, make


def paper(name: str, **settings: object):
    sample = entry(name).sample
    with torch.device("meta"):
        return build(name, configure(name, settings, sample.bands, sample.dates, sample.classes))


@pytest.mark.parametrize(
    ("name", "settings", "parameters"),
    [
        ("unet", {}, 157_905_358),  # Models 1 and 2
        ("unet", {"deep_supervision": True}, 157_918_854),  # Model-3
        ("unet_plusplus", {}, 95_899_782),  # Model-6
        ("unet_plusplus", {"deep_supervision": False}, 95_899_782),  # Models 4 and 5
        ("lrtacf_net", {"cfma_blocks": 0}, 166_114_900),
        ("lrtacf_net", {"cfma_blocks": 3}, 167_184_496),
        ("lrtacf_net", {}, 167_640_688),
        ("attention_3dcnn", {}, 932_871),
        ("tsstfn", {}, 44_000_273),
        ("unet_convlstm", {}, 3_244_198),
        ("vunet_convlstm", {}, 3_262_630),
    ],
)
def test_parameters(name, settings, parameters):
    assert parameter_count(paper(name, **settings)) == parameters


@pytest.mark.parametrize(
    ("settings", "millions"),
    [
        ({"cl_keep": False}, (34.7, 34.8)),
        ({"cl_output": "sequence"}, (118, 128)),
        ({"share_chunks": False}, (298, 308)),
        ({"paths": 0}, (31, 32)),
    ],
)
def test_parameters_of_other_readings_of_tsstfn(settings, millions):
    assert millions[0] <= parameter_count(paper("tsstfn", **settings)) / 1e6 <= millions[1]


@pytest.mark.parametrize(
    ("name", "shapes", "expected"),
    [
        ("unet", [(1, 3, 6, 224, 224)], 104.5),
        ("unet_plusplus", [(1, 3, 6, 224, 224)], 281.6),
        ("tsstfn", [(1, 8, 2, 192, 192)], 141.2),
        ("attention_3dcnn", [(1, 12, 10, 32, 32), (1, 12, 2, 32, 32)], 9.4),
        ("attention_3dcnn", [(1, 12, 10, 128, 128), (1, 12, 2, 128, 128)], 150.4),
    ],
)
def test_gflop(name, shapes, expected):
    assert gflop(paper(name), [torch.empty(s, device="meta") for s in shapes]) == pytest.approx(expected, abs=0.05)


# --- Models 1-6 ------------------------------------------------------------------------------------------------------


def test_a_head_of_unet_plusplus_reads_its_own_depth_only():
    """X[0][j] is a U-Net of j levels: what lies deeper can be cut off."""
    network = make("unet_plusplus")
    given = inputs(network, 1, DATES, 1, 1)
    network.training = True  # all heads, with its parts in eval mode
    with torch.no_grad():
        before = network(**given)
        network.encoder.levels[2].register_forward_hook(lambda module, args, out: out + 1)
        same = [torch.equal(a, b) for a, b in zip(network(**given), before)]
    assert same == [True, False, False]


def test_further_heads_may_run_before_the_up_sampling():
    """A 1x1 convolution and bilinear interpolation commute, which Model-3 relies on to save memory."""
    network = make("unet", deep_supervision=True).double()
    low = torch.randn(1, 24, 5, 5, dtype=torch.float64)
    up, head = nn.Upsample(scale_factor=2, mode="bilinear"), network.further_heads[0]
    torch.testing.assert_close(head(up(low)), up(head(low)))


# --- UnetConvLSTM, VUnetConvLSTM -------------------------------------------------------------------------------------


def test_conv_lstm_by_hand():
    """One cell of one pixel against the definition, written with numpy: gates i, f, candidate, o."""
    torch.manual_seed(0)
    lstm = ConvLstm(2, 3, hard_gates=True).double()
    x = torch.randn(1, 4, 2, 1, 1, dtype=torch.float64)
    w, u = (layer.weight[:, :, 1, 1].detach().numpy() for layer in (lstm.from_input, lstm.from_state))
    b = lstm.from_input.bias.detach().numpy()
    h = c = np.zeros(3)
    for t in range(4):
        i, f, g, o = np.split(w @ x[0, t, :, 0, 0].numpy() + b + u @ h, 4)
        i, f, o = (np.clip(0.2 * z + 0.5, 0, 1) for z in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
    np.testing.assert_allclose(lstm(x)[0, :, 0, 0].detach().numpy(), h, rtol=1e-12)


def test_conv_lstm_starts_as_in_keras():
    lstm = make("unet_convlstm").recurrence
    bias = lstm.from_input.bias.detach()
    assert torch.equal(bias, torch.cat([torch.zeros(32), torch.ones(32), torch.zeros(64)]))
    kernel = lstm.from_state.weight.detach().flatten(1)
    torch.testing.assert_close(kernel @ kernel.T, torch.eye(128), atol=1e-5, rtol=0)


def test_hard_sigmoid_is_keras_own():
    z = torch.tensor([-3.0, -2.5, 0.0, 1.0, 2.5, 9.0])
    torch.testing.assert_close(hard_sigmoid(z), torch.tensor([0.0, 0.0, 0.5, 0.7, 1.0, 1.0]))


@forall(st.integers(0, 365))
@rules(max_examples=30, deadline=None)
def test_the_season_has_no_jump(day):
    now, later = season_features(torch.tensor([[day, (day + 1) % 366]]))[0]
    assert ((now >= 0) & (now <= 1)).all()
    assert float((later - now).norm()) < 0.01


def test_vunet_does_not_read_the_day_of_a_date_that_is_not_there():
    network = make("vunet_convlstm")
    given = inputs(network, 1, DATES, 1, 1)
    given["x"][:, :2], given["valid"][:, :2] = 0, 0
    other = given["doy"].clone()
    other[:, :2] = 200
    with torch.no_grad():
        assert torch.equal(network(**(given | {"doy": other})), network(**given))


# --- TSSTFN ----------------------------------------------------------------------------------------------------------


def test_tsstfn_does_not_read_the_fine_image_it_predicts():
    network = make("tsstfn")
    x = inputs(network, 1, DATES, 1, 1)["x"]
    other = x.clone()
    other[:, -1, 1] = 9
    with torch.no_grad():
        assert torch.equal(network(other), network(x))
        other[:, -1, 0] = 9
        assert not torch.equal(network(other), network(x))


def test_an_lstm_path_of_tsstfn_keeps_chunks_apart_and_reads_channels_in_order():
    path = LstmPath(6, 8, copies=1, whole=False).double().eval()
    path.attention = nn.Identity()
    x = torch.randn(1, 6, 4, 4, dtype=torch.float64)  # two chunks of two rows
    other = x.clone()
    other[:, :, 0, 0] += 1
    with torch.no_grad():
        same = (path(other) == path(x))[0, 0].all(dim=1)
        assert same.tolist() == [False, False, True, True]
        by_torch = path.lstms[0](x[0, :, 2:].reshape(6, 8)[None])[0][0, -1]
        torch.testing.assert_close(path(x)[0, 0, 2:].ravel(), by_torch)


def test_tsstfn_works_at_the_papers_tile():
    assert paper("tsstfn").config.multiple == 192


# --- Attention-3DCNN -------------------------------------------------------------------------------------------------


def test_attention_maps_are_shares_and_know_missing_dates():
    network = make("attention_3dcnn")
    given = inputs(network, 2, 5, 6, 7)
    given["valid_s2"][:, 3], given["valid_s1"][:, 3] = 0, 0
    logits, maps = network.explain(**given)
    assert (maps.channel.shape, maps.temporal.shape, maps.spatial.shape) == ((2, 24), (2, 5), (2, 1, 6, 7))
    assert all(((m >= 0) & (m <= 1)).all() for m in maps)
    assert (maps.temporal[:, 3] == 0).all()
    assert (maps.temporal[:, :3] > 0).all()
    assert torch.equal(logits, network(**given))


@pytest.mark.parametrize("which", ["channel", "temporal", "spatial"])
def test_each_attention_can_be_switched_off(which):
    network = make("attention_3dcnn", **{f"{which}_attention": "false"})
    maps = network.explain(**inputs(network, 1, 3, 4, 4))[1]
    assert [name for name, m in maps._asdict().items() if (m == 1).all()] == [which]


def test_a_clouded_date_leaves_the_radar_alone():
    network = make("attention_3dcnn")
    given = inputs(network, 1, 3, 5, 5)
    given["valid_s2"][:, 1] = 0
    cloud, radar = given["x_s2"].clone(), given["x_s1"].clone()
    cloud[:, 1] = 50
    radar[:, 1] += 1
    with torch.no_grad():
        assert torch.equal(network(**(given | {"x_s2": cloud})), network(**given))
        assert not torch.equal(network(**(given | {"x_s1": radar})), network(**given))


def test_a_date_without_radar_says_nothing_of_radar():
    """Else its features would be what the norms make of zeros, which looks like a measurement."""
    network = make("attention_3dcnn")
    maps = network.radar(torch.randn(1, 2, 2, 4, 4), torch.tensor([[0.0, 0.4]]))
    assert not maps[:, 0].any()
    assert maps[:, 1].any()


@pytest.mark.parametrize(("absent", "left"), [("s1", "s2"), ("s2", "s1")])
def test_an_absent_series_is_one_without_a_usable_date(absent, left):
    network = make("attention_3dcnn")
    given = inputs(network, 2, 3, 5, 5)
    without = {k: v for k, v in given.items() if k.endswith(left)}
    with torch.no_grad():
        given[f"valid_{absent}"][:] = 0
        assert torch.equal(network(**without), network(**given))
        assert network(**without).isfinite().all()


def test_a_switched_off_modality_has_no_weights_and_no_input():
    both, optical, radar = (make("attention_3dcnn", **{k: "false"} if k else {}) for k in ("", "radar", "optical"))
    assert both.inputs == ("x_s2", "x_s1", "valid_s2", "valid_s1")
    assert optical.inputs == ("x_s2", "valid_s2")
    assert radar.inputs == ("x_s1", "valid_s1")
    assert not any(k.startswith("radar") for k in optical.state_dict())
    assert not any(k.startswith("optical") for k in radar.state_dict())


# --- baselines -------------------------------------------------------------------------------------------------------


def test_convstar_by_hand():
    """One layer of one pixel against the definition, written with numpy; the second date is missing."""
    network = make("convstar", layers=1, width=3).double()
    layer, x = network.layers[0], torch.randn(1, 3, 10, 1, 1, dtype=torch.float64)
    w, u = (each.weight[:, :, 1, 1].detach().numpy() for each in (layer.from_input, layer.from_state))
    h = np.zeros(3)
    for t in (0, 2):
        gate, candidate = np.split(w @ x[0, t, :, 0, 0].numpy() + layer.from_input.bias.detach().numpy(), 2)
        k = 1 / (1 + np.exp(-(gate + u @ h)))
        h = k * h + (1 - k) * np.tanh(candidate)
    logits = network.head.weight[:, :, 0, 0].detach().numpy() @ h + network.head.bias.detach().numpy()
    found = network(x, valid=torch.tensor([[1.0, 0.0, 1.0]]))[0, :, 0, 0].detach().numpy()
    np.testing.assert_allclose(found, logits, rtol=1e-12)


def test_a_3d_unet_sees_neighbouring_dates_before_it_averages_them():
    """Without convolutions over time the mean over the dates would not know their order."""
    network = make("unet_3d").double()
    given = inputs(network, 1, DATES, 1, 1)
    kept = {"x": given["x"], "valid": torch.ones(1, DATES)}
    with torch.no_grad():
        swapped = network(kept["x"][:, [1, 0, 2, 3]], valid=kept["valid"])
        assert (swapped - network(**kept)).abs().max() > 1e-4
