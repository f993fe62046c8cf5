"""The probe of an encoder."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.cube.input_normalisation import z_scores
from crop_classifier_plugin.engine.training.pretraining import probe as probe_room
from crop_classifier_plugin.engine.training.pretraining.job import pretrain
from crop_classifier_plugin.engine.training.pretraining.probe import VOID, Truth, probe
from kits.training.pretraining import job_of, probe_of


def test_tokens_take_the_majority_and_leave_the_mixed_and_unlabelled():
    truth = np.full((8, 8), VOID)
    truth[:4, :4] = 1
    truth[:2, 4:] = 0  # half of the token is just enough
    truth[4:, :1] = 2  # a quarter is not
    assert Truth(truth).tokens(4).tolist() == [1, 0, VOID, VOID]


def test_a_probe_of_features_that_know_the_crop_is_right(toy, tmp_path, tiny, monkeypatch):
    """The near infrared of spring in each token, row by row: features and labels must lie on the same tokens."""

    def spring(encoder, sequence, side, stats):
        plane = z_scores(sequence.image, stats)[0, 1, :side, :side]
        return plane.reshape(side // 4, 4, side // 4, 4).mean(axis=(1, 3)).reshape(-1, 1)

    pretrain(job_of(toy, tmp_path / "e", epochs=1), Silent())
    monkeypatch.setattr(probe_room, "_features", spring)
    results = probe(replace(probe_of(toy, tmp_path), neighbours=3), Silent())["results"]
    for row in results:
        assert row["accuracy"] > (0.95 if row["probe"] == "linear" else 0.9)
        assert row["mean_iou"] > 0.8


def test_the_report_gives_both_encoders_both_probes_and_every_draw(toy, tmp_path, tiny):
    pretrain(job_of(toy, tmp_path / "e"), Silent())
    probe(probe_of(toy, tmp_path), Silent())
    report = json.loads((tmp_path / "probe.json").read_text())
    assert report["classes"] == ["10", "20"]
    assert [(r["encoder"], r["probe"]) for r in report["results"]] == [
        (e, p) for e in ("pre-trained", "untrained") for p in ("knn", "linear")
    ]
    assert all(0 < row["accuracy"] < 1 and 0 < row["mean_iou"] < 1 for row in report["results"])
    assert len((tmp_path / "probe.csv").read_text().splitlines()) == 1 + 2 * 2 * 3
    draws = [s["accuracy"] for s in report["scores"] if (s["encoder"], s["probe"]) == ("pre-trained", "linear")]
    row = report["results"][1]
    assert row["accuracy"] == pytest.approx(np.mean(draws), abs=1e-4)
    assert row["accuracy_sd"] == pytest.approx(np.std(draws, ddof=1), abs=1e-4)
