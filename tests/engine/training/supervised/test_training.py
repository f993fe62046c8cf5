"""Laws of the training path: split, patches, export, and a whole training on a toy season."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent, Stop
from crop_classifier_plugin.engine.networks.registry import build
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.series.cube.preprocess import Preprocess
from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
    Parcels,
    Split,
    SplitRule,
    split,
)
from crop_classifier_plugin.engine.training.data.labelled_series import LabelledCube
from crop_classifier_plugin.engine.training.data.normalisation import statistics
from crop_classifier_plugin.engine.training.data.patches import (
    Augmentation,
    ScoringPatches,
    TrainingPatches,
    count_classes,
    shown_shares,
    turn,
)
from crop_classifier_plugin.engine.training.loop.checkpoint import folder_of
from crop_classifier_plugin.engine.training.model_folder.input_spec import input_spec_of
from crop_classifier_plugin.engine.training.model_folder.onnx_export import verify
from crop_classifier_plugin.engine.training.optim.losses import IGNORE
from crop_classifier_plugin.engine.training.supervised.fit import config_of
from crop_classifier_plugin.engine.training.supervised.job import (
    fit,
    gather,
    inputs_of,
    train,
)
from crop_classifier_plugin.shared.cards.deepness import onnx_metadata
from crop_classifier_plugin.shared.cards.files import checked_weights, load_card
from crop_classifier_plugin.shared.cards.parts import DayWindow, Statistics
from crop_classifier_plugin.shared.errors import (
    BadInput,
    Cancelled,
    CheckpointUnusable,
    LabelsUnusable,
    TrainingFailed,
)
from crop_classifier_plugin.shared.jobs.train import TrainJob
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.cards import card_of, preprocess_of
from kits.training.jobs import changed
from kits.training.toy import LEGEND, job_of

torch.set_num_threads(1)


# --- split -----------------------------------------------------------------------------------------------------------


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


# --- patches ---------------------------------------------------------------------------------------------------------


def season_of(height=40, width=50, seed=0, unknown=0.1):
    """A season in memory whose pixels know who they are: band 0 of date 0 counts them."""
    rng = np.random.default_rng(seed)
    image = rng.uniform(100, 4000, (3, 2, height, width)).astype(np.float32)
    image[0, 0] = np.arange(height * width).reshape(height, width)
    image[:, :, rng.random((height, width)) < unknown] = np.nan
    known = ~np.isnan(image).any(axis=(0, 1)) & (rng.random((height, width)) < 0.8)
    part = np.where(known, np.where(np.arange(width)[None] < width // 2, TRAIN, HELD_OUT), 0).astype(np.uint8)
    target = np.where(known, rng.integers(0, 2, (height, width)), IGNORE).astype(np.int16)
    grid = Grid(CRS.from_epsg(32631), Affine(10, 0, 5e5, 0, -10, 5.6e6), height, width)
    nothing = Parcels(np.zeros((0, 2)), np.zeros(0), np.zeros(0, np.int64))
    dates = (dt.date(2024, 4, 24), dt.date(2024, 6, 23), dt.date(2024, 8, 22))
    days = np.array([114, 174, 234])
    parted = Split("east", np.zeros(0, np.uint8))
    return LabelledCube("toy", image, target, part, days, np.ones(3, bool), dates, grid, nothing, parted)


PLAIN = preprocess_of(("x",), Statistics((0.0, 0.0), (1.0, 1.0)))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([(16, 0), (16, 8), (32, 16), (64, 32)]))
def test_scoring_patches_show_every_held_out_pixel_once(height, width, tiling):
    season = season_of(height, width)
    patches = ScoringPatches([season], PLAIN, HELD_OUT, *tiling)
    seen = []
    for i in range(len(patches)):
        x, target = patches[i]["x"], patches[i]["target"]
        assert x.shape == (3, 2, tiling[0], tiling[0])
        numbers = x[0, 0][target != IGNORE].numpy().astype(int)
        seen.extend(numbers)
        np.testing.assert_array_equal(season.target.ravel()[numbers], target[target != IGNORE])
    assert sorted(seen) == list(np.flatnonzero(season.part.ravel() == HELD_OUT))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([8, 32, 64]))
def test_training_patches_show_no_held_out_label(seed, size):
    season = season_of()
    patches = TrainingPatches([season], PLAIN, size, 6, Augmentation(), seed=seed)
    for i in range(6):
        x, target = patches[i]["x"], patches[i]["target"]
        known = target != IGNORE
        assert known.any()
        numbers = x[0, 0][known].numpy().round().astype(int)
        assert (season.part.ravel()[numbers] == TRAIN).all()
        np.testing.assert_array_equal(season.target.ravel()[numbers], target[known])


def test_patches_are_the_same_again_and_others_in_the_next_epoch():
    make = lambda: TrainingPatches([season_of()], PLAIN, 16, 4, Augmentation(jitter=0.05), seed=1)  # noqa: E731
    first, again = make(), make()
    assert torch.equal(first[2]["x"], again[2]["x"])
    again.epoch = 1
    assert not torch.equal(first[2]["x"], again[2]["x"])


def test_turning_turns_image_and_target_alike():
    image = np.arange(48, dtype=np.float32).reshape(1, 1, 6, 8)[..., :6]
    turned = {turn(image, image[0, 0].astype(np.int64), np.random.default_rng(i))[1].tobytes() for i in range(60)}
    assert len(turned) == 8
    for i in range(10):
        a, b = turn(image, image[0, 0].astype(np.int64), np.random.default_rng(i))
        np.testing.assert_array_equal(a[0, 0], b)


def test_statistics_leave_held_out_pixels_and_no_data_out():
    season = season_of()
    expected = season.image.astype(np.float64).copy()
    expected[:, :, season.part == HELD_OUT] = np.nan
    found = statistics([season])
    np.testing.assert_allclose(found.mean, np.nanmean(expected, axis=(0, 2, 3)), rtol=6e-5)
    np.testing.assert_allclose(found.std, np.nanstd(expected, axis=(0, 2, 3)), rtol=6e-5)


def test_counts_and_shown_shares():
    season = season_of()
    counts = count_classes([season], TRAIN, 2)
    assert counts.tolist() == [((season.target == c) & (season.part == TRAIN)).sum() for c in (0, 1)]
    np.testing.assert_allclose(shown_shares(np.array([30, 10, 0])), [0.375 + 0.25, 0.125 + 0.25, 0])


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


def learn_only(job: TrainJob, place: Path, reporter=None, keep=None):
    """The training without the export."""
    place.mkdir()
    material = gather(job, LEGEND, place, Silent(), 32)
    config = config_of(job.network, job.model_inputs, 2)
    preprocess = Preprocess(input_spec_of(job, inputs_of(job.network.name, config)), statistics(material.train))
    return fit(job, config, material, preprocess, reporter or Silent(), keep)


@pytest.fixture(scope="module")
def learnt(toy, tmp_path_factory):
    """The network of `trained`, learnt once more from the same seed."""
    folder = tmp_path_factory.mktemp("again")
    return learn_only(job_of(toy, folder / "m"), folder / "s")[0]


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
    _, history = learn_only(job, tmp_path / "s")
    assert history[-1].loss < history[0].loss


def test_the_same_seed_gives_the_same_network_and_leaves_the_global_seed_alone(toy, tmp_path):
    job = job_of(toy, tmp_path / "m", epochs=2, steps=2)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, again = (learn_only(job, tmp_path / str(i))[0].state_dict() for i in range(2))
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
    network, history = learn_only(job, tmp_path / "s", keep=folder_of(job.model))
    assert len(history) == 3
    assert not network.training
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
