"""The views of a pre-training: what they share, and what is missing in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.training.pretraining.sequences import even_dates
from crop_classifier_plugin.engine.training.pretraining.views import (
    Viewer,
    blurred,
    changed,
    rules,
    solarised,
)
from crop_classifier_plugin.shared.cards.parts import Statistics
from kits.training.pretraining import a_batch, a_sequence


def test_eight_views_share_their_dates_crop_and_light_over_time():
    """A sequence that does not change over time gives views that do not, whatever the crop and the light."""
    rng = np.random.default_rng(3)
    sequence = a_sequence(rng)
    still = replace(sequence, image=np.repeat(sequence.image[:1], 3, axis=0))
    stats = Statistics((2000.0,) * 3, (1000.0,) * 3)
    views = Viewer(stats, rules(16, 8), ()).views(still, rng)
    assert [v.x.shape for v in views] == [(3, 3, 16, 16)] * 2 + [(3, 3, 8, 8)] * 6
    for view in views:
        torch.testing.assert_close(view.x[0], view.x[1])
        torch.testing.assert_close(view.x[0], view.x[2])
    batch = a_batch(0)
    assert len(batch.x) == 8
    assert batch.doy.tolist() == [[90, 150, 210]] * 2  # one for all views


def test_missing_pixels_are_zero_and_missing_dates_have_no_share():
    rng = np.random.default_rng(0)
    sequence = a_sequence(rng)
    sequence.image[1] = np.nan
    stats = Statistics((2000.0,) * 3, (1000.0,) * 3)
    for view in Viewer(stats, rules(16, 8), ()).views(sequence, rng):
        assert view.valid.tolist() == [1, 0, 1]
        assert not view.x[1].any()
        assert torch.isfinite(view.x).all()


def test_the_blur_keeps_the_mean_and_smooths():
    x = torch.rand(2, 3, 20, 20)
    for sigma in (0.1, 1.0, 2.0):
        torch.testing.assert_close(blurred(torch.full_like(x, 7.0), sigma), torch.full_like(x, 7.0))
    assert blurred(x, 2.0).std() < 0.3 * x.std()
    torch.testing.assert_close(blurred(x, 0.1), x, atol=1e-3, rtol=0)


def test_solarising_mirrors_the_upper_half():
    x = torch.tensor([0.0, 1, 2, 3, 4]).reshape(1, 1, 1, 5)
    assert solarised(x).flatten().tolist() == [0, 1, 2, 1, 0]


def test_light_changes_a_band_by_one_line():
    """Brightness, contrast and gain together are one linear function a band, the same on all dates."""
    rule = replace(rules(16, 8)[0], blur=0.0)
    x = torch.rand(4, 3, 8, 8) * 1000
    y = changed(x, rule, np.random.default_rng(1))
    for band in range(3):
        a, b = x[:, band].flatten(), y[:, band].flatten()
        design = torch.stack([a, torch.ones_like(a)], dim=1)
        fit = design @ torch.linalg.lstsq(design, b[:, None]).solution
        torch.testing.assert_close(fit[:, 0], b, atol=0.1, rtol=1e-4)


@given(st.integers(1, 100), st.data())
def test_dates_are_even_sorted_and_distinct(total, data):
    count = data.draw(st.integers(1, total))
    picked = even_dates(range(total), count)
    assert list(picked) == sorted(set(picked))
    assert len(picked) == count
    if count > 1:
        assert (picked[0], picked[-1]) == (0, total - 1)
        assert max(np.diff(picked)) - min(np.diff(picked)) <= 1
