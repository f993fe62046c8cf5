"""The train_tsstfn job: from files to a model; one sentence for bad input."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import rasterio
import torch
from safetensors.torch import load_file

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.networks.tsstfn import Tsstfn, TsstfnConfig
from crop_classifier_plugin.engine.training.tsstfn import job as training
from crop_classifier_plugin.shared.cards.fusion_card import FusionCard
from crop_classifier_plugin.shared.errors import (
    BadModel,
    Cancelled,
    CancelledKept,
    CropClassifierError,
)
from kits.fusion.tsstfn import MICRO, TILE, Impatient, images, train_job


@pytest.fixture
def place(trained_tsstfn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_tsstfn, tmp_path / "place"))


def test_the_folder_holds_one_network_in_two_forms_and_its_card(trained_tsstfn: Path) -> None:
    folder = trained_tsstfn / "model"
    names = ["fusion.json", "fusion.run.json", "model.onnx", "training.csv", "weights.safetensors"]
    assert sorted(p.name for p in folder.iterdir()) == names
    card = FusionCard.load(folder)
    inputs, training = card.inputs, card.training
    assert (inputs.pairs, inputs.tile, inputs.band, inputs.low, inputs.high) == (3, TILE, "NDVI", -1, 1)
    assert (training.base_dates, training.target) == (("2020-05-01", "2020-05-20", "2020-06-10"), "2020-08-01")
    config = TsstfnConfig.parse(dict(card.settings), 2, 4, 1)
    network = Tsstfn(config).eval()
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    x = np.random.default_rng(0).uniform(-1, 1, (5, 4, 2, TILE, TILE)).astype(np.float32)
    session = ort.InferenceSession((folder / "model.onnx").read_bytes(), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        np.testing.assert_allclose(session.run(None, {"x": x})[0], network(torch.from_numpy(x)).numpy(), atol=1e-5)


def test_the_card_tells_the_best_epoch_and_the_references(trained_tsstfn: Path) -> None:
    card = FusionCard.load(trained_tsstfn / "model")
    with open(trained_tsstfn / "model" / "training.csv", newline="") as file:
        history = [float(row["validation_rmse"]) for row in csv.DictReader(file)]
    assert card.training.epochs == len(history)
    assert card.errors.rmse == min(history) == history[card.training.best_epoch - 1]
    assert card.errors.rmse < card.errors.rmse_last_fine  # the fields went on growing
    assert card.errors.rmse_coarse > 0


def test_the_order_of_the_images_changes_nothing(place: Path) -> None:
    again = train_job(place, **images(place, "2020", reverse=True), model=str(place / "again"))
    training.train(again, Silent())
    assert FusionCard.load(place / "again").sha256 == FusionCard.load(place / "model").sha256


def test_learning_goes_on_from_a_model(place: Path) -> None:
    def first_loss(**changes: Any) -> float:
        training.train(train_job(place, model=str(place / "next"), epochs=1, **changes), Silent())
        return float(next(csv.DictReader((place / "next" / "training.csv").open()))["loss"])

    assert first_loss(start=str(place / "model")) < 0.2 * first_loss()
    with pytest.raises(BadModel, match="does not fit"):
        first_loss(start=str(place / "model"), settings=(*MICRO, ("widths", "4,6,10")))


@pytest.mark.parametrize("loss", ["l1", "huber"])
def test_other_losses_random_split_and_turned_tiles_learn_too(place: Path, loss: str) -> None:
    job = train_job(place, model=str(place / "other"), loss=loss, split="random", augment=True, epochs=4)
    reporter = Silent()
    training.train(job, reporter)
    with open(place / "other" / "training.csv", newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert losses[-1] < losses[0] / 2
    assert [line for line in reporter.lines if "too good an error" in str(line)]


def test_clouded_pixels_are_not_learnt(place: Path) -> None:
    """Whatever the target shows under another date's cloud, the weights are the same."""
    found = []
    for value in (-0.9, 0.9):
        for name, day, put in (("fine2020", "0520", np.nan), ("fine2020", "0801", value)):
            with rasterio.open(next((place / name).glob(f"*{day}*")), "r+") as file:
                array = file.read()
                array[:, 20:40, 20:40] = put
                file.write(array)
        training.train(train_job(place, model=str(place / "m"), epochs=2), Silent())
        found.append(FusionCard.load(place / "m").sha256)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pairs": 4}, "TSSTFN needs 4 base pairs"),
        ({"target": "2020-07-01"}, "no fine and coarse image of the target 2020-07-01"),
        ({"tile": 96}, "no whole rows of tiles of 96 px"),
        ({"tile": 64, "settings": (*MICRO, ("chunks", "32"))}, "too few tiles|take a larger area"),
        ({"settings": (("depth", "3"),)}, "has no setting 'depth'"),
        ({"band": "B04"}, "No fine image has the band B04"),
        ({"validation": 0.99}, "too few tiles"),
        ({"start": "nowhere"}, "has no weights.safetensors"),
    ],
)
def test_training_on_bad_input_is_one_sentence_and_leaves_nothing(place: Path, changes: dict, says: str) -> None:
    with pytest.raises(CropClassifierError, match=says):
        training.train(train_job(place, model=str(place / "new"), **changes), Silent())
    assert not list((place / "new").glob("*"))


def test_a_diverging_training_is_told(place: Path) -> None:
    with pytest.raises(CropClassifierError, match="lower the learning rate"):
        training.train(train_job(place, model=str(place / "new"), learning_rate=1e30), Silent())


def test_a_cancelled_training_leaves_nothing(place: Path) -> None:
    with pytest.raises(Cancelled):
        training.train(train_job(place, model=str(place / "new")), Impatient("Training, epoch 2"))
    assert not list((place / "new").glob("*"))


def test_a_cancelled_training_goes_on_to_the_same_model(place: Path) -> None:
    job = train_job(place, model=str(place / "next"))
    with pytest.raises(
        CancelledKept, match=r"the training up to epoch 2 \(best: epoch \d\) was kept in .*next.training"
    ):
        training.train(job, Impatient("Training, epoch 3"))
    reporter = Silent()
    training.train(job, reporter)
    assert any("broken off after 2 of 12 epochs" in text for _, text in reporter.lines)
    assert FusionCard.load(place / "next").sha256 == FusionCard.load(place / "model").sha256
    assert not (place / "next.training").exists()
