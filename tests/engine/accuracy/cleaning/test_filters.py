"""Filters against slow versions; cut into pieces they give what the whole gives; no data stays and never votes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from crop_classifier_plugin.engine.accuracy.cleaning.filters import Bayes, Majority, Sieve
from crop_classifier_plugin.engine.labels.constants import NO_DATA

SEEDS = st.integers(0, 100_000)


def field(seed, shape=(23, 31), classes=4):
    rng = np.random.default_rng(seed)
    values = np.kron(rng.integers(0, classes, (6, 8)), np.ones((4, 4), int))[: shape[0], : shape[1]]
    noise = rng.random(shape)
    values = np.where(noise < 0.2, rng.integers(0, classes, shape), values)
    return np.where(noise > 0.9, NO_DATA, values).astype(np.int32)


def chances(seed, shape=(23, 31), classes=4):
    rng = np.random.default_rng(seed)
    raw = rng.gamma(0.7, size=(classes, *shape)) + 1e-3
    return (raw / raw.sum(axis=0)).astype(np.float32)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from([3, 5]))
def test_majority_is_the_commonest_class_around(seed: int, size: int) -> None:
    values = field(seed)
    found, half = Majority(size)(values), size // 2
    for row, col in np.ndindex(values.shape):
        around = values[max(row - half, 0) : row + half + 1, max(col - half, 0) : col + half + 1]
        votes = np.bincount(around[around != NO_DATA], minlength=5)
        own = values[row, col]
        if own == NO_DATA:
            assert found[row, col] == NO_DATA
        else:
            assert votes[found[row, col]] == votes.max()
            assert found[row, col] == own or votes[own] < votes.max()


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(2, 9))
def test_sieve_replaces_small_regions_by_what_surrounds_them_and_nothing_else(seed: int, least: int) -> None:
    values = field(seed)
    found = Sieve(least)(values)
    assert ((found == NO_DATA) == (values == NO_DATA)).all()
    regions, small = np.zeros(values.shape, int), set()
    for crop in range(4):
        parts, count = ndimage.label(values == crop)
        for part in range(1, count + 1):
            number = regions.max() + 1
            regions[parts == part] = number
            if (parts == part).sum() < least:
                small.add(number)
    for number in range(1, regions.max() + 1):
        here = regions == number
        ring = ndimage.binary_dilation(here) & ~here & (regions > 0)
        ring &= ~np.isin(regions, list(small))
        if number not in small or not ring.any():
            assert (found[here] == values[here]).all()
            continue
        sides = np.zeros(4)
        for row, col in zip(*np.nonzero(ring)):
            for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                r, c = row + dr, col + dc
                sides[values[row, col]] += 0 <= r < 23 and 0 <= c < 31 and here[r, c]
        assert set(found[here]) == {int(sides.argmax())}


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from([Majority(3), Majority(5), Sieve(4), Sieve(7), Bayes(5, 2.0)]), st.integers(3, 12))
def test_pieces_with_their_margin_give_what_the_whole_gives(seed: int, filter_, step: int) -> None:
    values, probabilities = field(seed), chances(seed)
    whole, half = filter_(values, probabilities), filter_.margin
    for row in range(0, 23, step):
        for col in range(0, 31, step):
            top, left = max(row - half, 0), max(col - half, 0)
            piece = (slice(top, row + step + half), slice(left, col + step + half))
            found = filter_(values[piece], probabilities[(slice(None), *piece)])
            inner = found[row - top :, col - left :][:step, :step]
            assert (inner == whole[row : row + step, col : col + step]).all()


def test_bayes_draws_logits_to_the_mean_around() -> None:
    """Against the formula, pixel by pixel; and a lone doubtful pixel takes its neighbours' class."""
    values, probabilities = field(3), chances(3)
    found = Bayes(3, 2.0)(values, probabilities)
    logits = np.log(np.clip(probabilities, 1e-6, None) / np.clip(1 - probabilities, 1e-6, None)).astype(float)
    for row, col in [(5, 7), (0, 0), (22, 30), (10, 15)]:
        if values[row, col] == NO_DATA:
            continue
        box = (slice(max(row - 1, 0), row + 2), slice(max(col - 1, 0), col + 2))
        there = values[box] != NO_DATA
        around = logits[(slice(None), *box)][:, there]
        m, s2, x = around.mean(axis=1), around.var(axis=1), logits[:, row, col]
        assert found[row, col] == ((s2 * x + 2.0 * m) / (s2 + 2.0)).argmax()
    sure = np.full((2, 9, 9), 0.1, np.float32)
    sure[0] = 0.9
    sure[:, 4, 4] = 0.49, 0.51
    lone = sure.argmax(axis=0).astype(np.int32)
    assert lone[4, 4] == 1
    assert Bayes(5, 10.0)(lone, sure)[4, 4] == 0


def test_bayes_without_probabilities_is_a_fault() -> None:
    with pytest.raises(ValueError, match="probabilities"):
        Bayes(3, 1.0)(field(0), None)
