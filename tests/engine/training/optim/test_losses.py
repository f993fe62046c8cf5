"""Laws of the losses: each is what a slow loop over pixels says, heeds no unlabelled pixel, and is least when right."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from crop_classifier_plugin.engine.training.optim.losses import (
    IGNORE,
    LOSSES,
    class_weights,
    deep_supervision,
    root_weights,
    weighted_bce_iou,
)
from crop_classifier_plugin.shared.jobs import train as train_jobs

torch.set_num_threads(1)


def labelled(target):
    return [(b, i, j) for b, i, j in np.ndindex(target.shape) if target[b, i, j] != IGNORE]


def softmax(z):
    e = [math.exp(v - max(z)) for v in z]
    return [v / sum(e) for v in e]


# --- each loss once more, pixel by pixel -----------------------------------------------------------------------------


def slow_bce_iou(logits, target, weights):
    """Eq. 7 of LRTACF-Net, class-weighted reading."""
    counted = (weights > 0).sum()
    pixels = labelled(target)
    bce = 0.0
    iou_loss = 0.0
    for c, w in enumerate(weights):
        if w == 0:
            continue
        both = total_p = total_t = 0.0
        for b, i, j in pixels:
            p = 1 / (1 + np.exp(-logits[b, c, i, j]))
            t = float(target[b, i, j] == c)
            bce -= counted * w * (t * np.log(p) + (1 - t) * np.log(1 - p))
            both, total_p, total_t = both + p * t, total_p + p, total_t + t
        iou_loss += w * (1 - (both + 1) / (total_p + total_t - both + 1))
    return bce / (max(len(pixels), 1) * counted) + iou_loss


def slow_tversky(logits, target, weights):
    """networks of Models 1 and 4: missed pixels count 0.7, false ones 0.3."""
    loss = 0.0
    for c, w in enumerate(weights):
        tp = fn = fp = 0.0
        for b, i, j in labelled(target):
            p = softmax(logits[b, :, i, j])[c]
            if target[b, i, j] == c:
                tp, fn = tp + p, fn + 1 - p
            else:
                fp += p
        loss += w * (1 - (tp + 1) / (tp + 0.7 * fn + 0.3 * fp + 1)) ** (1 / 0.9)
    return loss


def slow_focal(logits, target, weights):
    """Keras' categorical focal loss: the mean is over every pixel, labelled or not."""
    total = 0.0
    for b, i, j in labelled(target):
        p = softmax(logits[b, :, i, j])[target[b, i, j]]
        total += -0.25 * (1 - p) ** 2 * math.log(p) if weights[target[b, i, j]] > 0 else 0
    return total / target.size


def slow_cross_entropy(logits, target, weights):
    total = mass = 0.0
    for b, i, j in labelled(target):
        w = weights[target[b, i, j]]
        total, mass = total - w * math.log(softmax(logits[b, :, i, j])[target[b, i, j]]), mass + w
    return total / mass if mass else 0.0


SLOW = {
    "bce_iou": slow_bce_iou,
    "tversky": slow_tversky,
    "focal": slow_focal,
    "cross_entropy": slow_cross_entropy,
    "root_cross_entropy": slow_cross_entropy,
}
each_loss = pytest.mark.parametrize("name", LOSSES)


def scene(seed, classes, known, zero=False):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (2, classes, 4, 3))
    target = np.where(rng.random((2, 4, 3)) < known, rng.integers(0, classes, (2, 4, 3)), IGNORE)
    weights = rng.random(classes) + 0.1
    if zero and classes > 1:
        weights[0] = 0  # the paper's class 0, no data
    return logits, target, weights / weights.sum()


def of(name, *arrays):
    return LOSSES[name].function(*map(torch.as_tensor, arrays))


def test_every_loss_of_the_jobs_is_there():
    assert set(LOSSES) | {"auto"} == set(train_jobs.LOSSES) == set(SLOW) | {"auto"}


