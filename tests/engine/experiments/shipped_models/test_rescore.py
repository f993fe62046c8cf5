"""A shipped model scored again: its card tells what a training would tell today, and the weights are the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.experiments.places import Places
from crop_classifier_plugin.engine.experiments.shipped_models import rescore as again
from crop_classifier_plugin.engine.training.supervised.job import train
from crop_classifier_plugin.shared.cards.files import checked_weights, load_card, save_card
from crop_classifier_plugin.shared.errors import BadInput
from kits.training.toy import job_of, write_toy


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """With a model in `work` / model, trained for a moment, whose card is of old."""
    toy = write_toy(tmp_path)
    train(job_of(toy, tmp_path / "model", epochs=1, steps=1), Silent())
    monkeypatch.setattr(again, "JOBS", {"toy": lambda model, places: job_of(toy, Path(model))})
    return Places(tmp_path, tmp_path, tmp_path)


def test_a_card_of_old_gets_what_a_training_would_tell_today(places: Places) -> None:
    model = places.work / "model"
    now = load_card(model)
    facts = replace(now.training, seasons=(), sensors=(), places=())
    save_card(replace(now, accuracy=now.accuracy[:1], training=facts), model)
    assert again.rescore("toy", model, places, Silent()) == load_card(model) == now
    assert checked_weights(model, now.weights.sha256)


def test_parcels_that_were_learnt_from_are_no_test(places: Places) -> None:
    split = places.work / "model" / "split.json"
    told = json.loads(split.read_text())
    place = told["places"][0]
    place["train"], place["held_out"] = place["held_out"], place["train"]
    split.write_text(json.dumps(told))
    before = (places.work / "model" / "model.json").read_text()
    with pytest.raises(BadInput, match="not those that its training held out"):
        again.rescore("toy", places.work / "model", places, Silent())
    assert (places.work / "model" / "model.json").read_text() == before
