"""Crop gain: what each line sees, which pixels are learnt from and tested, the job on made-up fields, its reports."""

from __future__ import annotations

import csv
import datetime as dt
import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from scipy.ndimage import maximum_filter
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import cohen_kappa_score

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.experiments.crop_gain.features import opened, rows_of
from crop_classifier_plugin.engine.experiments.crop_gain.job import crop_gain
from crop_classifier_plugin.engine.experiments.crop_gain.pixel_sampling import draw, gather, take_census
from crop_classifier_plugin.engine.labels.labelled_pixels import opened_labels
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.raster.neighbourhood import neighbours
from crop_classifier_plugin.shared.errors import (
    Cancelled,
)
from crop_classifier_plugin.shared.jobs.fusion import Prediction
from crop_classifier_plugin.shared.jobs.sources import LabelSource, SceneSource
from kits.fusion.crop_gain import HEIGHT, WIDTH, images, job, write_place
from kits.rasters import write_raster

# --- what the lines see ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_place(tmp_path_factory.mktemp("gain"))


def test_lines_are_the_early_season_each_date_and_each_two(place: Path, tmp_path: Path) -> None:
    with opened(job(place, tmp_path, predictions=images(place, "real", "noise")), Silent()) as found:
        rows = rows_of(found.added)
        assert [row.name for row in rows] == [
            "early season",
            *(
                f"{s}: + {d}"
                for s in ("real", "noise")
                for d in ("2024-07-15", "2024-08-30", "2024-07-15 + 2024-08-30")
            ),
        ]
        window = Window(3, 5, 20, 30)
        cube = found.read(Window(2, 4, 22, 32))
        np.testing.assert_array_equal(
            found.features(window), neighbours(cube[:, None])[:, 1:-1, 1:-1], "the context is that of the whole raster"
        )
        for row in rows:
            used = [0, 1, 2, *(3 + i for i in row.images)]
            seen = found.features(window)[found.columns(row)]
            np.testing.assert_array_equal(seen, neighbours(cube[used][:, None])[:, 1:-1, 1:-1])


# --- which pixels ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("split", "raster"), [("parcel", False), ("parcel", True), ("block", False), ("pixel", False)])
def test_no_tested_pixel_touches_a_learnt_one_but_where_it_leaks(
    place: Path, tmp_path: Path, split: str, raster: bool
) -> None:
    labels = {"labels": LabelSource(str(place / "truth.tif"))} if raster else {}
    asked = job(place, tmp_path, split=split, block=20, **labels)
    with (
        opened(asked, Silent()) as found,
        opened_labels(asked.labels, asked.split, found.grid, "x", tmp_path, Silent()) as labels,
    ):
        census = take_census(found, labels, tmp_path, Silent())
        draws = [draw(census, asked.split, seed, Silent()) for seed in (1, 2, 1)]
    train, test = (np.zeros(HEIGHT * WIDTH, bool) for _ in range(2))
    train[draws[0].train], test[draws[0].test] = True, True
    touched = maximum_filter(train.reshape(HEIGHT, WIDTH), 3) & test.reshape(HEIGHT, WIDTH)
    assert touched.any() == (split == "pixel")
    assert not (train & test).any()
    assert 0.1 < test.mean() < 0.4
    units = census.unit.reshape(-1)
    assert (len(set(units[train]) & set(units[test])) > 0) == (split == "pixel")
    np.testing.assert_array_equal(draws[0].train, draws[2].train)
    assert not np.array_equal(draws[0].test, draws[1].test)
    if split == "parcel":
        assert set(census.target.reshape(-1)[test]) == set(census.target.reshape(-1)[train]) == {0, 1, 2}


def test_caps_hold_and_samples_are_the_pixels(place: Path, tmp_path: Path) -> None:
    asked = job(place, tmp_path, pixels=50, test_pixels=70)
    with (
        opened(asked, Silent()) as found,
        opened_labels(asked.labels, asked.split, found.grid, "x", tmp_path, Silent()) as labels,
    ):
        census = take_census(found, labels, tmp_path, Silent())
        drawn = draw(census, asked.split, 1, Silent())
        samples = gather(found, census, [drawn], tmp_path, Silent())
        whole = found.features(Window(0, 0, HEIGHT, WIDTH)).reshape(45, -1)
        columns = found.columns(rows_of(found.added)[1])
    assert np.bincount(census.target.reshape(-1)[drawn.train]).tolist() == [50, 50, 50]
    assert len(drawn.test) == 70
    x, y = samples.of(drawn.test, columns)
    np.testing.assert_array_equal(x, whole[columns][:, drawn.test].T)
    np.testing.assert_array_equal(y, census.target.reshape(-1)[drawn.test])


def test_pixels_without_a_value_on_any_date_are_left_out_of_every_line(place: Path, tmp_path: Path) -> None:
    """A hole in one prediction takes its pixels from the early season's line too; a pixel without a label as well."""
    with rasterio.open(place / "NDVI_noise_20240715.tif") as file:
        holed = file.read()
    holed[0, :30, :40] = np.nan
    path = write_raster(tmp_path / "NDVI_holed_20240715.tif", holed, names=["NDVI"], nodata=np.nan)
    asked = job(place, tmp_path, predictions=(*images(place, "real"), Prediction(SceneSource(str(path)))))
    reporter = Silent()
    crop_gain(asked, reporter)
    document = json.loads((tmp_path / "g.json").read_text())
    assert document["pixels"]["labelled"] == HEIGHT * WIDTH
    assert document["pixels"]["with_a_value_on_every_date"] == HEIGHT * WIDTH - 30 * 40
    holed[:] = np.nan
    holed[0, -30:, -60:] = 0.5
    write_raster(path, holed, names=["NDVI"], nodata=np.nan)
    crop_gain(asked, reporter)
    assert any("least have holed 2024-07-15 (26%)" in text for level, text in reporter.lines if level == "warning")


