"""The verdict in words: laws of its one rule."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from crop_classifier_plugin.engine.accuracy.confusion import Confusion
from crop_classifier_plugin.engine.accuracy.diagnosis.findings.verdict import (
    BIAS,
    GOOD,
    NOT_USABLE,
    PARTLY,
    POOR,
    UNKNOWN,
    USABLE,
    verdict_of,
)

K = 4
NAMES = list("abcd")
RANK = {NOT_USABLE: 0, PARTLY: 1, USABLE: 2}
matrices = npst.arrays(np.int64, (K, K), elements=st.integers(0, 500))


def rank_of(verdict, name):
    return 2 * (name in verdict.good) + (name in verdict.care)


@given(matrices)
def test_every_class_of_the_reference_is_called_once_unless_the_map_is_refused(n):
    verdict = verdict_of(NAMES, Confusion(n))
    present = [name for name, count in zip(NAMES, n.sum(axis=1)) if count]
    called = [*verdict.good, *verdict.care, *verdict.poor]
    assert sorted(called) == (sorted(present) if called else [])
    assert called or verdict.level in (NOT_USABLE, UNKNOWN)
    assert verdict.sentences


@given(matrices, st.permutations(range(K)))
def test_the_order_of_the_classes_does_not_matter(n, order):
    plain = verdict_of(NAMES, Confusion(n))
    moved = verdict_of([NAMES[k] for k in order], Confusion(n[np.ix_(order, order)]))
    assert (moved.level, set(moved.good), set(moved.poor)) == (plain.level, set(plain.good), set(plain.poor))


@given(matrices, st.integers(0, K - 1), st.integers(0, K - 1), st.data())
def test_mending_errors_never_makes_it_worse(n, i, j, data):
    assume(i != j and n[i, j])
    better = n.copy()
    mended = data.draw(st.integers(1, int(n[i, j])))
    better[i, j] -= mended
    better[i, i] += mended
    before, after = verdict_of(NAMES, Confusion(n)), verdict_of(NAMES, Confusion(better))
    assume(before.level != UNKNOWN)
    assert RANK[after.level] >= RANK[before.level]
    assert all(rank_of(after, name) >= rank_of(before, name) for name in NAMES) or after.level == NOT_USABLE


@given(st.lists(st.integers(1, 10**6), min_size=K, max_size=K), st.integers(0, K - 1))
def test_a_map_of_one_class_is_never_usable_and_a_perfect_one_always_good(counts, only):
    constant = np.zeros((K, K), np.int64)
    constant[:, only] = counts
    assert verdict_of(NAMES, Confusion(constant)).level == NOT_USABLE
    assert verdict_of(NAMES, Confusion(np.diag(np.array(counts, np.int64)))).level == USABLE


@given(st.integers(1, 1000), st.integers(0, 1000))
def test_a_reference_of_one_class_tells_nothing(right, wrong):
    n = np.zeros((K, K), np.int64)
    n[0, 0], n[0, 1] = right, wrong
    assert verdict_of(NAMES, Confusion(n)).level == UNKNOWN


def test_the_limits_are_those_that_the_rule_states():
    #                 a: both .85 exactly    b: producer's below .6    c: in between
    n = np.array([[850, 150, 0], [150, 250, 50], [0, 23, 150]], np.int64)
    scores = Confusion(n).scores()
    assert scores[0].recall == scores[0].precision == GOOD
    assert scores[1].recall < POOR <= min(scores[2].recall, scores[2].precision) < GOOD
    verdict = verdict_of(NAMES[:3], Confusion(n))
    assert (verdict.good, verdict.care, verdict.poor) == (("a",), ("c",), ("b",))
    assert f"c {200 / 173 - 1:+.0%}" in verdict.sentences[-1]
    assert abs(423 / 450 - 1) < BIAS
    assert "b " not in verdict.sentences[-1].split(":")[1]
