"""Laws of patches: every held-out pixel once, no held-out label in training."""

from __future__ import annotations

import datetime as dt

import numpy as np
import torch
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.raster.tiling import Tiling
from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    TRAIN,
    Parcels,
    Split,
)
from crop_classifier_plugin.engine.training.data.band_statistics import statistics
from crop_classifier_plugin.engine.training.data.labelled_series import LabelledCube
from crop_classifier_plugin.engine.training.data.patches import (
    TARGET,
    Augmentation,
    PatchPlan,
    ScoringPatches,
    TrainingPatches,
    count_classes,
    turn,
)
from crop_classifier_plugin.engine.training.optim.losses import IGNORE
from crop_classifier_plugin.shared.cards.parts import Statistics
from kits.cards import preprocess_of


def season_of(height=40, width=50, seed=0, unknown=0.1):
    """A season in memory whose pixels know who they are: band 0 of date 0 counts them."""
    rng = np.random.default_rng(seed)
    image = rng.uniform(100, 4000, (3, 2, height, width)).astype(np.float32)
    image[0, 0] = np.arange(height * width).reshape(height, width)
    image[:, :, rng.random((height, width)) < unknown] = np.nan
    known = ~np.isnan(image).any(axis=(0, 1)) & (rng.random((height, width)) < 0.8)
    part = np.where(known, np.where(np.arange(width)[None] < width // 2, TRAIN, HELD_OUT), 0).astype(np.uint8)
    target = np.where(known, rng.integers(0, 2, (height, width)), IGNORE).astype(np.int16)
    grid = Grid(CRS.from_epsg(32631), Affine(10, 0, 5e5, 0, -10, 5.6e6), height, width)
    nothing = Parcels(np.zeros((0, 2)), np.zeros(0), np.zeros(0, np.int64))
    dates = (dt.date(2024, 4, 24), dt.date(2024, 6, 23), dt.date(2024, 8, 22))
    days = np.array([114, 174, 234])
    parted = Split("east", np.zeros(0, np.uint8))
    return LabelledCube("toy", image, target, part, days, np.ones(3, bool), dates, grid, nothing, parted)


PLAIN = preprocess_of(("x",), Statistics((0.0, 0.0), (1.0, 1.0)))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([(16, 0, 0), (16, 8, 2), (32, 16, 4), (64, 32, 15)]))
def test_scoring_patches_show_every_held_out_pixel_once(height, width, tiling):
    season = season_of(height, width)
    patches = ScoringPatches([season], PLAIN, HELD_OUT, Tiling(*tiling))
    seen = []
    for i in range(len(patches)):
        x, target = patches[i]["x"], patches[i]["target"]
        assert x.shape == (3, 2, tiling[0], tiling[0])
        numbers = x[0, 0][target != IGNORE].numpy().astype(int)
        seen.extend(numbers)
        np.testing.assert_array_equal(season.target.ravel()[numbers], target[target != IGNORE])
    assert sorted(seen) == list(np.flatnonzero(season.part.ravel() == HELD_OUT))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([8, 32, 64]))
def test_training_patches_show_no_held_out_label(seed, size):
    season = season_of()
    patches = TrainingPatches([season], PLAIN, PatchPlan(size, 6, seed), Augmentation())
    for i in range(6):
        x, target = patches[i]["x"], patches[i]["target"]
        known = target != IGNORE
        assert known.any()
        numbers = x[0, 0][known].numpy().round().astype(int)
        assert (season.part.ravel()[numbers] == TRAIN).all()
        np.testing.assert_array_equal(season.target.ravel()[numbers], target[known])


def test_patches_are_the_same_again_and_others_in_the_next_epoch():
    make = lambda: TrainingPatches([season_of()], PLAIN, PatchPlan(16, 4, 1), Augmentation(jitter=0.05))  # noqa: E731
    first, again = make(), make()
    assert torch.equal(first[2]["x"], again[2]["x"])
    again.epoch = 1
    assert not torch.equal(first[2]["x"], again[2]["x"])


def test_turning_turns_image_and_target_alike():
    image = np.arange(48, dtype=np.float32).reshape(1, 1, 6, 8)[..., :6]
    turned = {turn(image, image[0, 0].astype(np.int64), np.random.default_rng(i))[1].tobytes() for i in range(60)}
    assert len(turned) == 8
    for i in range(10):
        a, b = turn(image, image[0, 0].astype(np.int64), np.random.default_rng(i))
        np.testing.assert_array_equal(a[0, 0], b)


def test_statistics_leave_held_out_pixels_and_no_data_out():
    season = season_of()
    expected = season.image.astype(np.float64).copy()
    expected[:, :, season.part == HELD_OUT] = np.nan
    found = statistics([season])
    np.testing.assert_allclose(found.mean, np.nanmean(expected, axis=(0, 2, 3)), rtol=6e-5)
    np.testing.assert_allclose(found.std, np.nanstd(expected, axis=(0, 2, 3)), rtol=6e-5)


def test_counts_of_the_classes():
    season = season_of()
    counts = count_classes([season], TRAIN, 2)
    assert counts.tolist() == [((season.target == c) & (season.part == TRAIN)).sum() for c in (0, 1)]


def test_what_is_shown_is_what_the_patches_show():
    """The classes are counted in the patches themselves: on average over many, as often as in those of an epoch."""
    season = season_of()
    patches = TrainingPatches([season], PLAIN, PatchPlan(16, 256, 1), Augmentation())
    found = np.bincount(
        np.concatenate([each[TARGET].numpy().ravel() for each in (patches[i] for i in range(256))]) + 1, minlength=3
    )
    np.testing.assert_allclose(patches.count_shown(2), found[1:] / 256)
    np.testing.assert_array_equal(patches.count_shown(3)[2], 0)
