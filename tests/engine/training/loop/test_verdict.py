"""A training that learns nothing says so after a third of its time, and its model in the end; others do not."""

from __future__ import annotations

import json
import math

import geopandas as gpd
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.confusion import Confusion
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.loop.epochs import EpochLog
from crop_classifier_plugin.engine.training.supervised.job import train
from crop_classifier_plugin.engine.training.supervised.verdict import a_third, doubt_of, verdict_of
from kits.training.toy import LEGEND, job_of, write_toy

torch.set_num_threads(1)
NOT_ABOVE = "no better than naming the most frequent class everywhere"


def logs(kappas):
    return [EpochLog(i, 1.0, 0.1, 1.0, {"validation_mean_f1": k, "validation_kappa": k}) for i, k in enumerate(kappas)]


@given(st.lists(st.floats(-0.5, 1), min_size=1, max_size=40), st.integers(1, 60))
def test_the_first_third_decides(kappas, epochs):
    seen = kappas[: a_third(epochs)]
    assert bool(doubt_of(logs(kappas), epochs)) == (max(seen) <= 0.1)
    assert math.ceil(epochs / 3) == a_third(epochs)


def test_what_was_not_validated_is_not_doubted():
    assert doubt_of(logs([math.nan] * 5), 9) == doubt_of([], 9) == ""


@given(st.integers(1, 500), st.integers(1, 500))
def test_one_class_everywhere_is_not_usable_and_the_truth_is(first, second):
    everywhere = np.array([[first, 0], [second, 0]] if first >= second else [[0, first], [0, second]])
    found = verdict_of([("held-out parcels", Confusion(everywhere))], LEGEND)
    name = LEGEND.names[0] if first >= second else LEGEND.names[1]
    assert f"{name} everywhere would be right" in found
    assert verdict_of([("held-out parcels", Confusion(np.diag([first, second])))], LEGEND) == ""


def test_a_single_class_and_no_test_at_all_say_nothing():
    assert verdict_of([("x", Confusion(np.array([[5, 1], [0, 0]])))], LEGEND) == verdict_of([], LEGEND) == ""


# --- whole trainings -------------------------------------------------------------------------------------------------


def shuffled(folder):
    """The classes of the parcels, dealt out anew."""
    parcels = gpd.read_file(folder / "parcels.gpkg")
    parcels["code"] = np.random.default_rng(3).permutation(parcels["code"].to_numpy())
    parcels.to_file(folder / "parcels.gpkg")
    return folder


@pytest.mark.parametrize("learns", [True, False])
def test_labels_that_say_nothing_are_told_in_log_report_and_record(tmp_path, learns):
    toy = write_toy(tmp_path) if learns else shuffled(write_toy(tmp_path))
    reporter = Silent()
    train(job_of(toy, tmp_path / "m", epochs=9, validation=0.3), reporter)
    told = [text for level, text in reporter.lines if level == "warning" and NOT_ABOVE in text]
    logged = [text for _, text in reporter.lines]
    report = json.loads((tmp_path / "m" / "training.json").read_text())
    warnings = json.loads((tmp_path / "m" / "training.run.json").read_text())["warnings"]
    rows = [row["how"] for row in report["how"] if row["what"] == "Warning"]
    assert rows == warnings
    assert all(warning in logged for warning in warnings)
    assert bool(told) != learns
    if not learns:
        assert "After 3 of 9 epochs" in told[0]
        assert "check that the labels" in told[0]
        assert logged.index(told[0]) < next(i for i, text in enumerate(logged) if text.startswith("Epoch 4 "))
