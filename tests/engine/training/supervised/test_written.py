"""What a training writes: split file, report and card say the same."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.reporting.templates import decimal
from crop_classifier_plugin.engine.training.supervised.job import train
from crop_classifier_plugin.shared.cards.files import load_card
from kits.training.parcels import job_of, write_place

pytestmark = pytest.mark.timeout(120)


def test_the_same_seed_gives_the_same_split_file(place: Path, trained: Path, tmp_path: Path) -> None:
    train(job_of(place, tmp_path / "again", epochs=1), Silent())
    assert (tmp_path / "again" / "split.json").read_bytes() == (trained / "split.json").read_bytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_place(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
def trained(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "mine"
    train(job_of(place, folder), Silent())
    return folder


def test_report_json_and_card_say_the_same(trained: Path) -> None:
    facts = json.loads((trained / "training.json").read_text())
    page = (trained / "training.html").read_text()
    card = load_card(trained)
    (test,) = facts["tests"]
    told = {row["metric"]: row["value"] for row in card.accuracy}
    keys = {"oa": "overall accuracy", "mean_f1": "mean F1", "mean_iou": "mean IoU", "kappa": "kappa"}
    for key, metric in keys.items():
        assert test["overall"][key] == pytest.approx(told[metric], abs=5e-5)
        shown = re.search(rf'id="{key}">([^<]+)<', page)
        assert shown
        expected = f"{100 * test['overall'][key]:.1f} %" if key == "oa" else decimal(test["overall"][key])
        assert shown[1] == expected
    matrix = np.array(test["matrix"])
    assert matrix.sum() == test["pixels"]
    assert test["overall"]["oa"] == pytest.approx(np.trace(matrix) / matrix.sum())
    assert [row["name"] for row in test["classes"]] == list(card.legend.names) == ["Beet", "maize", "Wheat"]
    for row in test["classes"]:
        assert f"<td>{decimal(row['f1'])}</td>" in page


def test_report_counts_the_parcels_of_the_split_file(trained: Path) -> None:
    (place,) = json.loads((trained / "split.json").read_text())["places"]
    rows = json.loads((trained / "training.json").read_text())["parcels"]
    for part in ("train", "validation", "held_out"):
        counts = Counter(cls for _, _, cls in place[part])
        assert [row[part] for row in rows] == [counts[i] for i in range(3)]


def test_report_is_one_page_with_a_point_an_epoch(trained: Path) -> None:
    page = (trained / "training.html").read_text()
    assert page.count("<circle") == 2 * 3
    assert not re.search(r'<script|<link|src=(?!"data:image)|url\(|@import', page)
    losses = [row["loss"] for row in json.loads((trained / "training.json").read_text())["history"]]
    assert all(f"epoch {i + 1}: {loss:.3f}" in page for i, loss in enumerate(losses))


def test_nothing_held_out_is_said(place: Path, tmp_path: Path) -> None:
    result = train(job_of(place, tmp_path / "m", held_out=0.0, validation=0.0, epochs=1), Silent())
    assert (result["oa"], result["mean_f1"], result["accuracy"]) == (None, None, [])
    assert "No labelled pixel was held out" in (tmp_path / "m" / "training.html").read_text()
