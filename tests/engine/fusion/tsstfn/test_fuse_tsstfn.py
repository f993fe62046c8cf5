"""The train_tsstfn and fuse_tsstfn jobs: from files to a model, from the model to files; one sentence for bad input."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import rasterio
import torch
from safetensors.torch import load_file

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.fusion.tsstfn import job as fusing
from crop_classifier_plugin.engine.networks.tsstfn import Tsstfn, TsstfnConfig
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.training.tsstfn import job as training
from crop_classifier_plugin.shared.cards.fusion_card import FusionCard
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BadModel,
    Cancelled,
    CancelledKept,
    CropClassifierError,
    ModelAltered,
)
from crop_classifier_plugin.shared.jobs.fusion import image_pairs
from crop_classifier_plugin.shared.jobs.sources import Extent, SceneSource, Series
from crop_classifier_plugin.shared.jobs.tsstfn import FuseTsstfnJob, TrainTsstfnJob
from kits.rasters import write_raster

YEARS = {"2020": ("0501", "0520", "0610", "0801"), "2021": ("0503", "0522", "0612", "0731", "0820")}
HEIGHT, WIDTH, TILE = 60, 75, 16
MICRO = (("widths", "4,6,8"), ("chunks", "16"), ("paths", "1"), ("dropout", "0"))


def write_year(folder: Path, year: str, seed: int) -> None:
    """Fine images of 10 m and coarse ones of 50 m; fields that grow, each at its own pace, as both sensors see."""
    pace = np.kron(np.random.default_rng(seed).uniform(-0.1, 0.1, (6, 5)), np.ones((10, 15)))
    for day in YEARS[year]:
        age = (dt.date(2021, int(day[:2]), int(day[2:])) - dt.date(2021, 5, 1)).days / 20
        image = (0.4 + pace * age)[None].astype(np.float32)
        write_raster(folder / f"fine{year}" / f"LC_{year}{day}_NDVI.tif", image, names=["NDVI"], nodata=np.nan)
        coarse = image.reshape(12, 5, 15, 5).mean((1, 3))[None]
        write_raster(folder / f"coarse{year}" / f"MOD_{year}{day}_NDVI.tif", coarse, names=["NDVI"], pixel=50.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of images, and a model of the first."""
    folder = tmp_path_factory.mktemp("tsstfn")
    for seed, year in enumerate(YEARS):
        write_year(folder, year, seed)
    training.train(train_job(folder), Silent())
    return folder


@pytest.fixture
def place(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "place"))


def images(place: Path, year: str, reverse: bool = False) -> dict[str, tuple[SceneSource, ...]]:
    found = {}
    for kind in ("fine", "coarse"):
        paths = sorted((place / f"{kind}{year}").iterdir(), reverse=reverse)
        found[kind] = tuple(SceneSource(str(path)) for path in paths)
    return found


def train_job(place: Path, **changes: Any) -> TrainTsstfnJob:
    given: dict[str, Any] = {**images(place, "2020"), "model": str(place / "model"), "pairs": 3, "settings": MICRO}
    return _with_pairs(
        TrainTsstfnJob, given | {"tile": TILE, "epochs": 12, "batch": 4, "learning_rate": 5e-3} | changes
    )


def fuse_job(place: Path, **changes: Any) -> FuseTsstfnJob:
    """Of 31 July and 20 August 2021; their own fine images are among the images."""
    given: dict[str, Any] = {**images(place, "2021"), "model": str(place / "model"), "output": str(place / "fused.tif")}
    return _with_pairs(FuseTsstfnJob, given | {"targets": ("2021-07-31", "2021-08-20"), "overlap": 6} | changes)


def _with_pairs(kind: Any, given: dict[str, Any]) -> Any:
    images = {name: given.pop(name) for name in ("fine", "coarse", "dates", "extent") if name in given}
    return kind(*image_pairs(**images), **given)


def read(path: Path | str) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


# --- training --------------------------------------------------------------------------------------------------------


def test_the_folder_holds_one_network_in_two_forms_and_its_card(trained: Path) -> None:
    folder = trained / "model"
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


def test_the_card_tells_the_best_epoch_and_the_references(trained: Path) -> None:
    card = FusionCard.load(trained / "model")
    with open(trained / "model" / "training.csv", newline="") as file:
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


