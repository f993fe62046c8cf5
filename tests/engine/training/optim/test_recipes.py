"""Laws of the optimisers, the learning rates and the recipes of the papers."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.networks.registry import NETWORKS
from crop_classifier_plugin.engine.training.optim.losses import LOSSES
from crop_classifier_plugin.engine.training.optim.optimizers import (
    OPTIMIZERS,
    SCHEDULES,
    Sam,
    cosine_rate,
    frozen_statistics,
    polynomial_rate,
    step_rate,
)
from crop_classifier_plugin.engine.training.optim.recipes import recipe_of, resolve_recipe
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs import train as train_jobs
from crop_classifier_plugin.shared.jobs.train import OptimSpec
from crop_classifier_plugin.shared.networks import NETWORKS as CATALOGUE
from crop_classifier_plugin.shared.networks import AdamSpec, trainable

torch.set_num_threads(1)


# --- optimisers ------------------------------------------------------------------------------------------------------


def test_sam_steps_on_a_quadratic_as_computed_by_hand():
    """f(w) = w'Aw/2: gradient Aw; e = rho g/|g|; the SGD step with momentum uses A(w+e)."""
    a = np.diag([1.0, 10.0])
    w = np.array([1.0, -2.0])
    parameters = [torch.nn.Parameter(torch.tensor([v], dtype=torch.float64)) for v in w]
    sam = Sam(parameters, lr=0.01, rho=0.05, momentum=0.95)
    speed = np.zeros(2)
    calls = []

    def closure():
        sam.zero_grad()
        both = torch.cat(parameters)
        loss = 0.5 * both @ torch.from_numpy(a) @ both
        loss.backward()
        calls.append(float(loss.detach()))
        return loss.detach()

    for step in range(5):
        g = a @ w
        sharp = a @ (w + 0.05 * g / (np.linalg.norm(g) + 1e-12))
        speed = 0.95 * speed + sharp if step else sharp
        first = 0.5 * w @ a @ w
        w = w - 0.01 * speed
        loss = sam.step(closure)
        np.testing.assert_allclose(torch.cat(parameters).detach().numpy(), w, rtol=1e-12)
        assert float(loss) == pytest.approx(first)
    assert len(calls) == 10


def test_sam_follows_a_changed_learning_rate():
    p = torch.nn.Parameter(torch.ones(1))
    sam = Sam([p], lr=0.5)
    sam.param_groups[0]["lr"] = 0.0
    sam.step(lambda: (sam.zero_grad(), (p * p).sum().backward(), torch.zeros(1))[2])
    assert float(p.detach()) == pytest.approx(1.0)


def network_of(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.BatchNorm2d(3), torch.nn.Conv2d(3, 2, 1))


def steps(network, optimizer, count):
    x = torch.linspace(-1, 1, 2 * 2 * 4 * 4).reshape(2, 2, 4, 4)

    def closure():
        optimizer.zero_grad()
        loss = (network(x) ** 2).mean()
        loss.backward()
        return loss.detach()

    for _ in range(count):
        optimizer.step(closure)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimiser_saved_and_loaded_goes_on_as_if_never_stopped(name):
    recipe = replace(recipe_of("unet_convlstm"), optimizer=name, learning_rate=0.05)
    whole = network_of()
    optimizer = OPTIMIZERS[name](recipe, whole)
    steps(whole, optimizer, 3)
    parted = copy.deepcopy(whole)
    other = OPTIMIZERS[name](recipe, parted)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    other.param_groups[0]["lr"] = optimizer.param_groups[0]["lr"] = 0.01  # followed after loading, too
    steps(whole, optimizer, 3)
    steps(parted, other, 3)
    for a, b in zip(whole.parameters(), parted.parameters()):
        assert torch.equal(a, b)


def test_adam_has_keras_epsilon_and_the_penalty_on_batch_normalisation_alone():
    """One step more by hand: the gradient of penalty * sum w^2 is added for gamma and beta, then Adam's rule."""
    recipe = replace(recipe_of("unet_convlstm"), adam=AdamSpec(norm_penalty=0.3), learning_rate=0.01)
    network = network_of()
    norm = network[1]
    with torch.no_grad():
        norm.bias += 0.5
    expected = {}
    x = torch.linspace(-1, 1, 2 * 2 * 4 * 4).reshape(2, 2, 4, 4)
    loss = (network(x) ** 2).mean() + 0.3 * ((norm.weight**2).sum() + (norm.bias**2).sum())
    for p, g in zip(network.parameters(), torch.autograd.grad(loss, list(network.parameters()))):
        expected[p] = p.detach() - 0.01 * g / (g.abs() + 1e-7)  # the first step's corrected moments are g and g^2
    steps(network, OPTIMIZERS["adam"](recipe, network), 1)
    for p, value in expected.items():
        torch.testing.assert_close(p.detach(), value, rtol=1e-4, atol=1e-6)


