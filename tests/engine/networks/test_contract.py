"""Laws of every network in the registry, each at its small preset."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from crop_classifier_plugin.engine.networks.base import NetworkConfig
from crop_classifier_plugin.engine.networks.registry import NETWORKS, configure, entry
from crop_classifier_plugin.shared.errors import BadInput
from kits.networks.inputs import DATES, inputs, make, without_dropout

# each network, and the settings that change how it treats dates and series
CASES = [
    *((name, {}) for name in NETWORKS),
    ("attention_3dcnn", {"radar": "false"}),
    ("attention_3dcnn", {"optical": "false"}),
    ("attention_3dcnn", {"channel_attention": "false"}),
    ("attention_3dcnn", {"temporal_attention": "false"}),
    ("attention_3dcnn", {"spatial_attention": "false"}),
    ("cropsts", {"attention": "spatial_first"}),
    ("cropsts", {"attention": "joint"}),
    ("cropsts", {"temporal_code": "index"}),
    ("tsstfn", {"cl_output": "sequence", "cl_keep": "false"}),
    ("tsstfn", {"attention": "false"}),
    ("tsstfn", {"paths": "0"}),
    ("unet", {"deep_supervision": "true"}),
    ("unet_convlstm", {"hard_gates": "false"}),
    ("unet_plusplus", {"deep_supervision": "false"}),
]
case = pytest.mark.parametrize(("name", "settings"), CASES, ids=lambda v: v if isinstance(v, str) else ",".join(v))
blind_to_padding = pytest.mark.parametrize(
    ("name", "settings"), [c for c in CASES if make(c[0], **c[1]).config.capabilities.ignores_padding]
)

# What no loss can reach, and why
UNTRAINED = {
    # a number added to every score does not change a softmax
    "attention_3dcnn": {"score.bias"},
    # read by pre-training and probes, not by the segmentation head
    "cropsts": {"encoder.norm.weight", "encoder.norm.bias"},
}
UNTRAINED_HEADS = {f"heads.{i}.{kind}" for i in range(2) for kind in ("weight", "bias")}  # counted by the paper


def test_every_network_that_must_ignores_padding():
    blind = {name for name in NETWORKS if make(name).config.capabilities.ignores_padding}
    assert blind == {"attention_3dcnn", "convstar", "cropsts", "unet_3d"}


def padded(given: dict[str, torch.Tensor], dates: int, seed: int) -> dict[str, torch.Tensor]:
    """Dates of random numbers at the end, none of which can be used."""
    torch.manual_seed(seed)
    more = {}
    for name, value in given.items():
        pad = torch.randn(value.shape[0], dates, *value.shape[2:]).to(value.dtype) * 9
        pad = torch.randint(0, 366, pad.shape) if name == "doy" else pad
        more[name] = torch.cat([value, torch.zeros_like(pad) if name.startswith("valid") else pad], dim=1)
    return more


# --- sizes -----------------------------------------------------------------------------------------------------------


@case
def test_one_logit_a_class_and_pixel(name, settings):
    network = make(name, **settings)
    side = network.config.multiple
    for dates in (1, DATES, 7) if network.config.capabilities.any_dates else (DATES,):
        given = inputs(network, 2, dates, 1, 2)
        with torch.no_grad():
            assert network.eval()(**given).shape == (2, network.config.classes, side, 2 * side)
            outputs = network.train()(**given)
            assert outputs.shape[1:] == (2, network.config.classes, side, 2 * side)


@pytest.mark.parametrize(
    ("name", "settings", "outputs"),
    [("unet", {}, 1), ("unet", {"deep_supervision": "true"}, 3), ("unet_plusplus", {}, 3), ("lrtacf_net", {}, 8)],
)
def test_every_output_that_the_loss_supervises(name, settings, outputs):
    network = make(name, **settings).train()
    assert len(network(**inputs(network, 2, DATES, 1, 1))) == outputs


@case
def test_the_prediction_is_the_last_output(name, settings):
    """With dropout off and batch statistics frozen, training and classifying differ in the further outputs only."""
    network = make(name, **settings)
    given = inputs(network, 1, DATES, 1, 1)
    with torch.no_grad():
        expected = network(**given)
        network.training = True  # its parts stay in eval mode
        torch.testing.assert_close(network(**given)[-1], expected)


# --- dates -----------------------------------------------------------------------------------------------------------


@blind_to_padding
def test_padded_dates_change_nothing(name, settings):
    network = make(name, **settings)
    given = inputs(network, 2, DATES, 1, 1)
    with torch.no_grad():
        expected = network(**given)
        first, second = (network(**padded(given, 3, seed)) for seed in (1, 2))
    assert torch.equal(first, second)  # whatever stands in them
    torch.testing.assert_close(first, expected, atol=2e-6, rtol=0)  # sums over more zeros may round otherwise


@blind_to_padding
def test_padded_dates_change_nothing_in_double_precision(name, settings):
    network = make(name, **settings).double()
    given = inputs(network, 1, DATES, 1, 1)
    with torch.no_grad():
        torch.testing.assert_close(network(**padded(given, 2, 0)), network(**given), atol=1e-13, rtol=0)


@case
def test_no_usable_date_gives_finite_numbers(name, settings):
    network = make(name, **settings)
    given = {k: torch.zeros_like(v) for k, v in inputs(network, 1, DATES, 1, 1).items()}
    with torch.no_grad():
        assert network(**given).isfinite().all()


@case
def test_the_order_of_the_dates_matters_where_it_should(name, settings):
    network = make(name, **settings).double()
    given = inputs(network, 1, DATES, 1, 1)
    with torch.no_grad():
        change = (network(**{k: v.flip(1) for k, v in given.items()}) - network(**given)).abs().max()
    assert change > 1e-6 if network.config.capabilities.date_order else change < 1e-12


@pytest.mark.parametrize("name", ["cropsts", "vunet_convlstm"])
def test_the_day_of_the_year_matters(name):
    network = make(name).double()
    given = inputs(network, 1, DATES, 1, 1)
    with torch.no_grad():
        later = network(**(given | {"doy": (given["doy"] + 60) % 366}))
        assert (later - network(**given)).abs().max() > 1e-6


@pytest.mark.parametrize("name", ["cropsts", "vunet_convlstm"])
def test_a_missing_day_of_the_year_is_one_sentence(name):
    network = make(name)
    given = inputs(network, 1, DATES, 1, 1)
    with pytest.raises(BadInput, match=r"day of year.*[.]$"):
        network(given["x"])


# --- pixels ----------------------------------------------------------------------------------------------------------

NEAR = [  # fewer levels than the small preset: a tile wider than the reach stays small
    ("convstar", {}),
    ("lrtacf_net", {"widths": "8,16", "cfma_blocks": "1"}),
    ("lrtacf_net", {"widths": "8,16", "cfma_blocks": "0"}),
    ("unet", {"widths": "8,12,16"}),
    ("unet_3d", {"widths": "8,12"}),
    ("unet_convlstm", {"widths": "8,12"}),
    ("unet_plusplus", {"widths": "8,8,12"}),
    ("vunet_convlstm", {"widths": "8,12"}),
]


def test_every_network_of_limited_reach_is_tested():
    assert {name for name, _ in NEAR} == {name for name in NETWORKS if make(name).config.capabilities.receptive_radius}


@pytest.mark.parametrize(("name", "settings"), NEAR)
def test_a_pixel_without_data_stays_within_its_reach(name, settings):
    network = make(name, **settings).double()
    radius, multiple = network.config.capabilities.receptive_radius, network.config.multiple
    count = 2 * (radius // multiple + 2)
    given = inputs(network, 1, DATES, count, count)
    row = column = count * multiple // 2 - 1  # an odd place: not aligned to the cells of pooling
    holed = given["x"].clone()
    holed[..., row, column] = 0
    with torch.no_grad():
        change = (network(**(given | {"x": holed})) - network(**given)).abs().amax(dim=(0, 1))
    rows, columns = torch.nonzero(change, as_tuple=True)
    farthest = int(torch.maximum((rows - row).abs(), (columns - column).abs()).max())
    assert radius / 4 < farthest <= radius


@case
def test_a_sample_does_not_see_its_batch(name, settings):
    network = make(name, **settings).double()
    given = inputs(network, 2, DATES, 1, 1)
    with torch.no_grad():
        alone = network(**{k: v[1:] for k, v in given.items()})
        torch.testing.assert_close(network(**given)[1:], alone, atol=1e-12, rtol=0)


# --- weights ---------------------------------------------------------------------------------------------------------


@case
def test_saved_weights_predict_the_same(name, settings, tmp_path):
    network = make(name, **settings)
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    config = configure(name, network.config.settings(), network.config.bands, DATES, network.config.classes)
    again = entry(name).network(config).eval()
    again.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    given = inputs(network, 1, DATES, 1, 1)
    with torch.no_grad():
        assert torch.equal(again(**given), network(**given))


def without_gradient(name: str, settings: dict[str, str], seed: int) -> set[str]:
    network = make(name, seed=seed, **settings).double().train()
    without_dropout(network)
    output = network(**inputs(network, 2, DATES, 2, 2))
    (output * torch.randn_like(output)).sum().backward()
    return {n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}


@case
def test_every_parameter_gets_a_gradient(name, settings):
    # two draws: in one of them the few ReLUs of a small attention may all be off
    without = without_gradient(name, settings, 0) & without_gradient(name, settings, 1)
    heads = UNTRAINED_HEADS if settings == {"deep_supervision": "false"} else set()
    assert without - UNTRAINED.get(name, set()) == heads


@pytest.mark.parametrize("name", NETWORKS)
def test_the_loss_falls_on_a_toy_season(name):
    """Two crops in two halves, told apart by their last dates; TSSTFN learns the last fine image."""
    network = make(name).train()
    high = max(1, 16 // network.config.multiple)
    given = inputs(network, 4, DATES, high, 2 * high)
    images = [k for k in given if k.startswith("x")]
    target = torch.zeros(given[images[0]].shape[:1] + given[images[0]].shape[3:], dtype=torch.long)
    target[..., target.shape[-1] // 2 :] = 1
    for k in images:
        given[k] = 0.3 * given[k]
        given[k][:, -2:] += (2.0 * target - 1)[:, None, None]
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    losses = []
    for _ in range(20):
        logits = network(**given)[-1]
        loss = F.mse_loss(logits[:, 0], target.float()) if name == "tsstfn" else F.cross_entropy(logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("preset", ["paper", "small"])
def test_presets_and_settings_are_one(name, preset):
    sample = entry(name).sample
    config = configure(name, {"preset": preset}, sample.bands, sample.dates, sample.classes)
    again = configure(name, config.settings(), sample.bands, sample.dates, sample.classes)
    assert isinstance(config, NetworkConfig)
    assert again == config
    assert (config.settings() == type(config)(config.sizes).settings()) == (preset == "paper")


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("attention_3dcnn", {"optical": "false", "radar": "false"}),
        ("attention_3dcnn", {"reduction": "0"}),
        ("attention_3dcnn", {"fused": "0"}),
        ("convstar", {"layers": "0"}),
        ("cropsts", {"attention": "sideways"}),
        ("cropsts", {"patch": "6"}),
        ("cropsts", {"width": "50"}),
        ("cropsts", {"taps": "1,2,3"}),
        ("cropsts", {"taps": "4,6,8,13"}),
        ("cropsts", {"preset": "huge"}),
        ("tsstfn", {"cl_output": "first"}),
        ("tsstfn", {"chunks": "384"}),
        ("tsstfn", {"paths": "0", "cl_keep": "false"}),
        ("unet", {"widths": "64"}),
        ("unet_3d", {"widths": "0,8"}),
        ("unet_convlstm", {"hidden": "0"}),
        ("unet_plusplus", {"dropout": "1"}),
    ],
)
def test_a_wrong_setting_is_one_sentence(name, bad):
    sample = entry(name).sample
    with pytest.raises(BadInput, match=r"^[^\n]*[.]$"):
        configure(name, bad, sample.bands, sample.dates, sample.classes)


def test_tsstfn_takes_pairs_of_bands():
    with pytest.raises(BadInput, match="2 bands"):
        configure("tsstfn", {}, 3, 8, 1)
