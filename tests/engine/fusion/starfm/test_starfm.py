"""STARFM: its laws, and a slow reference written from the formulas alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.fusion.starfm.starfm import Settings
from kits.fusion.starfm import fast

DEFAULTS = {"classes": 4, "sigma": (0.03, 0.03), "temporal": True, "local": False, "log": 0.0}


def slow(pairs: list[tuple[np.ndarray, np.ndarray]], target: np.ndarray, window: int, **options: Any) -> np.ndarray:
    """STARFM pixel by pixel, neighbour by neighbour."""
    o = DEFAULTS | options
    out = np.full(target.shape, np.nan)
    for row, col in np.ndindex(target.shape):
        above = below = 0.0
        own = []
        for fine, coarse in pairs:
            f, c, t = fine[row, col], coarse[row, col], target[row, col]
            if math.isnan(f + c + t):
                continue
            if f == c or c == t:
                own.append(f + t - c)
            for i, j in around(row, col, target.shape, window):
                weight = weigh(fine, coarse, target, (row, col), (i, j), window, o)
                if weight:
                    above += weight * (fine[i, j] + target[i, j] - coarse[i, j])
                    below += weight
        if own:
            out[row, col] = sum(own) / len(own)
        elif below:
            out[row, col] = above / below
    return out


def around(row: int, col: int, shape: tuple[int, ...], window: int) -> list[tuple[int, int]]:
    h = window // 2
    rows = range(max(row - h, 0), min(row + h + 1, shape[0]))
    cols = range(max(col - h, 0), min(col + h + 1, shape[1]))
    return [(i, j) for i in rows for j in cols]


def weigh(fine, coarse, target, p, i, window, o) -> float:
    if math.isnan(fine[i] + coarse[i] + target[i]):
        return 0.0
    inside = [fine[q] for q in around(*p, fine.shape, window)] if o["local"] else fine
    alike = abs(fine[i] - fine[p]) <= 2 * float(np.nanstd(inside)) / o["classes"]
    s, t = abs(fine[i] - coarse[i]), abs(coarse[i] - target[i])
    good_s = s < abs(fine[p] - coarse[p]) + math.sqrt(o["sigma"][0] ** 2 + o["sigma"][1] ** 2)
    good_t = t < abs(coarse[p] - target[p]) + math.sqrt(2) * o["sigma"][1] or not o["temporal"]
    if p != i and not (alike and good_s and good_t):
        return 0.0
    if o["log"]:
        s, t = math.log(s * o["log"] + 1), math.log(t * o["log"] + 1)
    distance = 1 + math.sqrt((p[0] - i[0]) ** 2 + (p[1] - i[1]) ** 2) / (window / 2)
    return 1 / ((s + 1e-4) * (t + 1e-4) * distance)


def images(seed: int, shape: tuple[int, int] = (14, 17), count: int = 1, gaps: float = 0.0):
    """Fields of 5 px under coarse cells of 4 px; pairs and the target's coarse image."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count + 1):
        blocks = [np.kron(rng.uniform(0.1, 0.9, (5, 6)), np.ones((k, k)))[: shape[0], : shape[1]] for k in (5, 4)]
        pair = [b + rng.normal(0, 0.02, shape) for b in blocks]
        for image in pair:
            image[rng.random(shape) < gaps] = np.nan
        out.append(tuple(pair))
    return out[:count], out[-1][1]


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, {}),
        ({"classes": 2, "sigma_fine": 0.1, "sigma_coarse": 0.02}, {"classes": 2, "sigma": (0.1, 0.02)}),
        ({"temporal_filter": False}, {"temporal": False}),
        ({"local_spread": True}, {"local": True}),
        ({"logarithmic": True}, {"log": 10_000.0}),
        ({"sigma_fine": 0, "sigma_coarse": 0}, {"sigma": (0, 0)}),
    ],
)
@pytest.mark.parametrize(("count", "gaps"), [(1, 0.0), (2, 0.1)])
def test_agrees_with_the_slow_reference(changes: dict, options: dict, count: int, gaps: float) -> None:
    pairs, target = images(3, count=count, gaps=gaps)
    np.testing.assert_allclose(
        fast(pairs, target, Settings(window=9, **changes)), slow(pairs, target, 9, **options), atol=1e-6
    )


def test_the_slow_reference_gives_what_the_equations_of_the_paper_give_on_three_pixels() -> None:
    """Gao et al. 2006, equations 7 to 12, worked out with pencil and paper for the pixel in the middle.

    Its right neighbour is not alike (0.7 > 2 * 0.330 / 4). S = T = 0.05 in the middle and 0.08 on the left, below
    0.05 + 0.0424; D = 1 and 1 + 1 / 1.5. So C = 0.0501^2 = 0.00251001 and 0.0801^2 * 5 / 3 = 0.01069335, the weights
    are as 398.405 to 93.516, and they weigh 0.2 + 0.30 - 0.25 = 0.25 and 0.2 + 0.36 - 0.28 = 0.28.
    """
    fine, coarse, target = (np.array([v]) for v in ([0.2, 0.2, 0.9], [0.28, 0.25, 0.9], [0.36, 0.3, 1.0]))
    expected = (398.405 * 0.25 + 93.516 * 0.28) / (398.405 + 93.516)
    assert slow([(fine, coarse)], target, 3)[0, 1] == pytest.approx(expected, abs=1e-6)
    assert fast([(fine, coarse)], target, Settings(window=3))[0, 1] == pytest.approx(expected, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([3, 7, 61]), st.sampled_from([1, 2]))
def test_no_change_of_the_coarse_image_is_no_change(seed: int, window: int, count: int) -> None:
    pairs, target = images(seed)
    pairs = [(fine, target) for fine, _ in pairs] * count
    np.testing.assert_array_equal(fast(pairs, target, Settings(window=window)), pairs[0][0])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.5, 0.5), st.booleans())
def test_uniform_change_is_added_up_to_the_smoothing_of_alike_pixels(seed: int, change: float, log: bool) -> None:
    """Neighbours differ from a pixel by 2 sigma / m at most, and so does their weighted mean."""
    ((fine, coarse),), _ = images(seed)
    made = fast([(fine, coarse)], coarse + change, Settings(window=7, logarithmic=log))
    assert np.abs(made - (fine + change)).max() <= 2 * fine.std() / 4 + 1e-9
    flat = fast([(np.full_like(fine, 0.4), coarse)], coarse + change, Settings(window=7))
    np.testing.assert_allclose(flat, 0.4 + change, atol=1e-9)


def test_where_a_pair_has_a_gap_the_other_one_answers() -> None:
    (first, second), target = images(5, count=2)
    first[0][3:8, 3:8] = np.nan
    made = fast([first, second], target, Settings(window=5))
    assert not np.isnan(made).any()
    second[1][5, 5] = np.nan
    assert np.argwhere(np.isnan(fast([first, second], target, Settings(window=5)))).tolist() == [[5, 5]]
