"""LRTACF-Net's own blocks against slow references written from docs/papers/lrtacf_net.md, sections 2.3 and 2.4."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import correlate2d

from crop_classifier_plugin.engine.networks.lrtacf_net import FeedbackBlock, Skip

torch.set_num_threads(1)
RNG = np.random.default_rng(3)


def slow_conv(x: NDArray, weight: NDArray, dilation: int = 1) -> NDArray:
    """(C,H,W), (K,C,3,3) -> (K,H,W), zero padding, kernels spread by `dilation`."""
    side = 2 * dilation + 1
    spread = np.zeros((*weight.shape[:2], side, side))
    spread[:, :, ::dilation, ::dilation] = weight
    return np.stack([sum(correlate2d(x[c], k[c], mode="same") for c in range(len(x))) for k in spread])


def batch_norm(x: NDArray, norm: torch.nn.BatchNorm2d) -> NDArray:
    mean, var, gamma, beta = (
        v.detach().numpy()[:, None, None] for v in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return (x - mean) / np.sqrt(var + norm.eps) * gamma + beta


def shaken(module: torch.nn.Module) -> torch.nn.Module:
    """In eval mode, with batch statistics that are not the default ones."""
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.running_mean.uniform_(-0.5, 0.5)
            norm.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
            torch.nn.init.uniform_(norm.bias, -0.3, 0.3)
    return module.double().eval()


def test_feedback_block_by_hand():
    """Feedback, mutual attention, and the cascade of dilations 1..4 that share one weight and one norm."""
    torch.manual_seed(0)
    block = shaken(FeedbackBlock(3))
    low, high, feedback = RNG.normal(size=(3, 3, 12, 11))
    inputs = (torch.from_numpy(v[None]) for v in (low, high, feedback))
    found = block(*inputs)[0].detach().numpy()

    low, high = low + feedback, high + feedback
    first, conv, norm, _ = block.mutual
    inner = slow_conv(np.concatenate([low, high]), first[0].weight.detach().numpy())
    inner = np.maximum(batch_norm(inner, first[1]), 0)
    m = 1 / (1 + np.exp(-batch_norm(slow_conv(inner, conv.weight.detach().numpy()), norm)))
    z = m * low + m * high + high
    u = np.zeros_like(z)
    for r in (1, 2, 3, 4):
        u = np.maximum(batch_norm(slow_conv(z + u, block.cascade.weight.detach().numpy(), r), block.norm), 0)
    np.testing.assert_allclose(found, u + z, rtol=1e-9, atol=1e-12)


def test_skip_mixes_the_dates_group_by_group():
    torch.manual_seed(0)
    skip = shaken(Skip(4, heads=2, factor=1))
    maps = RNG.normal(size=(3, 4, 5, 6))  # (T,C,H,W)
    weight = RNG.random((3, 2, 5, 6))  # (T,heads,H,W)
    found = skip(torch.from_numpy(maps[None]), torch.from_numpy(weight[None]))[0].detach().numpy()
    mixed = np.concatenate([(maps[:, 2 * h : 2 * h + 2] * weight[:, h : h + 1]).sum(axis=0) for h in range(2)])
    conv, norm, _ = skip.conv
    kernel, bias = conv.weight.detach().numpy()[:, :, 0, 0], conv.bias.detach().numpy()
    expected = np.maximum(batch_norm(np.einsum("kc,chw->khw", kernel, mixed) + bias[:, None, None], norm), 0)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