class Impatient(Silent):
    """Cancels when the job says this."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        if message.startswith(self._at):
            self.stop.set()
        super().progress(fraction, message, done, total)


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


# --- fusing ----------------------------------------------------------------------------------------------------------


def test_a_forecast_is_the_network_on_the_images(place: Path) -> None:
    """Without overlap every tile is one run of the network; the file tells its dates and is a series again."""
    result = fusing.fuse(fuse_job(place, overlap=0), Silent())
    assert result["dates"] == ["2021-07-31", "2021-08-20"]
    assert result["base_dates"] == [["2021-05-03", "2021-05-22", "2021-06-12"]] * 2
    with rasterio.open(place / "fused.tif") as file:
        assert file.descriptions == ("NDVI 2021-07-31", "NDVI 2021-08-20")
        assert file.tags()["METHOD"] == "TSSTFN"
    made = read(place / "fused.tif")
    days = ("0503", "0522", "0612", "0820")
    stack = Series(tuple(SceneSource(str(place / "coarse2021" / f"MOD_2021{day}_NDVI.tif")) for day in days))
    like = SceneSource(str(place / "fine2021" / "LC_20210503_NDVI.tif"))
    with open_series(Series((like,)), Silent()) as fine, open_series(stack, Silent()).on(fine.grid) as coarse:
        blurred = coarse.read(Window(0, 0, HEIGHT, WIDTH))[:, 0]
    x = np.zeros((1, 4, 2, TILE, TILE), np.float32)
    part = (slice(16, 32), slice(32, 48))
    for number, day in enumerate(days):
        x[0, number, 0] = blurred[number][part]
        if number < 3:
            x[0, number, 1] = read(place / "fine2021" / f"LC_2021{day}_NDVI.tif")[0][part]
    session = ort.InferenceSession((place / "model" / "model.onnx").read_bytes(), providers=["CPUExecutionProvider"])
    expected = np.clip(session.run(None, {"x": x})[0][0, 0], -1, 1)
    np.testing.assert_allclose(made[1][part], expected, atol=1e-5)
    with open_series(Series((SceneSource(str(place / "fused.tif")),)), Silent()) as again:
        assert [str(day) for day in again.dates] == result["dates"]
        np.testing.assert_array_equal(again.read(Window(0, 0, HEIGHT, WIDTH))[:, 0], made)


def test_order_of_images_and_of_targets_changes_nothing(place: Path) -> None:
    fusing.fuse(fuse_job(place), Silent())
    mixed = {**images(place, "2021", reverse=True), "targets": ("2021-08-20", "2021-07-31")}
    fusing.fuse(fuse_job(place, **mixed, output=str(place / "mixed.tif")), Silent())
    np.testing.assert_array_equal(read(place / "fused.tif"), read(place / "mixed.tif"))


def test_the_real_images_of_the_targets_are_not_read(place: Path) -> None:
    fusing.fuse(fuse_job(place), Silent())
    for day in ("20210731", "20210820"):
        (place / "fine2021" / f"LC_{day}_NDVI.tif").unlink()
    fusing.fuse(fuse_job(place, targets=(), output=str(place / "without.tif")), Silent())
    np.testing.assert_array_equal(read(place / "fused.tif"), read(place / "without.tif"))


def test_in_sequence_a_forecast_is_a_base_image_of_the_next(place: Path) -> None:
    """As if the first forecast were given as a fine image; and one target alone is an individual forecast."""
    result = fusing.fuse(fuse_job(place, forecast="sequential"), Silent())
    assert result["base_dates"][1] == ["2021-05-22", "2021-06-12", "2021-07-31"]
    made = read(place / "fused.tif")
    one = fuse_job(place, targets=("2021-07-31",), output=str(place / "one.tif"))
    fusing.fuse(one, Silent())
    fusing.fuse(replace(one, forecast="sequential", output=str(place / "same.tif")), Silent())
    np.testing.assert_array_equal(made[:1], read(place / "one.tif"))
    np.testing.assert_array_equal(made[:1], read(place / "same.tif"))
    fine = tuple(s for s in images(place, "2021")["fine"] if "20210731" not in s.path)
    given = fuse_job(place, fine=(*fine, SceneSource(one.output)), targets=("2021-08-20",), output=str(place / "b.tif"))
    fusing.fuse(given, Silent())
    np.testing.assert_array_equal(made[1:], read(place / "b.tif"))


def test_a_second_model_takes_over_after_the_first_target(place: Path) -> None:
    other = train_job(place, pairs=2, model=str(place / "two"), epochs=2)
    training.train(other, Silent())
    result = fusing.fuse(fuse_job(place, forecast="sequential", next_model=other.model), Silent())
    assert [len(days) for days in result["base_dates"]] == [3, 2]
    assert len(result["models"]) == 2


def test_a_missing_value_stays_missing_and_touches_no_other_pixels_being_known(place: Path) -> None:
    with rasterio.open(place / "fine2021" / "LC_20210522_NDVI.tif", "r+") as file:
        array = file.read()
        array[:, 10:20, 30:50] = np.nan
        file.write(array)
    result = fusing.fuse(fuse_job(place), Silent())
    gaps = np.isnan(read(place / "fused.tif"))
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[10:20, 30:50] = True
    np.testing.assert_array_equal(gaps, np.stack([expected] * 2))
    assert result["empty_share"] == [pytest.approx(200 / HEIGHT / WIDTH, abs=1e-5)] * 2


def test_an_extent_takes_a_part(place: Path) -> None:
    fusing.fuse(fuse_job(place, extent=Extent(500100, 5649500, 500400, 5649900, "")), Silent())
    assert read(place / "fused.tif").shape == (2, 40, 30)


def test_other_days_of_the_year_are_told(place: Path) -> None:
    reporter, job = Silent(), fuse_job(place)
    fusing.fuse(job, reporter)
    assert not [line for line in reporter.lines if "other days of the year" in str(line)]
    (place / "fine2021" / "LC_20210503_NDVI.tif").rename(place / "fine2021" / "LC_20210401_NDVI.tif")
    (place / "coarse2021" / "MOD_20210503_NDVI.tif").rename(place / "coarse2021" / "MOD_20210401_NDVI.tif")
    fusing.fuse(fuse_job(place), reporter)
    assert [line for line in reporter.lines if "2021-04-01 for 2020-05-01" in str(line)]


def spoil(place: Path, what: str) -> None:
    model, fine = place / "model", place / "fine2021"
    if what == "altered":
        (model / "model.onnx").write_bytes((model / "model.onnx").read_bytes() + b"\0")
    elif what == "no card":
        (model / "fusion.json").unlink()
    elif what == "other card":
        (model / "fusion.json").write_text(json.dumps({"type": "Feature"}))
    elif what == "tile":
        card = json.loads((model / "fusion.json").read_text())
        (model / "fusion.json").write_text(json.dumps(card | {"inputs": card["inputs"] | {"tile": 32}}))
    elif what == "apart":
        for path in (place / "coarse2021").iterdir():
            with rasterio.open(path, "r+") as file:
                file.transform = rasterio.Affine.translation(1e5, 0) @ file.transform
    elif what == "values":
        with rasterio.open(fine / "LC_20210522_NDVI.tif", "r+") as file:
            file.write(file.read() * 10_000)
    elif what == "empty":
        with rasterio.open(fine / "LC_20210522_NDVI.tif", "r+") as file:
            file.write(np.full((1, HEIGHT, WIDTH), np.nan, np.float32))


@pytest.mark.parametrize(
    ("what", "changes", "says"),
    [
        ("altered", {}, "has changed|altered|sha256|does not match"),
        ("no card", {}, "has no fusion.json"),
        ("other card", {}, "card of another kind of model"),
        ("tile", {}, "where x of"),
        ("apart", {}, "do not overlap"),
        ("values", {}, "a normalised index lies within -1 and 1"),
        ("empty", {}, "No pixel has all base values"),
        ("", {"targets": ("2021-06-12",)}, "TSSTFN needs 3 base pairs .* there are 2"),
        ("", {"targets": ("2021-08-01",)}, "No coarse image is of the target 2021-08-01"),
        ("", {"overlap": 9}, "overlap of 9 px"),
        ("", {"output": "fused.png"}, "not a GeoTIFF"),
    ],
)
def test_fusing_bad_input_is_one_sentence_and_leaves_nothing(place: Path, what: str, changes: dict, says: str) -> None:
    spoil(place, what)
    with pytest.raises(CropClassifierError, match=says):
        fusing.fuse(fuse_job(place, **changes), Silent())
    assert not list(place.glob("*fused*"))


def test_swapped_images_are_told(place: Path) -> None:
    found = images(place, "2021")
    with pytest.raises(BadInput, match="exchange them"):
        fusing.fuse(fuse_job(place, fine=found["coarse"], coarse=found["fine"]), Silent())


def test_a_cancelled_fusion_leaves_nothing_and_inputs_are_spared(place: Path) -> None:
    with pytest.raises(Cancelled):
        fusing.fuse(fuse_job(place), Impatient("Fusing 2021-08-20"))
    assert not list(place.glob("*fused*"))
    with pytest.raises(BadInput, match="would replace an input"):
        fusing.fuse(fuse_job(place, output=images(place, "2021")["fine"][0].path), Silent())


@pytest.mark.parametrize(
    "changes",
    [{"overlap": -1}, {"forecast": "both"}, {"targets": ("2021-07-31",) * 2}, {"next_model": "m"}, {"fine": ()}],
)
def test_impossible_parameters_of_fusing_are_refused(place: Path, changes: dict) -> None:
    with pytest.raises(BadInput):
        fuse_job(place, **changes)


@pytest.mark.parametrize("changes", [{"pairs": 0}, {"loss": "x"}, {"validation": 0.0}, {"model": ""}, {"coarse": ()}])
def test_impossible_parameters_of_training_are_refused(place: Path, changes: dict) -> None:
    with pytest.raises(BadInput):
        train_job(place, **changes)


def test_altered_weights_are_a_fault_of_their_own(place: Path) -> None:
    spoil(place, "altered")
    with pytest.raises(ModelAltered):
        fusing.fuse(fuse_job(place), Silent())