@each_loss
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), classes=st.integers(1, 5), known=st.floats(0, 1), zero=st.booleans())
def test_a_loss_is_what_a_slow_loop_says(name, seed, classes, known, zero):
    logits, target, weights = scene(seed, classes, known, zero)
    expected = SLOW[name](logits, target, weights)
    assert float(of(name, logits, target, weights)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


# --- the slow loops against others' numbers --------------------------------------------------------------------------


def certain(seed=5, classes=3):
    """Logits of 20 for one class a pixel and -20 for the others; what they name, and the truth, of the known pixels."""
    _, target, weights = scene(seed, classes, 0.8)
    named = np.random.default_rng(seed).integers(0, classes, target.shape)
    logits = np.moveaxis(40.0 * (np.arange(classes) == named[..., None]) - 20, -1, 1)
    known = target != IGNORE
    return logits, target, weights, named[known], target[known]


def test_slow_cross_entropy_is_scikit_learns_log_loss():
    logits, target, weights = scene(5, 4, 0.8)
    known = target != IGNORE
    z = np.moveaxis(logits, 1, -1)[known]
    probability = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    expected = metrics.log_loss(target[known], probability, sample_weight=weights[target[known]], labels=range(4))
    assert slow_cross_entropy(logits, target, weights) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("p", "times"), [(0.9, 100), (0.968, 1000)])
def test_slow_focal_is_as_far_below_cross_entropy_as_its_paper_says(p, times):
    """Lin et al. 2017, section 3.2, at gamma 2: "an example classified with pt = 0.9 would have 100 times lower loss
    compared with CE and with pt = 0.968 it would have 1000 times lower loss"; alpha is 0.25."""
    logits, target, weights = np.log([p, 1 - p]).reshape(1, 2, 1, 1), np.zeros((1, 1, 1), int), np.array([0.5, 0.5])
    ratio = slow_cross_entropy(logits, target, weights) / slow_focal(logits, target, weights)
    assert 0.25 * ratio == pytest.approx(times, rel=0.03)


def test_slow_tversky_is_scikit_learns_f_score():
    """A Tversky index of certain classes with 0.7 for missed pixels is F of beta squared 7/3; + 1 is one more hit."""
    logits, target, _, named, truth = certain()
    for c in range(3):
        hit = [np.append(v == c, True) for v in (truth, named)]
        expected = (1 - metrics.fbeta_score(*hit, beta=math.sqrt(7 / 3))) ** (1 / 0.9)
        assert slow_tversky(logits, target, np.eye(3)[c]) == pytest.approx(expected, rel=1e-6)


def test_slow_bce_iou_is_scikit_learns_log_loss_and_jaccard_score():
    logits, target, _, named, truth = certain()
    for c in range(3):
        sure = np.where(named == c, 1 / (1 + math.exp(-20)), 1 / (1 + math.exp(20)))
        overlap = metrics.jaccard_score(*(np.append(v == c, True) for v in (truth, named)))
        expected = metrics.log_loss(truth == c, sure) + 1 - overlap
        assert slow_bce_iou(logits, target, np.eye(3)[c]) == pytest.approx(expected, rel=1e-6)


@each_loss
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 5), known=st.floats(0, 1), stir=st.floats(-1e4, 1e4))
def test_what_stands_at_unlabelled_pixels_changes_nothing(name, seed, classes, known, stir):
    logits, target, weights = scene(seed, classes, known)
    z = torch.tensor(logits, requires_grad=True)
    loss = of(name, z, target, weights)
    loss.backward()
    unknown = torch.from_numpy(target == IGNORE)[:, None].expand_as(z)
    assert not z.grad[unknown].any()
    assert z.grad.isfinite().all()
    changed = torch.where(unknown, z.detach() * 0 + stir, z.detach())
    assert float(of(name, changed, target, weights)) == float(loss.detach())


