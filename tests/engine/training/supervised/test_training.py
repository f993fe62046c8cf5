"""Laws of the training path: split, patches, export, and a whole training on a toy season."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from dataclasses import replace

import geopandas as gpd
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from crop_classifier_plugin.engine.execution.reporter import Silent, Stop
from crop_classifier_plugin.engine.networks.registry import build
from crop_classifier_plugin.engine.training.data.band_statistics import statistics
from crop_classifier_plugin.engine.training.loop.checkpoint import folder_of
from crop_classifier_plugin.engine.training.model_folder.onnx_export import verify
from crop_classifier_plugin.engine.training.supervised.job import (
    gather,
    train,
)
from crop_classifier_plugin.shared.cards.deepness import onnx_metadata
from crop_classifier_plugin.shared.cards.files import checked_weights, load_card
from crop_classifier_plugin.shared.cards.parts import DayWindow
from crop_classifier_plugin.shared.errors import (
    BadInput,
    Cancelled,
    CheckpointUnusable,
    LabelsUnusable,
    TrainingFailed,
)
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.cards import card_of
from kits.training.jobs import changed
from kits.training.learn import learn_only
from kits.training.toy import LEGEND, job_of

torch.set_num_threads(1)


# --- export ----------------------------------------------------------------------------------------------------------


def toy_card(classes=2, multiple=2):
    colours = tuple(CropClass(i + 1, f"class {i + 1}", "#112233") for i in range(classes))
    windows = (DayWindow(95, 135), DayWindow(150, 195), DayWindow(210, 260))
    return card_of(
        name="toy", title="Toy", network="lrtacf_net", bands=("B04", "B8A"), windows=windows, mean=(1.0, 2.0),
        std=(3.0, 4.0), legend=Legend(colours), tile=64, overlap=16, multiple=multiple,
    )  # fmt: skip


# --- a whole training ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "toy_model"
    return folder, train(job_of(toy, folder), Silent())


@pytest.mark.filterwarnings("default")
def test_training_learns_the_toy_season(trained):
    folder, result = trained
    rows = {row["metric"]: row["value"] for row in result["accuracy"]}
    assert rows["mean F1"] > 0.95
    losses = [float(line.split(",")[1]) for line in (folder / "training.csv").read_text().splitlines()[1:]]
    assert len(losses) == 8
    assert losses[-1] < 0.7 * losses[0]


def test_the_card_describes_the_file(trained):
    folder, result = trained
    card = load_card(folder)
    assert checked_weights(folder, card.weights.sha256) == folder / "model.onnx"
    assert card.weights.sha256 == result["sha256"]
    assert card.weights.size == (folder / "model.onnx").stat().st_size
    assert card.weights.parameters == result["parameters"] > 1000
    assert card.legend == LEGEND
    assert card.training.start == "2024-04-24T00:00:00Z"
    west, south, east, north = card.training.bbox
    assert 2.9 < west < east < 3.1
    assert 50 < south < north < 51
    assert card.training.places == (card.training.bbox,)
    assert card.training.seasons == ((dt.date(2024, 4, 24), dt.date(2024, 8, 22)),)
    assert card.training.sensors == ("Sentinel-2",)
    assert not card.training.simulated
    assert list(card.accuracy) == list(result["accuracy"])


def test_split_file_names_every_parcel_and_whole_parcels_are_held_out(trained):
    folder, _ = trained
    (place,) = json.loads((folder / "split.json").read_text())["places"]
    counts = [len(place[part]) for part in ("train", "validation", "held_out")]
    assert sum(counts) == 144
    assert min(counts) > 0
    assert 0.2 < counts[2] / 144 < 0.4
    x, y, _ = place["train"][0]
    assert (x - 5e5) % 80 == (5.6e6 - y) % 80 == 40


@pytest.fixture(scope="module")
def learnt(toy, tmp_path_factory):
    """The network of `trained`, learnt once more from the same seed."""
    folder = tmp_path_factory.mktemp("again")
    return learn_only(job_of(toy, folder / "m"), folder / "s").network


def test_a_model_is_run_with_the_very_numbers_it_was_trained_with(toy, trained, tmp_path):
    folder, _ = trained
    material = gather(job_of(toy, tmp_path / "m"), LEGEND, tmp_path, Silent(), 32)
    assert load_card(folder).statistics == statistics(material.train)


def test_the_exported_file_is_the_network(trained, learnt):
    folder, _ = trained
    assert verify(learnt, str(folder / "model.onnx"), load_card(folder)) <= 1e-4
    session = ort.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    for batch, high, wide in ((1, 2, 2), (3, 8, 36), (4, 10, 6)):
        x = np.random.default_rng(0).standard_normal((batch, 3, 2, high, wide), dtype=np.float32)
        logits, probability, _ = session.run(None, {"x": x})
        with torch.no_grad():
            expected = learnt(torch.from_numpy(x))
        np.testing.assert_allclose(logits, expected.numpy(), atol=1e-4)
        np.testing.assert_allclose(probability, torch.softmax(expected, dim=1).numpy(), atol=1e-4)


def test_the_exported_file_names_its_ends_and_carries_the_card(trained):
    folder, _ = trained
    model = onnx.load(folder / "model.onnx")
    assert [i.name for i in model.graph.input] == ["x"]
    assert [o.name for o in model.graph.output] == ["logits", "probability", "attention"]
    free = [d.dim_param != "" for d in model.graph.input[0].type.tensor_type.shape.dim]
    assert free == [True, False, False, True, True]
    assert {p.key: p.value for p in model.metadata_props} == onnx_metadata(load_card(folder))
    assert "/crop_classifier_plugin/" not in str(model)  # no path of the machine that trained it


def test_a_file_that_is_not_the_network_is_refused(trained, learnt):
    folder, _ = trained
    torch.manual_seed(1)
    other = build("lrtacf_net", learnt.config).eval()
    with pytest.raises(TrainingFailed, match="differs"):
        verify(other, str(folder / "model.onnx"), load_card(folder))


def test_sam_training_lowers_the_loss_too(toy, tmp_path):
    job = job_of(toy, tmp_path / "m", optimizer="sam", epochs=4, learning_rate=0.05)
    history = learn_only(job, tmp_path / "s").learning.history
    assert history[-1].loss < history[0].loss


def test_the_same_seed_gives_the_same_network_and_leaves_the_global_seed_alone(toy, tmp_path):
    job = job_of(toy, tmp_path / "m", epochs=2, steps=2)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, again = (learn_only(job, tmp_path / str(i)).network.state_dict() for i in range(2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[k], again[k]) for k in first)


def test_cancelled_training_leaves_nothing(toy, tmp_path):
    class Impatient(Silent):
        def progress(self, fraction, message, done=0, total=0):
            if fraction > 0.3:
                self.stop.set()
            self.check()

    with pytest.raises(Cancelled):
        train(job_of(toy, tmp_path / "m"), Impatient(Stop()))
    assert not (tmp_path / "m").exists()


def test_a_cancelled_training_can_be_finished(toy, tmp_path):
    class Patient(Silent):
        def log(self, text, level="info"):
            super().log(text, level)
            if text.startswith("Epoch 3 "):
                self.stop.set()

    job = job_of(toy, tmp_path / "m")
    with pytest.raises(Cancelled, match=r"up to epoch 3 \(best: epoch \d\) was kept in .*m\.training\.$"):
        train(job, Patient(Stop()))
    assert [p.name for p in tmp_path.iterdir()] == ["m.training"]
    job = changed(job, resume="finish", title="another title", device="cpu")
    fitted = learn_only(job, tmp_path / "s", keep=folder_of(job.model))
    assert len(fitted.learning.history) == 3
    assert not fitted.network.training
    with pytest.raises(CheckpointUnusable, match="seed is 1 there, 2 now"):
        learn_only(replace(job, seed=2), tmp_path / "t", keep=folder_of(job.model))


def test_a_whole_training_leaves_no_state_behind(trained):
    folder, _ = trained
    assert not folder_of(folder).exists()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"class_field": "crop"}, LabelsUnusable),
        ({"windows": ((1, 20), (150, 195), (210, 260))}, Exception),
        ({"network": "resnet"}, BadInput),
        ({"settings": (("depth", "3"),)}, BadInput),
    ],
)
def test_a_job_that_cannot_be_done_is_one_sentence(toy, tmp_path, change, error):
    with pytest.raises(error, match=r"[.]$"):
        train(job_of(toy, tmp_path / "m", **change), Silent())


def test_labels_elsewhere_are_one_sentence(toy, tmp_path):
    far = gpd.read_file(toy / "parcels.gpkg")
    far["geometry"] = far.translate(1e5, 0)
    far.to_file(tmp_path / "far.gpkg")
    with pytest.raises(LabelsUnusable, match="labels"):
        train(job_of(toy, tmp_path / "m", labels=str(tmp_path / "far.gpkg")), Silent())


def test_a_job_out_of_range_is_refused(toy, tmp_path):
    for wrong in ({"held_out": 0.9, "validation": 0.2}, {"optimizer": "lion"}, {"held_side": "up"}, {"epochs": -1}):
        with pytest.raises(BadInput):
            job_of(toy, tmp_path / "m", **wrong)


def test_the_engine_lists_models_without_torch():
    assert "torch" in sys.modules  # here, in the tests of training; the program below must not have it
    code = "import sys, crop_classifier_plugin.shared.cards.card; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
