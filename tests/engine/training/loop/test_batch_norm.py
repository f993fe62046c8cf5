"""Running statistics of batch normalisation: right from the first step on, and the network's own in the long run."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from crop_classifier_plugin.engine.networks.registry import build, configure
from crop_classifier_plugin.engine.training.loop.batch_norm import EarlySteps
from kits.training.loop import RECIPE, lesson_of, run


@given(steps=st.integers(1, 40), momentum=st.sampled_from([0.01, 0.1, 0.5]), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_the_first_steps_are_averaged_evenly(steps: int, momentum: float, seed: int) -> None:
    torch.manual_seed(seed)
    norm = nn.BatchNorm1d(3, momentum=momentum)
    early, batches = EarlySteps(norm), 5 + 2 * torch.randn(steps, 8, 3)
    mean = torch.zeros(3)
    for number, batch in enumerate(batches):
        early.next()
        norm(batch)
        share = max(momentum, 1 / (number + 1))
        mean = (1 - share) * mean + share * batch.mean(dim=0)
    torch.testing.assert_close(norm.running_mean, mean)
    if steps <= 1 / momentum:  # until then it is the plain mean, wherever the statistics started
        torch.testing.assert_close(norm.running_mean, batches.mean(dim=(0, 1)))


def test_a_norm_without_momentum_stays_as_it_is() -> None:
    norm = nn.BatchNorm1d(2, momentum=None)
    EarlySteps(norm).next()
    assert norm.momentum is None


@pytest.mark.parametrize("name", ["unet_convlstm", "unet"])
def test_the_networks_own_momentum_is_kept_in_the_long_run(name: str) -> None:
    network = build(name, configure(name, {"widths": "4,4"}, 2, 3, 2))
    own = {key: m.momentum for key, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    early = EarlySteps(network)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.num_batches_tracked.fill_(10_000)
    early.next()
    assert own == {key: m.momentum for key, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}


def test_a_lesson_with_sam_takes_the_statistics_of_first_passes_alone() -> None:
    """Of each step's two passes the second one, at the weights that SAM looks at, leaves no trace."""
    lesson, seen = lesson_of(replace(RECIPE, optimizer="sam", epochs=1)), []
    norm = next(m for m in lesson.task.network.modules() if isinstance(m, nn.BatchNorm2d))
    norm.register_forward_hook(lambda module, given, found: seen.append(given[0].detach()) if module.training else None)
    run(lesson, checks=False)
    first = [batch.mean(dim=(0, 2, 3)) for batch in seen[::2]]
    assert len(seen) == 4
    assert int(norm.num_batches_tracked) == len(first)
    torch.testing.assert_close(norm.running_mean, torch.stack(first).mean(dim=0))
