"""Networks that tell how much they heed each date."""

from __future__ import annotations

import pytest
import torch

from kits.networks.inputs import DATES, SMALLEST, TELLING, inputs, make

CELLS = {"attention_3dcnn": 1, "cropsts": 4}  # px, the side of a cell; else the network's multiple
SHARED = ("cropsts", "lrtacf_net")  # the dates share 1


@pytest.mark.parametrize("name", TELLING)
def test_attending_changes_nothing_and_gives_a_weight_a_date_and_cell(name: str) -> None:
    network = make(name, **SMALLEST[name])
    given = inputs(network, 3, DATES, 2, 1)
    with torch.no_grad():
        logits, attention = network.attend(*given.values())
        torch.testing.assert_close(logits, network(*given.values()), rtol=0, atol=0)
    pixels = next(v.shape[3:] for v in given.values() if v.ndim == 5)
    assert attention.shape == (3, DATES, *(side // CELLS.get(name, network.config.multiple) for side in pixels))
    assert (attention >= 0).all()
    assert (attention <= 1 + 1e-6).all()
    if name in SHARED:
        torch.testing.assert_close(attention.sum(dim=1), torch.ones_like(attention[:, 0]))


def test_each_cell_has_weights_of_its_own() -> None:
    """What changes in one corner of the tile changes LRTSA's weights there and not far from it."""
    network = make("lrtacf_net", **SMALLEST["lrtacf_net"])
    given = inputs(network, 1, DATES, 8, 8)
    with torch.no_grad():
        before = network.attend(*given.values())[1]
        given["x"][:, 1, :, :2, :2] += 3
        change = (network.attend(*given.values())[1] - before).abs().amax(dim=(0, 1))
    assert change[0, 0] > 1e-5
    assert change[5:].max() == change[:, 5:].max() == 0


def test_a_patch_alone_has_the_weights_that_it_has_among_others() -> None:
    network = make("cropsts", **SMALLEST["cropsts"])
    maps, valid = torch.randn(2, DATES, network.config.width, 3, 4), torch.ones(2, DATES)
    with torch.no_grad():
        among = network.temporal.explain(maps, valid)[1]
        alone = network.temporal.explain(maps[:, :, :, 1:2, 3:], valid)[1]
    torch.testing.assert_close(among[:, :, 1:2, 3:], alone)
    assert among.std(dim=(2, 3)).max() > 1e-4


def test_without_spatial_attention_the_dates_of_a_tile_share_their_weights() -> None:
    both = make("attention_3dcnn", **SMALLEST["attention_3dcnn"])
    plain = make("attention_3dcnn", spatial_attention="false", **SMALLEST["attention_3dcnn"])
    given = inputs(both, 2, DATES, 5, 6)
    with torch.no_grad():
        maps = both.explain(**given)[1]
        torch.testing.assert_close(
            both.attend(**given)[1], torch.einsum("bt,bhw->bthw", maps.temporal, maps.spatial[:, 0])
        )
        assert plain.attend(**given)[1].shape == (2, DATES)


@pytest.mark.parametrize("name", ["attention_3dcnn", "cropsts"])
def test_a_date_that_is_not_there_is_not_heeded(name: str) -> None:
    network = make(name, **SMALLEST[name])
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
    network = make("lrtacf_net", **SMALLEST["lrtacf_net"])
    attention = network.attention
    with torch.no_grad():
        attention.query.weight.zero_()
        attention.query.bias.fill_(1.0)
        attention.key.weight.zero_()
        attention.code.zero_()
        attention.key.bias.fill_(0.0)
        given = inputs(network, 1, DATES, 1, 1)
        even = network.attend(*given.values())[1]
        torch.testing.assert_close(even, torch.full_like(even, 1 / DATES))
        attention.code[2] = 1
        attention.key.weight.copy_(torch.full_like(attention.key.weight, 100 / attention.key.weight.shape[1]))
        network.encoders.apply(lambda m: m.weight.zero_() if isinstance(m, torch.nn.Conv2d) else None)
        for each in network.encoders.modules():
            if isinstance(each, torch.nn.BatchNorm2d):
                each.weight.zero_()
                each.bias.zero_()
        torch.testing.assert_close(network.attend(*given.values())[1][0, 2], torch.ones_like(even[0, 2]))


@pytest.mark.parametrize("alone", ["optical", "radar"])
def test_a_network_of_one_series_takes_it_in_the_order_of_its_inputs(alone: str) -> None:
    other = "radar" if alone == "optical" else "optical"
    network = make("attention_3dcnn", **{other: "false"}, **SMALLEST["attention_3dcnn"])
    given = inputs(network, 2, DATES, 1, 2)
    with torch.no_grad():
        torch.testing.assert_close(network(*given.values()), network(**given), rtol=0, atol=0)
        changed = {k: v * (torch.arange(DATES) != 1) if k.startswith("valid") else v for k, v in given.items()}
        assert (network(*changed.values()) - network(*given.values())).abs().max() > 1e-4
