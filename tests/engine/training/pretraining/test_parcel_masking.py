"""Plot-wise masks of a pre-training."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion

from crop_classifier_plugin.engine.training.pretraining.parcel_masking import plot_mask


def inner_edges(plots):
    """The pixels of each parcel that touch another parcel or none."""
    edge = np.zeros(plots.shape, bool)
    for number in np.unique(plots[plots > 0]):
        own = plots == number
        edge |= own & ~binary_erosion(own, border_value=1)
    return edge


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 30), ratio=st.floats(0, 1))
def test_masks_hide_the_share_of_the_parcels_and_nothing_else(seed, count, ratio):
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 40, (count, 2))
    rows, cols = np.indices((40, 40))
    plots = np.argmin([(rows - r) ** 2 + (cols - c) ** 2 for r, c in centres], axis=0) + 1
    plots[rng.random((40, 40)) < 0.1] = 0
    mask = plot_mask(plots * 1000, rng, ratio)
    assert not mask[plots == 0].any()
    assert abs(mask.sum() - ratio * (plots > 0).sum()) <= 0.5


def test_half_is_hidden_and_the_boundary_stays_on_parcels_of_pastis_size():
    """docs/papers/cropsts.md, section 3.6: 13 x 15 px parcels keep 95 % of their 1-px boundary."""
    plots = np.kron(np.arange(1, 65).reshape(8, 8), np.ones((13, 15), int))
    mask = plot_mask(plots, np.random.default_rng(0))
    edge = inner_edges(plots)
    assert mask.mean() == pytest.approx(0.5, abs=0.01)
    assert 1 - mask[edge].mean() >= 0.95


def test_no_parcel_no_mask():
    assert not plot_mask(np.zeros((8, 8), int), np.random.default_rng(0)).any()
