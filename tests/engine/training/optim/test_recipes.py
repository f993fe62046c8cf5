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
    EPOCH_SCHEDULES,
    OPTIMIZERS,
    STEP_SCHEDULES,
    Sam,
    cosine_rate,
    frozen_statistics,
    one_cycle_rate,
    polynomial_rate,
    step_rate,
)
from crop_classifier_plugin.engine.training.optim.recipes import recipe_of, resolve_recipe
from crop_classifier_plugin.shared.choices import RECIPES
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs import train as train_jobs
from crop_classifier_plugin.shared.jobs.train import AugmentationSpec, OptimSpec
from crop_classifier_plugin.shared.networks import NETWORKS as CATALOGUE
from crop_classifier_plugin.shared.networks import trainable
from crop_classifier_plugin.shared.recipes import AdamSpec, Changes, describe

torch.set_num_threads(1)
SCHEDULES = EPOCH_SCHEDULES | STEP_SCHEDULES


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
    recipe = replace(recipe_of("unet_convlstm", "paper"), optimizer=name, learning_rate=0.05)
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
    recipe = replace(recipe_of("unet_convlstm", "paper"), adam=AdamSpec(norm_penalty=0.3), learning_rate=0.01)
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
def test_every_rate_is_positive_and_never_above_the_highest(name, epochs, first):
    rates = [SCHEDULES[name](first, epoch, epochs) for epoch in range(epochs)]
    assert min(rates) > 0
    assert max(rates) <= first * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 3000), st.floats(1e-5, 1))
def test_one_cycle_goes_up_once_and_is_down_at_its_last_step(total, peak):
    rates = [one_cycle_rate(peak, done, total) for done in range(total)]
    top = int(np.argmax(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[0] == pytest.approx(peak / 25)
    assert rates[-1] == pytest.approx(peak / 1000)
    assert top <= 0.25 * total + 1


def test_one_cycle_is_that_of_pytorch():
    total, peak = 40, 0.01
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peak, total_steps=total, pct_start=(0.25 * (total - 1) + 1) / total, final_div_factor=40
    )  # which counts the peak as the last step of the way up
    for done in range(total):
        assert one_cycle_rate(peak, done, total) == pytest.approx(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()


# --- recipes ---------------------------------------------------------------------------------------------------------


def test_every_network_that_names_classes_has_its_recipes_of_known_parts():
    rows = {name: row.recipes for name, row in CATALOGUE.items() if row.recipes}
    assert set(rows) == set(NETWORKS) - {"random_forest", "tsstfn"}  # one is grown, one fuses images
    for name, recipes in rows.items():
        for kind in RECIPES:
            recipe = recipes.named(kind)
            assert recipe.loss in LOSSES
            assert recipe.optimizer in OPTIMIZERS
            assert recipe.schedule in SCHEDULES
            assert recipe == recipe_of(name, kind)
            assert "auto" not in describe(recipe)
        assert not recipes.default.epochs  # the time tells
        assert recipes.paper.epochs
    assert set(OPTIMIZERS) | {"auto"} == set(train_jobs.OPTIMIZERS)
    assert set(SCHEDULES) | {"auto"} == set(train_jobs.SCHEDULES)
    assert set(LOSSES) | {"auto"} == set(train_jobs.LOSSES)


CLARK = ("bce_iou", "sam", 0.011, "polynomial", 100, 6, 224, 0, 0.0, Changes())
HIDDEN = Changes(optical_dropout=(0.1, 0.3), radar_dropout=0.1)
MONTHLY = ("root_cross_entropy", "adamw", 1e-3, "cosine", 100, 16, 64, 15, 1e-4, HIDDEN)
LEM = ("focal", "adam", 1e-3, "constant", 400, 16, 32, 30, 0.0, Changes(turns=False))
PAPERS = {  # what docs/papers says of each
    **dict.fromkeys(("lrtacf_net", "unet", "unet_plusplus"), CLARK),
    **dict.fromkeys(("attention_3dcnn", "convstar", "unet_3d"), MONTHLY),
    **dict.fromkeys(("unet_convlstm", "vunet_convlstm"), LEM),
    "cropsts": ("cross_entropy", "adamw", 1e-4, "steps", 80, 8, 128, 0, 0.05, Changes(turns=False)),
}


def test_the_papers_recipes_are_the_specifications():
    assert set(PAPERS) == set(trainable()) - {"random_forest"}
    for network, (loss, optimizer, rate, schedule, epochs, batch, patch, patience, decay, changes) in PAPERS.items():
        found = resolve_recipe(network, OptimSpec(recipe="paper"))
        assert (found.loss, found.optimizer, found.learning_rate) == (loss, optimizer, rate)
        assert (found.schedule, found.epochs, found.batch, found.patch) == (schedule, epochs, batch, patch)
        assert (found.patience, found.weight_decay, found.changes) == (patience, decay, changes)
        lem = network.endswith("convlstm")
        assert (found.ties, found.adam) == (lem, AdamSpec(norm_penalty=1e-4) if lem else AdamSpec())


@pytest.mark.parametrize("kind", RECIPES)
def test_a_job_that_asks_for_nothing_gets_the_recipe(kind):
    for network in trainable().keys() - {"random_forest"}:
        assert resolve_recipe(network, OptimSpec(recipe=kind)) == recipe_of(network, kind)


def test_a_job_may_ask_for_something_else():
    asked = OptimSpec(
        "paper", "focal", "adamw", "cosine", 0.2, epochs=7, patience=0, batch=3, augmentation=AugmentationSpec(0.5)
    )
    changes = Changes(turns=False, jitter=0.5)
    paper = recipe_of("cropsts", "paper")
    expected = replace(paper, loss="focal", schedule="cosine", learning_rate=0.2, patience=0, epochs=7, batch=3)
    assert resolve_recipe("cropsts", asked) == replace(expected, changes=changes)
    other = resolve_recipe("vunet_convlstm", OptimSpec("paper", optimizer="sam"))
    assert (other.optimizer, other.learning_rate, other.patience) == ("sam", 0.011, 30)


def test_a_network_without_classes_is_one_sentence():
    with pytest.raises(BadInput, match=r"tsstfn.*lrtacf_net"):
        recipe_of("tsstfn")