# --- the job ---------------------------------------------------------------------------------------------------------


def test_real_images_gain_and_noise_does_not(place: Path, tmp_path: Path) -> None:
    asked = job(place, tmp_path, predictions=images(place, "real", "noise"), seeds=3, trees=20)
    result = crop_gain(asked, Silent())
    document = json.loads((tmp_path / "g.json").read_text())
    gain = {row["name"]: row["gain"]["mean"] for row in document["rows"]}
    assert gain["early season"] == 0
    assert gain["real: + 2024-07-15"] > 0.2
    assert gain["real: + 2024-07-15 + 2024-08-30"] > 0.2
    assert all(abs(value) < 0.12 for name, value in gain.items() if name.startswith("noise"))
    assert result["best"] in ("real: + 2024-07-15", "real: + 2024-07-15 + 2024-08-30")
    assert result["early_kappa"] == pytest.approx(document["rows"][0]["kappa"]["mean"], abs=1e-6)
    for row in document["rows"]:
        values = row["kappa"]["values"]
        assert row["kappa"]["mean"] == pytest.approx(np.mean(values), abs=1e-6)
        assert row["kappa"]["sd"] == pytest.approx(np.std(values, ddof=1), abs=1e-6)
    assert {p.name for p in tmp_path.iterdir()} == {"g.html", "g.json", "g.csv", "g.run.json"}


def test_a_line_is_scikit_learns_forest_and_kappa(place: Path, tmp_path: Path) -> None:
    asked = job(place, tmp_path, seeds=1, seed=7)
    crop_gain(asked, Silent())
    rows = json.loads((tmp_path / "g.json").read_text())["rows"]
    with (
        opened(asked, Silent()) as found,
        opened_labels(asked.labels, asked.split, found.grid, "x", tmp_path, Silent()) as labels,
    ):
        census = take_census(found, labels, tmp_path, Silent())
        drawn = draw(census, asked.split, 7, Silent())
        whole = found.features(Window(0, 0, HEIGHT, WIDTH)).reshape(45, -1).T
        lines = rows_of(found.added)
        every = [found.columns(line) for line in lines]
    y = census.target.reshape(-1)
    for row, columns in zip(rows, every):
        forest = RandomForestClassifier(8, max_depth=25, min_samples_leaf=5, random_state=7)
        forest.fit(whole[drawn.train][:, columns], y[drawn.train])
        kappa = cohen_kappa_score(y[drawn.test], forest.predict(whole[drawn.test][:, columns]))
        assert row["kappa"]["mean"] == pytest.approx(kappa, abs=1e-6)
        assert row["kappa"]["sd"] is None


def test_a_leaking_split_is_marked_in_every_output(place: Path, tmp_path: Path) -> None:
    for split, leaks in (("pixel", True), ("parcel", False)):
        reporter = Silent()
        crop_gain(job(place, tmp_path / split, split=split, seeds=1), reporter)
        document = json.loads((tmp_path / split / "g.json").read_text())
        record = json.loads((tmp_path / split / "g.run.json").read_text())
        with open(tmp_path / split / "g.csv", newline="") as file:
            table = list(csv.DictReader(file))
        assert document["leaks"] == record["gain"]["leaks"] == leaks
        assert all((row["leaks"] == "yes") == leaks for row in table)
        assert ("LEAKING SPLIT" in (tmp_path / split / "g.html").read_text()) == leaks
        assert any("LEAKING SPLIT" in text for level, text in reporter.lines if level == "warning") == leaks


def test_a_class_raster_and_blocks(place: Path, tmp_path: Path) -> None:
    asked = job(place, tmp_path, labels=LabelSource(str(place / "truth.tif")), split="block", block=16)
    crop_gain(asked, Silent())
    document = json.loads((tmp_path / "g.json").read_text())
    assert [c["name"] for c in document["classes"]] == ["1", "2", "3"]
    assert document["split_rule"] == "whole blocks of 16 pixels are held out"


def test_strategies_are_named_by_the_job_or_the_layer(place: Path, tmp_path: Path) -> None:
    source = str(place / "NDVI_real_20240715.tif")
    named = (
        Prediction(SceneSource(source), "STARFM"),
        Prediction(SceneSource(source, "B sequential 2024-07-15")),
        Prediction(SceneSource(source, "NDVI 20240715")),
        Prediction(SceneSource(source, "C_ndvi_2024197")),
    )
    with opened(job(place, tmp_path, predictions=named), Silent()) as found:
        assert [p.strategy for p in found.predicted] == ["STARFM", "B sequential", "prediction", "C"]


def test_cancel_ends_it_within_two_seconds_and_leaves_nothing(place: Path, tmp_path: Path) -> None:
    reporter, outcome = Silent(), []

    def work() -> None:
        try:
            crop_gain(job(place, tmp_path, trees=2000, seeds=50), reporter)
        except Cancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(3)
    reporter.stop.set()
    started = time.monotonic()
    thread.join(20)
    assert time.monotonic() - started < 2
    assert outcome
    assert not list(tmp_path.iterdir())


def test_day_of_a_prediction_is_the_end_of_the_early_season_unless_told(place: Path, tmp_path: Path) -> None:
    with opened(job(place, tmp_path), Silent()) as found:
        assert found.early_dates[-1] == dt.date(2024, 5, 20)
    with opened(job(place, tmp_path, before="2024-05-20"), Silent()) as found:
        assert found.early_dates[-1] == dt.date(2024, 5, 1)
