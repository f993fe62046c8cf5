"""The train_tsstfn and fuse_tsstfn jobs: from files to a model, from the model to files; one sentence for bad input."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import rasterio
from affine import Affine

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.fusion.tsstfn import job as fusing
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.training.tsstfn import job as training
from crop_classifier_plugin.shared.cards.fusion_card import FusionCard
from crop_classifier_plugin.shared.errors import (
    BadInput,
    Cancelled,
    CropClassifierError,
    ModelAltered,
)
from crop_classifier_plugin.shared.jobs.sources import Extent, SceneSource, Series
from crop_classifier_plugin.shared.jobs.tsstfn import FuseTsstfnJob
from kits.fusion.tsstfn import HEIGHT, TILE, WIDTH, Impatient, images, train_job, with_pairs


@pytest.fixture
def place(trained_tsstfn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_tsstfn, tmp_path / "place"))


def fuse_job(place: Path, **changes: Any) -> FuseTsstfnJob:
    """Of 31 July and 20 August 2021; their own fine images are among the images."""
    given: dict[str, Any] = {**images(place, "2021"), "model": str(place / "model"), "output": str(place / "fused.tif")}
    return with_pairs(FuseTsstfnJob, given | {"targets": ("2021-07-31", "2021-08-20"), "overlap": 6} | changes)


def read(path: Path | str) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


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


def test_images_far_from_where_the_model_learnt_are_told_and_the_file_says_so(place: Path) -> None:
    reporter = Silent()
    fusing.fuse(fuse_job(place), reporter)
    assert not [text for level, text in reporter.lines if level == "warning" and "was trained" in text]
    (box,) = FusionCard.load(place / "model").training.places
    assert box == pytest.approx((3.0, 50.996, 3.011, 51.002), abs=0.002)
    for path in place.glob("*20*/*.tif"):
        with rasterio.open(path, "r+") as file:
            file.transform = Affine.translation(0, 60_000) @ file.transform
    fusing.fuse(fuse_job(place), reporter)
    (said,) = [text for level, text in reporter.lines if level == "warning" and "was trained" in text]
    assert "the series reaches 60 km beyond that area: expect errors, and evaluate the fused images" in said
    with rasterio.open(fuse_job(place).output) as file:
        assert file.tags()["APPLICABILITY"] == said


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
        ("values", {}, "NDVI lies within -1 and 1"),
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
