"""Law, for every network of the catalogue: what it learns from and what it maps are sizes that it can take.

A patch that leaves the coarsest level a single pixel is refused: the kernels there would never see a neighbour.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.networks.base import NetworkConfig
from crop_classifier_plugin.engine.networks.registry import build, configure, entry, example
from crop_classifier_plugin.engine.training.model_folder.card_builder import round_up, tiling_of
from crop_classifier_plugin.engine.training.supervised.tile_size import with_fitting_tile
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.networks import NETWORKS, trainable
from kits.training.jobs import changed, some_job

LEARNING = sorted(name for name in trainable() if NETWORKS[name].network)
each = pytest.mark.parametrize("name", LEARNING)
sizes = st.sampled_from(["paper", "small"])


def config_of(name: str, preset: str) -> NetworkConfig:
    sample = entry(name).sample
    return configure(name, {"preset": preset}, sample.bands, 4, 5)


@each
@given(preset=sizes, patch=st.integers(1, 300), tile=st.integers(1, 600), overlap=st.integers(0, 300))
def test_a_card_has_tiles_that_the_network_takes_and_learnt_about(
    name: str, preset: str, patch: int, tile: int, overlap: int
) -> None:
    config = config_of(name, preset)
    job = changed(some_job(network=name), patch=patch, tile=tile, overlap=overlap)
    side = round_up(patch, config.multiple)
    if side < config.least_patch:
        with pytest.raises(BadInput, match=rf"at least {config.least_patch} px"):
            with_fitting_tile(job, config, Silent())
        return
    reporter = Silent()
    fitting = with_fitting_tile(job, config, reporter)
    tiling = tiling_of(fitting.model_inputs, config)
    assert tiling.tile % config.multiple == tiling.overlap % config.multiple == 0
    assert config.least_patch <= tiling.tile
    assert tiling.overlap <= tiling.tile // 2
    asked = tiling_of(job.model_inputs, config).tile
    assert (tiling.tile != asked) == bool(reporter.lines)
    radius = config.capabilities.receptive_radius
    if not radius or 2 * radius + 1 > side:
        assert tiling.tile <= max(2 * side, config.least_patch)
    elif asked >= config.least_patch:
        assert tiling.tile == asked


@each
@pytest.mark.parametrize("preset", ["paper", "small"])
def test_the_smallest_patch_leaves_every_kernel_a_neighbour(name: str, preset: str) -> None:
    """Counted in the network itself, whose weights need not exist for it."""
    config = config_of(name, preset)
    sides = []
    with torch.device("meta"):
        network = build(name, replace(config)).eval()
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.Conv3d)) and max(module.kernel_size[-2:]) == 3:
                module.register_forward_pre_hook(lambda _, given: sides.append(min(given[0].shape[-2:])))
        least = config.least_patch
        inputs = example(network, lambda tensor, shape: _zeros(tensor, shape), 1, 4, least, least)
        network(*inputs)
    assert min(sides, default=2) >= (2 if config.multiple > 1 else 1)


def _zeros(tensor: str, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.int64 if tensor == "doy" else torch.float32)
