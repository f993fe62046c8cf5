"""The confusion matrix and its figures: laws for any matrix, and scikit-learn as the independent reference."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn import metrics

from crop_classifier_plugin.engine.accuracy.confusion import Confusion
from crop_classifier_plugin.shared.errors import BadInput

K = 5
pairs = npst.arrays(np.uint8, st.tuples(st.just(2), st.integers(1, 200)), elements=st.integers(0, K - 1))
matrices = npst.arrays(np.int64, (K, K), elements=st.integers(0, 10**9))


def same(ours: float, theirs: float) -> bool:
    return math.isnan(ours) if math.isnan(theirs) else math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12)


@given(pairs)
def test_matrix_is_scikit_learns(pair):
    ours = Confusion.count(pair[0], pair[1], K)
    assert (ours.n == metrics.confusion_matrix(pair[0], pair[1], labels=range(K))).all()


@given(pairs)
def test_figures_are_scikit_learns(pair):
    truth, mapped = pair
    ours = Confusion.count(truth, mapped, K)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        precision, recall, f1, support = metrics.precision_recall_fscore_support(
            truth, mapped, labels=range(K), zero_division=np.nan
        )
        iou = metrics.jaccard_score(truth, mapped, labels=range(K), average=None, zero_division=0)
        kappa = metrics.cohen_kappa_score(truth, mapped)
    assert same(ours.oa, metrics.accuracy_score(truth, mapped))
    assert same(ours.kappa, kappa)
    for c, score in enumerate(ours.scores()):
        assert score.reference == support[c]
        assert same(score.precision, precision[c])
        assert same(score.recall, recall[c])
        assert same(score.f1, f1[c])
        assert same(score.iou, iou[c]) or (math.isnan(score.iou) and score.reference == score.mapped == 0)
    present = np.unique(truth)
    assert same(ours.mean_f1, float(np.mean(f1[present])))
    assert same(ours.mean_iou, float(np.mean(iou[present])))
    figures = ours.figures()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accuracy = metrics.balanced_accuracy_score(truth, mapped)
        macro = metrics.precision_score(truth, mapped, labels=present, average="macro", zero_division=0)
    assert same(figures["average_accuracy"], accuracy)
    assert same(figures["average_precision"], macro)
    if len(present) > 1 and len(np.unique(mapped)) > 1:  # scikit-learn gives 0 where nothing is defined
        assert same(figures["mcc"], metrics.matthews_corrcoef(truth, mapped))
    else:
        assert math.isnan(figures["mcc"])


@given(pairs, st.integers(0, 200))
def test_blocks_sum_to_the_whole(pair, cut):
    parts = Confusion.count(pair[0, :cut], pair[1, :cut], K) + Confusion.count(pair[0, cut:], pair[1, cut:], K)
    assert (parts.n == Confusion.count(pair[0], pair[1], K).n).all()


@given(matrices, st.permutations(range(K)))
def test_permuting_the_classes_permutes_the_figures(n, order):
    plain, moved = Confusion(n), Confusion(n[np.ix_(order, order)])
    for there, here in enumerate(order):
        assert repr(moved.scores()[there]) == repr(plain.scores()[here])
    for key, figure in plain.figures().items():
        assert same(moved.figures()[key], figure)


@given(matrices)
def test_every_pixel_is_one_of_four_for_each_class(n):
    confusion = Confusion(n)
    assert all(s.tp + s.fp + s.fn + s.tn == confusion.total for s in confusion.scores())
    assert sum(s.tp for s in confusion.scores()) == np.trace(n)


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=8).filter(lambda d: sum(map(bool, d)) > 1))
def test_a_perfect_map_scores_one(diagonal):
    confusion = Confusion(np.diag(np.array(diagonal, dtype=np.int64)))
    assert all(figure == pytest.approx(1) for figure in confusion.figures().values())
    for count, score in zip(diagonal, confusion.scores()):
        assert (score.precision == score.recall == score.f1 == score.iou == 1) or not count


def test_absent_classes_are_undefined_and_only_mapped_ones_stay_out_of_the_mean():
    #               map:  a  b  c  d
    n = np.array([[8, 0, 2, 0], [4, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=np.int64)
    a, b, c, d = Confusion(n).scores()
    assert (b.recall, b.f1, b.iou) == (0, 0, 0)
    assert math.isnan(b.precision)  # never mapped
    assert math.isnan(c.recall)  # not in the reference
    assert c.precision == 0
    assert all(math.isnan(v) for v in (d.precision, d.recall, d.f1, d.iou))
    assert Confusion(n).mean_f1 == pytest.approx((a.f1 + 0) / 2)


def test_kappa_survives_a_continent_and_a_single_class():
    huge = Confusion(np.full((2, 2), 10**13, dtype=np.int64))
    assert huge.kappa == 0
    assert math.isnan(Confusion(np.array([[7, 0], [0, 0]], dtype=np.int64)).kappa)


@settings(max_examples=5)
@given(st.sampled_from([np.zeros((2, 3), np.int64), np.zeros((2, 2), np.int32), np.full((2, 2), -1, np.int64)]))
def test_what_is_no_matrix_is_refused(n):
    with pytest.raises(BadInput):
        Confusion(n)
