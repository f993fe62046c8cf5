"""Classification of two series, of gaps, of months."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from scipy.signal import correlate

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.raster.tiling import reflected
from crop_classifier_plugin.engine.runtime.open import open_runtime
from crop_classifier_plugin.engine.series.cube.input_normalisation import Preprocess
from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.files import checked_weights, save_card
from crop_classifier_plugin.shared.cards.parts import RadarSpec
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BadModel,
    RadarMissing,
    WindowsEmpty,
)
from crop_classifier_plugin.shared.jobs.classify import ClassifyJob, read_months
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.cards import changed
from kits.classification import Memory, assembled, job, read
from kits.networks import series_network
from kits.seasons import filled
from kits.stacks import open_model_series


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return filled(tmp_path)


def by_hand(cube: np.ndarray, card: Card, days: np.ndarray, doy: float) -> np.ndarray:
    """(K, H, W) probabilities of series_network, written out; the raster is mirrored at its edges."""
    rows, cols = (reflected(-1, n + 2, n) for n in cube.shape[2:])
    cube = cube[:, :, rows[:, None], cols[None, :]]
    given = Preprocess(card.inputs, card.statistics).apply(cube, days).tensors
    images = [v.reshape(-1, *v.shape[2:]) for k, v in given.items() if k.startswith("x")]
    x = np.concatenate(images)
    sizes = {k: v.shape[1] for k, v in given.items() if k.startswith("x")}
    graph = series_network.network(sizes, cube.shape[0], 3, 0).graph
    w = next(np.frombuffer(t.raw_data, np.float32).reshape(t.dims) for t in graph.initializer if t.name == "w")
    logits = np.stack([sum(correlate(a, b, "valid") for a, b in zip(x, each)) for each in w])
    logits[0] += doy * days.mean()
    e = np.exp(logits - logits.max(axis=0))
    return e / e.sum(axis=0)


# --- two series and gaps ---------------------------------------------------------------------------------------------


def test_two_series_give_the_map_that_is_worked_out_by_hand(place: Path) -> None:
    card = series_network.write_model(place / "model")
    probabilities, dates = place / "out" / "p.tif", place / "out" / "d.tif"
    whole = job(place, probabilities=str(probabilities), valid_dates=str(dates))
    classify(whole, Silent())
    with open_model_series(whole.optical.scenes, card.inputs, Silent(), radar=whole.radar.scenes) as feed:
        cube = feed.read(Window(0, 0, 24, 30))
        expected = by_hand(cube, card, feed.days, 0)
    seen = (~np.isnan(cube[:, :2]).any(axis=1) | ~np.isnan(cube[:, 2:]).any(axis=1)).sum(axis=0)
    np.testing.assert_array_equal(read(dates)[0], seen)
    known = seen >= 2
    np.testing.assert_array_equal(read(whole.written.class_map)[0] > 0, known)
    np.testing.assert_allclose(read(probabilities)[:, known] / 1e4, expected[:, known], atol=1e-4)


@pytest.mark.parametrize("least", [1, 2, 3])
def test_a_pixel_needs_the_least_number_of_dates(place: Path, least: int) -> None:
    series_network.write_model(place / "model", two=False, min_dates=least)
    alone = job(place, radar=(), valid_dates=str(place / "d.tif"))
    classify(alone, Silent())
    dates = read(place / "d.tif")[0]
    np.testing.assert_array_equal(read(alone.written.class_map)[0] > 0, dates >= least)
    assert len(np.unique(dates)) > 2


@pytest.mark.parametrize("lacking", ["radar", "scenes"])
def test_one_series_may_be_missing_and_the_log_says_so(place: Path, lacking: str) -> None:
    series_network.write_model(place / "model", min_dates=1)
    reporter = Silent()
    half = job(place, **{lacking: ()})
    result = classify(half, reporter)
    bands = "VV, VH" if lacking == "radar" else "B04, B8A"
    assert any(bands in text and "without" in text for level, text in reporter.lines if level == "warning")
    found = read(half.written.class_map)[0]
    assert found.shape == (24, 30)
    assert (found > 0).mean() > 0.5
    files = {Path(path).parent.name for scene in result["scenes"] for path in scene["files"]}
    assert files == {"s2" if lacking == "radar" else "s1"}


def test_both_series_are_needed_where_every_date_is(place: Path) -> None:
    series_network.write_model(place / "model", min_dates=0)
    whole = job(place, valid_dates=str(place / "d.tif"))
    classify(whole, Silent())
    np.testing.assert_array_equal(read(whole.written.class_map)[0] > 0, read(place / "d.tif")[0] == 3)
    with pytest.raises(RadarMissing, match="VV, VH"):
        classify(replace(whole, radar=None), Silent())


def test_tiles_of_two_series_equal_the_whole(tmp_path: Path) -> None:
    card = series_network.write_model(tmp_path / "model", doy=0.01)
    runtime = open_runtime(checked_weights(tmp_path / "model", card.weights.sha256), "cpu", card)
    rng = np.random.default_rng(3)
    cube = np.concatenate([rng.uniform(0, 5000, (3, 2, 90, 130)), rng.normal(-13, 4, (3, 2, 90, 130))], axis=1)
    cube[:, :2][np.broadcast_to(rng.random((3, 1, 90, 130)) < 0.4, (3, 2, 90, 130))] = np.nan
    cube[:, 2:][np.broadcast_to(rng.random((3, 1, 90, 130)) < 0.4, (3, 2, 90, 130))] = np.nan
    cube = cube.astype(np.float32)
    probability, known = assembled(Memory(cube), card, runtime)
    days = np.array([115, 171, 227])
    np.testing.assert_allclose(probability[:, known], by_hand(cube, card, days, 0.01)[:, known], atol=1e-5)
    seen = ~(np.isnan(cube[:, :2]).any(axis=1) & np.isnan(cube[:, 2:]).any(axis=1))
    np.testing.assert_array_equal(known, seen.sum(axis=0) >= 2)


# --- months ----------------------------------------------------------------------------------------------------------


def monthly(place: Path, **changes: Any) -> ClassifyJob:
    facts = {"bands": ("VV", "VH"), "mean": (-10.0, -17.0), "std": (3.0, 3.0), "reduce": "mean", "pixel_size": 20.0}
    series_network.write_model(place / "model", two=False, doy=0.02, monthly=True, **facts)
    return job(place, **{"scenes": (SceneSource(str(place / "s1")),), "radar": (), **changes})


def test_each_month_is_the_map_that_it_is_alone(place: Path) -> None:
    months = ("2023-06", "2023-07")
    many = monthly(place, class_map="", folder=str(place / "maps"), months=months, confidence=str(place / "c.tif"))
    result = classify(many, Silent())
    names = {p.name for p in (place / "maps").iterdir() if p.suffix == ".tif"}
    assert names == {f"crop_map_{month}.tif" for month in months}
    assert [m["month"] for m in result["maps"]] == list(months)
    for month in months:
        alone = changed(many, folder="", class_map=str(place / "one.tif"), months=(month,), confidence="")
        classify(alone, Silent())
        path = place / "maps" / f"crop_map_{month}.tif"
        np.testing.assert_array_equal(read(path), read(place / "one.tif"))
        assert (place / f"c_{month}.tif").is_file()
        record = json.loads(path.with_suffix(".run.json").read_text())
        assert record["dates"][-1][:7] == month
    first, last = (read(place / "maps" / f"crop_map_{month}.tif") for month in months)
    assert (first != last).any()


def test_a_months_map_says_when_it_is_of(place: Path) -> None:
    classify(monthly(place, months=("2023-06",)), Silent())
    path = place / "out" / "map.tif"
    with rasterio.open(path) as file:
        assert (file.tags()["PERIOD_FIRST"], file.tags()["PERIOD_LAST"]) == ("2023-06-01", "2023-06-30")
    style = ET.parse(path.with_suffix(".qml")).getroot()
    fixed = style.find("temporal/fixedRange")
    assert "Temporal" in style.get("styleCategories")
    assert (fixed.find("start").text, fixed.find("end").text) == ("2023-06-01T00:00:00Z", "2023-06-30T23:59:59Z")
    series_network.write_model(place / "season", two=False)
    classify(job(place, model=str(place / "season"), radar=(), class_map=str(place / "s.tif")), Silent())
    assert ET.parse(place / "s.qml").getroot().find("temporal") is None


def test_the_latest_month_is_mapped_where_none_is_named(place: Path) -> None:
    assert classify(monthly(place), Silent())["maps"][0]["month"] == "2023-07"


def test_a_month_without_history_is_named_before_any_map_is_made(place: Path) -> None:
    many = monthly(place, class_map="", folder=str(place / "maps"), months=("2023-07", "2023-05"))
    with pytest.raises(WindowsEmpty, match=r"target month 2023-05.*2023-03, 2023-04"):
        classify(many, Silent())
    assert not list((place / "maps").glob("*")) if (place / "maps").is_dir() else True


def test_what_months_are_refused(place: Path) -> None:
    series_network.write_model(place / "model")
    with pytest.raises(BadInput, match="season, not single months"):
        classify(job(place, months=("2023-07",)), Silent())
    with pytest.raises(BadInput, match="one map of a season"):
        classify(job(place, class_map="", folder=str(place / "maps")), Silent())
    with pytest.raises(BadInput, match="2020-03"):
        classify(monthly(place, months=("July",)), Silent())
    for wrong in ({"class_map": ""}, {"folder": "x"}, {"months": ("2023-07", "2023-06")}, {"scenes": (), "radar": ()}):
        with pytest.raises(BadInput):
            job(place, **wrong)
    with pytest.raises(BadInput, match="twice"):
        job(place, class_map="", folder="x", months=("2023-07", "2023-07"))


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("", ()),
        ("2020-03", ("2020-03",)),
        (" 2020-11 to 2021-01; 2021-06,", ("2020-11", "2020-12", "2021-01", "2021-06")),
        ("2020-12..2021-01", ("2020-12", "2021-01")),
    ],
)
def test_months_are_read(text: str, months: tuple[str, ...]) -> None:
    assert read_months(text) == months


@pytest.mark.parametrize("text", ["March", "2020", "2020-13", "2020-00", "2021-01 to 2020-12", "1900-01 to 2020-01"])
def test_months_that_cannot_be_read(text: str) -> None:
    with pytest.raises(BadInput, match="months"):
        read_months(text)


# --- files that are not the card's -----------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [("x_s2", "x_s1"), ("x_s2", "x_s1", "valid_s2", "valid_s1", "doy")])
def test_the_engine_gives_what_the_file_asks_for(place: Path, inputs: tuple[str, ...]) -> None:
    card = series_network.write_model(place / "model")
    save_card(changed(card, tensors=inputs), place / "model")
    classify(job(place), Silent())


def test_a_file_of_one_series_is_no_model_of_two(place: Path) -> None:
    card = series_network.write_model(place / "model", two=False)
    both = series_network.write_model(place / "both")
    with pytest.raises(BadModel, match="no input named x_s2"):
        open_runtime(place / "model" / "model.onnx", "cpu", both)
    with pytest.raises(BadModel, match="no input named x,"):
        open_runtime(place / "both" / "model.onnx", "cpu", card)
    fewer = changed(both, radar=RadarSpec(("VV",)), mean=(0.0,) * 3, std=(1.0,) * 3)
    with pytest.raises(BadModel, match=r"x_s1 has the shape \(any, 3, 2"):
        open_runtime(place / "both" / "model.onnx", "cpu", fewer)
