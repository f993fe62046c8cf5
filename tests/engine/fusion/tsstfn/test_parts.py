"""What training and fusing with TSSTFN are made of: days, tiles, blending. Laws for every input."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.fusion.tsstfn.forecast_steps import forecast_steps, targets_of, training_step
from crop_classifier_plugin.engine.fusion.tsstfn.predictor import network_input
from crop_classifier_plugin.engine.fusion.tsstfn.tile_blending import PredictedTile, blended
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.raster.tiling import Tiling, reflected
from crop_classifier_plugin.engine.splits.tiles import TileSplitRule, split_tiles
from crop_classifier_plugin.engine.training.tsstfn.tiles import (
    Sampling,
    Tiles,
    TrainingTiles,
    Year,
)
from crop_classifier_plugin.shared.errors import BadInput


def day(number: int) -> dt.date:
    return dt.date(2021, 1, 1) + dt.timedelta(days=number)


def grid(height: int, width: int) -> Grid:
    return Grid(CRS.from_epsg(32631), Affine(10, 0, 500000, 0, -10, 5650000), height, width)


# --- days ------------------------------------------------------------------------------------------------------------

days = st.sets(st.integers(0, 40), min_size=1, max_size=12)


@given(fine=days, coarse=days, wanted=st.sets(st.integers(0, 40), min_size=1, max_size=4), sequential=st.booleans())
def test_a_forecast_stands_on_the_last_pairs_before_it_and_on_no_image_of_a_target(
    fine: set[int], coarse: set[int], wanted: set[int], sequential: bool
) -> None:
    observed = (fine & coarse) - wanted
    made = wanted if sequential else set()
    allowed = {target: sorted(n for n in observed | made if n < target) for target in sorted(wanted)}
    targets = [day(n) for n in sorted(wanted, reverse=True)]
    given = {day(n) for n in fine}, {day(n) for n in coarse | wanted}
    if min(map(len, allowed.values())) < 2:
        with pytest.raises(BadInput, match="needs 2 base pairs"):
            forecast_steps(targets, (2, 2), *given, sequential)
        return
    steps = forecast_steps(targets, (2, 2), *given, sequential)
    assert [(s.target, list(s.bases)) for s in steps] == [
        (day(t), [day(n) for n in b[-2:]]) for t, b in allowed.items()
    ]
    assert all(set(s.made) == set(s.bases) - {day(n) for n in observed} for s in steps)


def test_a_sequence_of_one_target_is_an_individual_forecast() -> None:
    images = {day(n) for n in range(4)}
    one = [forecast_steps([day(9)], (3, 3), images, images | {day(9)}, sequential) for sequential in (True, False)]
    assert one[0] == one[1]


def test_a_later_model_may_take_another_number_of_pairs() -> None:
    images = {day(n) for n in range(4)}
    steps = forecast_steps([day(8), day(9)], (2, 4), images, images | {day(8), day(9)}, True)
    assert [len(step.bases) for step in steps] == [2, 4]
    assert steps[1].bases[-1] == day(8)


def test_targets_are_the_coarse_days_after_the_fine_ones() -> None:
    fine, coarse = {day(1), day(5)}, {day(n) for n in (1, 5, 7, 6)}
    assert targets_of((), fine, coarse) == (day(6), day(7))
    with pytest.raises(BadInput, match="No coarse image is later"):
        targets_of((), fine, {day(1)})
    with pytest.raises(BadInput, match="No coarse image is of the target 2021-01-03"):
        targets_of(("2021-01-03",), fine, coarse)


def test_training_takes_the_last_day_with_both_images() -> None:
    step = training_step("", 2, {day(n) for n in (1, 2, 3, 9)}, {day(n) for n in (1, 2, 3, 5)})
    assert (step.target, step.bases) == (day(3), (day(1), day(2)))
    with pytest.raises(BadInput, match=r"needs 3 base pairs .* there are 2"):
        training_step("", 3, {day(n) for n in (1, 2, 3)}, {day(n) for n in (1, 2, 3)})
    with pytest.raises(BadInput, match="no fine and coarse image of the target 2021-01-10"):
        training_step("2021-01-10", 1, {day(1)}, {day(1), day(9)})
    with pytest.raises(BadInput, match="No day has both"):
        training_step("", 1, {day(1)}, {day(2)})


# --- tiles -----------------------------------------------------------------------------------------------------------


@given(
    height=st.integers(8, 90),
    width=st.integers(8, 90),
    size=st.sampled_from((8, 16)),
    share=st.floats(0.01, 0.6),
    kind=st.sampled_from(("blocks", "random")),
    seed=st.integers(0, 9),
)
def test_no_tile_that_is_learnt_from_touches_one_that_validates(
    height: int, width: int, size: int, share: float, kind: str, seed: int
) -> None:
    try:
        learnt, held = split_tiles(np.ones((height, width), bool), TileSplitRule(size, share, kind, seed))
    except BadInput:
        return
    for row, col in (*learnt, *held):
        assert 0 <= row <= height - size
        assert 0 <= col <= width - size
    assert not set(learnt) & set(held)
    if kind == "blocks":
        seen = np.zeros((height, width), bool)
        for row, col in learnt:
            seen[row : row + size, col : col + size] = True
        assert not any(seen[row : row + size, col : col + size].any() for row, col in held)


def test_tiles_of_the_papers_image() -> None:
    """713 tiles of 192 px that overlap by half in 3071 x 2294 px; a tenth of them validate."""
    learnt, held = split_tiles(np.ones((2294, 3071), bool), TileSplitRule(192, 0.1, "random", 1))
    assert (len(learnt), len(held)) == (642, 71)
    tiling = Tiling(192, 10, 0)
    assert len(tiling.starts(3071)) * len(tiling.starts(2294)) == 221


@pytest.mark.parametrize("turned", [False, True])
def test_what_lacks_a_value_is_not_learnt(turned: bool) -> None:
    rng = np.random.default_rng(0)
    fine, coarse = (rng.uniform(0, 1, (3, 8, 8)).astype(np.float32) for _ in range(2))
    fine[0, 1, 2] = fine[2, 3, 4] = coarse[1, 5, 6] = coarse[2, 7, 7] = np.nan
    year = Year(fine, coarse, ~np.isnan(np.concatenate([fine, coarse])).any(axis=0))
    tiles = TrainingTiles(year, [(0, 0)], 8, Sampling(1, 3, augment=True)) if turned else Tiles(year, [(0, 0)], 8)
    x, target = tiles[0]["x"], tiles[0]["target"]
    assert x.shape == (3, 2, 8, 8)
    assert not x.isnan().any()
    assert int(target.isnan().sum()) == 4
    known = ~np.isnan(target.numpy())
    assert sorted(target.numpy()[known]) == sorted(fine[2][year.valid])


def test_a_gap_shows_its_days_coarse_value_and_is_not_known() -> None:
    fine, coarse = np.full((1, 2, 2), 0.5), np.full((2, 2, 2), 0.3)
    fine[0, 0, 0], coarse[1, 1, 1] = np.nan, np.nan
    x, known = network_input(fine, coarse)
    assert x[0, 1, 0, 0] == np.float32(0.3)
    assert x[1, 0, 1, 1] == 0
    assert (x[1, 1] == 0).all()
    assert known.tolist() == [[False, True], [True, False]]


# --- blending --------------------------------------------------------------------------------------------------------


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    size=st.integers(4, 24),
    overlap=st.integers(0, 12),
    seed=st.integers(0, 5),
)
def test_tiles_of_one_image_blend_to_that_image(height: int, width: int, size: int, overlap: int, seed: int) -> None:
    """Every pixel once, no seam, gaps stay gaps."""
    overlap = min(overlap, size // 2)
    image = np.random.default_rng(seed).uniform(-1, 1, (height, width)).astype(np.float32)
    image[np.random.default_rng(seed + 9).uniform(0, 1, image.shape) < 0.1] = np.nan

    def predict(row: int, col: int) -> PredictedTile:
        part = image[np.ix_(reflected(row, size, height), reflected(col, size, width))]
        return PredictedTile(np.nan_to_num(part, nan=7), ~np.isnan(part))

    made = np.full_like(image, 99)
    done = 0.0
    for window, values, share in blended(Tiling(size, overlap, 0), grid(height, width), predict):
        assert (made[window.slices] == 99).all()
        assert share > done
        made[window.slices], done = values, share
    assert done == 1
    np.testing.assert_allclose(made, image, atol=1e-5)


def test_neighbouring_tiles_meet_in_a_linear_ramp() -> None:
    """Two tiles of 0 and 1 that share four columns."""
    tiles = {0: 0.0, 4: 1.0}
    parts = blended(
        Tiling(8, 4, 0),
        grid(8, 12),
        lambda row, col: PredictedTile(np.full((8, 8), tiles[col], np.float32), np.ones((8, 8), bool)),
    )
    made = next(iter(parts))[1]
    np.testing.assert_allclose(made[4], [0, 0, 0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1, 1, 1], atol=1e-6)
