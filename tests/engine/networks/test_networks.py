"""Laws of every network, and the numbers that pin LRTACF-Net to docs/papers/lrtacf_net.md, section 2."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.networks.base import DataSizes, parameter_count
from crop_classifier_plugin.engine.networks.lrtacf_net import LrtacfNet, LrtacfNetConfig, date_encoding
from crop_classifier_plugin.engine.networks.registry import build, configure
from crop_classifier_plugin.shared.errors import BadInput

NETWORKS = ("lrtacf_net",)
torch.set_num_threads(1)


def make(name: str = "lrtacf_net", bands: int = 6, dates: int = 3, classes: int = 5, **extra: object):
    torch.manual_seed(0)
    return build(name, configure(name, {"preset": "small", **extra}, bands, dates, classes))


# --- docs/papers/lrtacf_net.md, section 2 ----------------------------------------------------------------------------


@pytest.mark.parametrize(("blocks", "parameters"), [(0, 166_114_900), (3, 167_184_496), (5, 167_640_688)])
def test_parameters_of_models_7_8_9(blocks, parameters):
    with torch.device("meta"):
        net = LrtacfNet(LrtacfNetConfig(DataSizes(6, 3, 14), cfma_blocks=blocks))
    assert parameter_count(net) == parameters


def test_parameters_of_a_shared_encoder():
    with torch.device("meta"):
        net = LrtacfNet(LrtacfNetConfig(DataSizes(6, 3, 14), shared_encoder=True))
    assert parameter_count(net) == 167_640_688 - 2 * 37_727_360  # two of the three encoders less


def test_flops_of_model_9():
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        net = LrtacfNet(LrtacfNetConfig(DataSizes(6, 3, 14))).train()
        with FlopCounterMode(display=False) as counter:
            net(torch.empty(1, 3, 6, 224, 224))
    # 254.7 with the heads on up-sampled maps; at their own resolution five of them cost less
    saved = sum(
        2 * 14 * c * (224**2 - side**2) for c, side in ((1024, 7), (1024, 14), (512, 28), (256, 56), (128, 112))
    )
    assert (counter.get_total_flops() + saved) / 1e9 == pytest.approx(254.7, abs=0.1)


def test_shapes_of_the_full_size_on_the_meta_device():
    with torch.device("meta"):
        net = LrtacfNet(LrtacfNetConfig(DataSizes(6, 3, 14)))
        x = torch.empty(2, 3, 6, 224, 224)
        assert net.train()(x).shape == (8, 2, 14, 224, 224)
        assert net.eval()(x).shape == (2, 14, 224, 224)


def test_date_encoding_by_hand():
    code = date_encoding(3, 4).numpy()
    expected = [[np.sin(t), np.cos(t), np.sin(t / 1000**0.5), np.cos(t / 1000**0.5)] for t in range(3)]
    np.testing.assert_allclose(code, expected, atol=1e-6)


def test_attention_weights_are_shares_of_the_dates():
    net = make(dates=5).eval()
    low, weight = net.attention(torch.randn(2, 5, 32, 3, 4))
    assert low.shape == (2, 32, 3, 4)
    assert weight.shape == (2, 5, 4, 3, 4)
    torch.testing.assert_close(weight.sum(dim=1), torch.ones(2, 4, 3, 4))
    assert (weight >= 0).all()


def test_attention_by_hand():
    """One pixel against the definition, written with numpy."""
    net = make(dates=3).eval().double()
    a = net.attention
    x = torch.randn(1, 3, 32, 1, 1, dtype=torch.float64)
    low, weight = a(x)
    z = x[0, :, :, 0, 0].numpy() + a.code.numpy()
    q, k, v = (z @ m.weight.detach().numpy().T + m.bias.detach().numpy() for m in (a.query, a.key, a.value))
    mixed = []
    for h in range(4):
        s = q[:, 4 * h : 4 * h + 4] @ k[:, 4 * h : 4 * h + 4].T / 2
        share = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        shares = share.mean(axis=0)
        np.testing.assert_allclose(weight[0, :, h, 0, 0].detach().numpy(), shares)
        mixed.append(shares @ v[:, 8 * h : 8 * h + 8])
    expected = np.maximum(np.concatenate(mixed) / np.sqrt(1 + a.norm.eps), 0)
    np.testing.assert_allclose(low[0, :, 0, 0].detach().numpy(), expected, rtol=1e-10)


# --- laws of every network -------------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(
    name=st.sampled_from(NETWORKS),
    batch=st.integers(1, 2),
    dates=st.integers(1, 5),
    bands=st.integers(1, 7),
    classes=st.integers(1, 9),
    high=st.integers(1, 3),
    wide=st.integers(1, 3),
    blocks=st.integers(0, 5),
    shared=st.booleans(),
)
def test_any_size_gives_one_logit_a_class_and_pixel(name, batch, dates, bands, classes, high, wide, blocks, shared):
    net = make(name, bands, dates, classes, cfma_blocks=blocks, shared_encoder=shared).eval()
    size = (net.config.multiple * high, net.config.multiple * wide)
    with torch.no_grad():
        assert net(torch.randn(batch, dates, bands, *size)).shape == (batch, classes, *size)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("extra", [{}, {"cfma_blocks": 3}, {"cfma_blocks": 0}, {"shared_encoder": True}])
def test_every_parameter_gets_a_gradient(name, extra):
    net = make(name, dropout=0.0, **extra).train()
    out = net(torch.randn(2, 3, 6, 64, 64))
    (out * torch.randn_like(out)).sum().backward()
    without = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("extra", [{}, {"shared_encoder": True}])
def test_the_order_of_the_dates_matters(name, extra):
    net = make(name, **extra)
    x = torch.randn(2, 3, 6, 32, 32)
    net.train()(x)  # batch statistics, so that the signal is not lost in the default ones
    net.eval()
    with torch.no_grad():
        assert (net(x) - net(x.flip(1))).abs().max() > 1e-4


@pytest.mark.parametrize("name", NETWORKS)
def test_a_sample_does_not_see_its_batch_in_eval_mode(name):
    net = make(name).eval()
    x = torch.randn(3, 3, 6, 32, 64)
    with torch.no_grad():
        torch.testing.assert_close(net(x)[1:2], net(x[1:2]), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", NETWORKS)
def test_settings_rebuild_the_same_network(name):
    first = make(name, dropout="0.2")
    again = configure(name, first.config.settings(), 6, 3, 5)
    assert again == first.config


@pytest.mark.parametrize(
    "bad", [{"depth": "3"}, {"heads": "many"}, {"preset": "huge"}, {"widths": "8,10", "heads": "4"}, {"dropout": "1.5"}]
)
def test_a_wrong_setting_is_one_sentence(bad):
    with pytest.raises(BadInput, match=r"^.*[.]$"):
        configure("lrtacf_net", bad, 6, 3, 5)


def test_an_unknown_network_is_one_sentence():
    with pytest.raises(BadInput, match="lrtacf_net"):
        configure("resnet", {}, 6, 3, 5)
