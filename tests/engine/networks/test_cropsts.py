"""What defines CropSTS, L-TAE and UPerNet."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from crop_classifier_plugin.engine.networks.base import DataSizes, parameter_count
from crop_classifier_plugin.engine.networks.complexity import gflop
from crop_classifier_plugin.engine.networks.cropsts import (
    CropSts,
    CropStsConfig,
    CropStsEncoder,
    Ltae,
    over_time,
)
from crop_classifier_plugin.engine.networks.upernet import pooling_matrix
from kits.networks.inputs import DATES, inputs, make


def encoder(**settings):
    with torch.device("meta"):
        return CropStsEncoder(CropStsConfig(DataSizes(10, 6, 20), **settings))


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        ({}, 29_599_128),
        ({"patch": 8, "grid": 16}, 28_884_888),
        ({"attention": "joint"}, 22_493_568),
        ({"attention": "spatial_first"}, 29_599_128),
    ],
)
def test_parameters_of_the_encoder(settings, parameters):
    assert parameter_count(encoder(**settings)) == parameters


def test_parameters_of_the_decoders():
    with torch.device("meta"):
        network = CropSts(CropStsConfig(DataSizes(10, 6, 20)))
        narrow = CropSts(CropStsConfig(DataSizes(10, 6, 20), decoder_width=256))
    assert parameter_count(network.temporal) == 322_688
    assert round(parameter_count(network.decoder) / 1e6, 2) == 30.90
    assert round(parameter_count(narrow.decoder) / 1e6, 2) == 9.85


def test_padding_has_no_effect_at_all():
    network = make("cropsts")
    given = inputs(network, 2, DATES, 2, 2)
    pad = {k: torch.cat([v, torch.zeros_like(v[:, :2])], dim=1) for k, v in given.items()}
    with torch.no_grad():
        assert torch.equal(network(**pad), network(**given))


def test_cost_grows_in_line_with_the_dates_only_where_attention_is_decoupled():
    def cost(attention: str, dates: int) -> float:
        x = torch.empty(1, dates, 10, 128, 128, device="meta")
        doy = torch.empty(1, dates, dtype=torch.int64, device="meta")
        return gflop(encoder(patch=8, grid=16, attention=attention), (x, doy, None))

    assert cost("temporal_first", 60) / cost("temporal_first", 15) == pytest.approx(4, rel=0.02)
    assert cost("spatial_first", 15) == cost("temporal_first", 15)
    assert cost("joint", 60) / cost("joint", 15) > 11


def test_attention_over_time_does_not_mix_patches_nor_see_missing_dates():
    block = make("cropsts").encoder.blocks[0]
    z, missing = torch.randn(1, 3, 4, 48), torch.tensor([[0.0, 0.0, -1e4]])
    changed = z.clone()
    changed[:, :, 1] += 1
    changed[:, 2, 0] += 1  # the third date is missing
    with torch.no_grad():
        before, after = (over_time(block.attentions[0], each, missing) for each in (z, changed))
    same = (before == after).all(dim=-1)[0, :2]
    assert same.tolist() == [[True, False, True, True]] * 2


def test_ltae_does_not_see_the_order_of_the_dates():
    ltae = make("cropsts").temporal.double()
    maps, valid = torch.randn(2, 5, 48, 3, 3).double(), torch.ones(2, 5)
    order = torch.tensor([3, 0, 4, 1, 2])
    with torch.no_grad():
        torch.testing.assert_close(ltae(maps[:, order], valid), ltae(maps, valid))


def test_ltae_by_hand():
    """One pixel against the definition, written with numpy."""
    torch.manual_seed(0)
    ltae = Ltae(8, 2, 4).double().eval()
    x = torch.randn(1, 3, 8, 1, 1, dtype=torch.float64)
    with torch.no_grad():
        found = ltae(x, torch.tensor([[1.0, 0.0, 1.0]]))[0, :, 0, 0].numpy()

    def groups(z):
        g = z.reshape(2, 4)
        return ((g - g.mean(1, keepdims=True)) / np.sqrt(g.var(1, keepdims=True) + 1e-5)).ravel()

    def linear(layer, z):
        return layer.weight.detach().numpy() @ z + layer.bias.detach().numpy()

    values = [linear(ltae.value, groups(x[0, t, :, 0, 0].numpy())) for t in (0, 2)]  # the second date is missing
    mixed = []
    for h in range(2):
        scores = [linear(ltae.keys, v)[4 * h : 4 * h + 4] @ ltae.query[h].detach().numpy() / 2 for v in values]
        share = np.exp(scores) / np.exp(scores).sum()
        mixed.append(share[0] * values[0][4 * h : 4 * h + 4] + share[1] * values[1][4 * h : 4 * h + 4])
    hidden = np.maximum(linear(ltae.mix, np.concatenate(mixed)) / np.sqrt(1 + 1e-5), 0)
    np.testing.assert_allclose(found, groups(hidden), rtol=1e-10)


@pytest.mark.parametrize("length", [1, 2, 4, 5, 7, 11])
def test_pooling_by_products_is_adaptive_pooling(length):
    x = torch.randn(2, 3, length, 7, dtype=torch.float64)
    for bins in (1, 2, 3, 6):
        found = pooling_matrix(bins, length, x) @ x @ pooling_matrix(bins, 7, x).T
        torch.testing.assert_close(found, F.adaptive_avg_pool2d(x, bins))


def test_the_encoder_gives_four_depths_and_normalised_tokens():
    network = make("cropsts")
    encoded = network.encoder(**inputs(network, 2, 3, 1, 2))
    assert [tap.shape for tap in encoded.taps] == [(2, 3, 48, 2, 4)] * 4
    assert encoded.tokens.shape == (2, 3, 8, 48)
    torch.testing.assert_close(encoded.tokens.mean(dim=-1), torch.zeros(2, 3, 8), atol=1e-5, rtol=0)
    encoded.tokens.square().sum().backward()
    assert network.encoder.norm.weight.grad is not None