@each_loss
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 5), known=st.floats(0.2, 1))
def test_the_right_answer_has_the_least_loss(name, seed, classes, known):
    logits, target, weights = scene(seed, classes, known)
    right = np.moveaxis(40.0 * (np.arange(classes) == target[..., None]) - 20, -1, 1)
    least = float(of(name, right, target, weights))
    assert least == pytest.approx(0, abs=1e-6)
    assert float(of(name, logits, target, weights)) >= least
    assert float(of(name, -right, target, weights)) >= float(of(name, logits, target, weights)) >= least


@each_loss
def test_the_gradient_leads_to_the_right_answer(name):
    logits, target, weights = scene(1, 3, 0.8)
    z = torch.tensor(logits, requires_grad=True)
    optimizer = torch.optim.Adam([z], 0.3)
    for _ in range(100):
        optimizer.zero_grad()
        of(name, z, target, weights).backward()
        optimizer.step()
    known = target != IGNORE
    np.testing.assert_array_equal(z.detach().numpy().argmax(axis=1)[known], target[known])


@each_loss
def test_extreme_logits_give_a_finite_loss(name):
    target = torch.tensor([[[0, 1], [IGNORE, 1]]])
    z = torch.tensor([[1e4, -1e4], [-1e4, 1e4]])[None, :, :, None].expand(1, 2, 2, 2).clone().requires_grad_()
    loss = LOSSES[name].function(z, target, torch.tensor([0.5, 0.5]))
    loss.backward()
    assert loss.isfinite()
    assert z.grad.isfinite().all()


@each_loss
def test_a_patch_without_labels_gives_no_loss(name):
    loss = of(name, torch.randn(1, 3, 4, 4), torch.full((1, 4, 4), IGNORE), torch.full((3,), 1 / 3))
    assert float(loss) == pytest.approx(0, abs=1e-6)


@each_loss
def test_a_loss_of_half_precision_is_that_of_the_same_logits_in_full(name):
    logits, target, weights = (torch.as_tensor(a) for a in scene(2, 3, 0.7))
    half = logits.to(torch.bfloat16)[None]
    found = deep_supervision(LOSSES[name].function, half, target, weights.float())
    assert found.dtype == torch.float32
    assert float(found) == float(deep_supervision(LOSSES[name].function, half.float(), target, weights.float()))


def test_deep_supervision_is_the_mean_and_heeds_no_unlabelled_pixel():
    torch.manual_seed(0)
    logits = torch.randn(3, 2, 4, 8, 8, requires_grad=True)
    target = torch.randint(0, 4, (2, 8, 8))
    target[:, ::2] = IGNORE
    weights = class_weights(torch.tensor([0.5, 0.1, 0.2, 0.2]))
    loss = deep_supervision(weighted_bce_iou, logits, target, weights)
    means = [float(weighted_bce_iou(z, target, weights)) for z in logits.detach()]
    assert float(loss.detach()) == pytest.approx(np.mean(means))
    loss.backward()
    assert logits.grad is not None
    assert not logits.grad[:, :, :, ::2].any()
    assert logits.grad[:, :, :, 1::2].all()


# --- class weights ---------------------------------------------------------------------------------------------------


def test_class_weights_are_inverse_and_give_absent_classes_the_mean():
    torch.testing.assert_close(class_weights(torch.tensor([0.5, 0.25, 0.0])), torch.tensor([2.0, 4.0, 3.0]) / 9)
    root = root_weights(torch.tensor([0.64, 0.16, 0.0]))
    torch.testing.assert_close(root, torch.tensor([1.25, 2.5, 1.875]) / 1.875)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.just(0.0) | st.floats(1e-6, 1), min_size=1, max_size=20))
def test_class_weights_are_positive_and_sum_to_what_the_loss_expects(shares):
    weights, root = class_weights(torch.tensor(shares)), root_weights(torch.tensor(shares))
    assert float(weights.sum()) == pytest.approx(1, abs=1e-5)
    assert float(root.mean()) == pytest.approx(1, abs=1e-5)
    for i, j in np.ndindex(len(shares), len(shares)):
        if 0 < shares[i] <= shares[j]:
            assert weights[i] >= weights[j]
            assert root[i] >= root[j]
