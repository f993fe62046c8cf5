"""Laws of a split: whole parcels on one side, every class on the training side."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
    Parcels,
    SplitRule,
    split,
)


@st.composite
def parcels(draw):
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    return Parcels(rng.uniform(0, 1000, (n, 2)), rng.uniform(1, 9, n), rng.integers(0, 4, n))


@settings(max_examples=60, deadline=None)
@given(parcels(), st.floats(0, 0.6), st.floats(0, 0.3), st.sampled_from(["auto", "north", "southwest"]))
def test_a_straight_cut_parts_whole_parcels(group, held_out, validation, side):
    parted = split(group, SplitRule(held_out, validation, side, seed=3))
    assert set(parted.parts) <= {TRAIN, VALIDATION, HELD_OUT}
    names = ("east", "northeast", "north", "northwest", "west", "southwest", "south", "southeast")
    angle = np.pi / 4 * names.index(parted.side)
    along = group.points @ [np.cos(angle), np.sin(angle)]
    for near, far in ((TRAIN, VALIDATION), (TRAIN, HELD_OUT), (VALIDATION, HELD_OUT)):
        if (parted.parts == near).any() and (parted.parts == far).any():
            assert along[parted.parts == near].max() <= along[parted.parts == far].min()
    share = group.areas[parted.parts == HELD_OUT].sum() / group.areas.sum()
    assert abs(share - held_out) <= group.areas.max() / group.areas.sum() / 2 + 1e-9
    again = split(group, SplitRule(held_out, validation, side, seed=3))
    np.testing.assert_array_equal(parted.parts, again.parts)


def test_auto_keeps_every_class_on_the_training_side():
    points = np.array([[0.0, 5], [1, 5], [8, 5], [9, 5]])
    group = Parcels(points, np.ones(4), np.array([0, 1, 0, 0]))
    parted = split(group, SplitRule(0.5, 0.0, "auto", seed=0))
    assert set(group.classes[parted.parts == TRAIN]) == {0, 1}
