"""What the study of the recipes reads from a curve, and which trainings it does."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.experiments.recipes.study import DEMO, LEARNERS, SEASONS, runs
from crop_classifier_plugin.engine.experiments.recipes.tables import best_until, results, time_to

KINDS = "", "default", "paper"
DEMO_FOLDER = Path("cache")
CURVE = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(lambda scores: [*enumerate(scores, 1)])


@given(CURVE)
def test_the_best_so_far_never_falls_and_ends_with_the_best(curve):
    found = [best_until(curve, seconds) for seconds in range(1, len(curve) + 1)]
    assert found == sorted(found)
    assert found[-1] == max(score for _, score in curve)
    assert best_until(curve, 0.5) is None


@given(CURVE)
def test_the_time_is_that_of_the_first_epoch_that_is_good_enough(curve):
    best, at = max(score for _, score in curve), time_to(curve)
    assert curve[at - 1][1] >= 0.95 * best
    assert all(score < 0.95 * best for _, score in curve[: at - 1])
    assert time_to([]) is None


def test_every_network_is_trained_by_both_recipes_and_on_another_season():
    wanted = runs(10)
    for network in LEARNERS:
        kinds = {(run.season, run.recipe) for run in wanted if run.network == network}
        assert kinds == {(DEMO, "default"), (DEMO, "paper"), (SEASONS[1], "default")}
    assert len({run.file(DEMO_FOLDER) for run in wanted}) == len(wanted)


def test_the_tables_tell_what_there_is_and_that_a_paper_learnt_nothing_yet():
    wanted = runs(10, ("unet",))
    forest, default, paper = (next(r for r in wanted if (r.season, r.recipe) == (DEMO, kind)) for kind in KINDS)
    learnt = {"curve": [[60.0, 0.5], [600.0, 0.9]], "oa": 0.8, "mean_f1": 0.7, "share": 0.2}
    nothing = {"curve": [], "oa": None, "mean_f1": None, "share": None}
    found = results({forest: learnt, default: learnt, paper: nothing}, wanted, "here")
    accuracy, curves = (part for part in found.data()["parts"] if "rows" in part)
    assert accuracy["rows"] == [
        ["U-Net", "default", 0.8, 0.7],
        ["U-Net", "paper", None, None],
        ["Random forest", "", 0.8, 0.7],
        ["Majority class", "", 0.2, None],
    ]
    assert curves["rows"] == [
        ["U-Net", "default", 0.5, 0.5, 0.5, 0.9, 600.0, 2],
        ["U-Net", "paper", None, None, None, None, None, 0],
    ]
    assert found.facts["done"] == 3
    assert not math.isnan(found.facts["all"])