def test_statistics_stay_in_the_second_pass():
    norm = torch.nn.BatchNorm2d(2)
    with frozen_statistics(norm):
        norm(torch.randn(4, 2, 3, 3) + 5)
    assert not norm.running_mean.any()
    assert norm.num_batches_tracked == 0
    norm(torch.randn(4, 2, 3, 3) + 5)
    assert norm.running_mean.abs().min() > 0.1


# --- learning rates --------------------------------------------------------------------------------------------------


def test_polynomial_rates_of_lrtacf_net():
    rates = [polynomial_rate(0.011, e, 100) for e in range(100)]
    assert rates[0] == rates[1] == rates[2] == pytest.approx((0.011 - 1e-4) * (1 - 1 / 80) ** 0.85 + 1e-4)
    assert rates[41] == pytest.approx(0.0109 * 0.5**0.85 + 1e-4)
    assert rates[80] > 1e-4
    assert rates[81:] == [1e-4] * 19
    assert rates == sorted(rates, reverse=True)


def test_cosine_rates_of_attention_3dcnn():
    rates = [cosine_rate(1e-3, e, 100) for e in range(100)]
    assert rates[:5] == pytest.approx([2e-4, 4e-4, 6e-4, 8e-4, 1e-3])
    assert rates[5] == pytest.approx(1e-3)
    assert rates[52] == pytest.approx(5.05e-4)  # half-way
    assert rates[99] == pytest.approx(1e-5)
    assert rates[5:] == sorted(rates[5:], reverse=True)


def test_step_rates_of_cropsts():
    rates = [step_rate(1e-4, e, 80) for e in range(80)]
    assert rates[:48] == [1e-4] * 48
    assert rates[48:72] == pytest.approx([1e-5] * 24)
    assert rates[72:] == pytest.approx([1e-6] * 8)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SCHEDULES)), st.integers(1, 500), st.floats(1e-8, 10))
def test_every_rate_is_positive_and_never_above_the_first(name, epochs, first):
    rates = [SCHEDULES[name](first, epoch, epochs) for epoch in range(epochs)]
    assert min(rates) > 0
    assert max(rates) <= first * (1 + 1e-9)


# --- recipes ---------------------------------------------------------------------------------------------------------


def test_every_network_that_names_classes_has_a_recipe_of_known_parts():
    recipes = {name: row.recipe for name, row in CATALOGUE.items() if row.recipe}
    assert set(recipes) == set(NETWORKS) - {"random_forest", "tsstfn"}  # one is grown, one fuses images
    for recipe in recipes.values():
        assert recipe.loss in LOSSES
        assert recipe.optimizer in OPTIMIZERS
        assert recipe.schedule in SCHEDULES
    assert set(OPTIMIZERS) | {"auto"} == set(train_jobs.OPTIMIZERS)


def test_a_job_that_asks_for_nothing_gets_the_paper():
    for network in trainable().keys() - {"random_forest"}:
        assert resolve_recipe(network, OptimSpec(epochs=0, batch=0, patch=0)) == CATALOGUE[network].recipe


def test_a_job_may_ask_for_something_else():
    asked = OptimSpec("focal", "adamw", 0.2, epochs=7, patience=0, batch=3)
    expected = replace(recipe_of("cropsts"), loss="focal", learning_rate=0.2, patience=0, epochs=7, batch=3, patch=64)
    assert resolve_recipe("cropsts", asked) == expected
    other = resolve_recipe("vunet_convlstm", OptimSpec(optimizer="sam"))
    assert (other.optimizer, other.learning_rate, other.patience) == ("sam", 0.011, 30)


def test_a_network_without_classes_is_one_sentence():
    with pytest.raises(BadInput, match=r"tsstfn.*lrtacf_net"):
        recipe_of("tsstfn")
