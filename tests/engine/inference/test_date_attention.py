"""What a classification tells of the dates that the network heeds, by mapped class."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference import tile_pipeline
from crop_classifier_plugin.engine.inference.date_attention import Attention
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.inference.tile_pipeline import classify_tiles
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.raster.tiling import Tiling, reflected
from crop_classifier_plugin.engine.runtime.open import open_runtime
from crop_classifier_plugin.engine.series.cube.input_normalisation import Preprocess
from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.files import checked_weights
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.classification import Memory, classify_job, job, read
from kits.networks import series_network
from kits.seasons import filled


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return filled(tmp_path)


def test_attention_is_averaged_over_the_mapped_pixels_of_each_class(place: Path) -> None:
    card = series_network.write_model(place / "model")
    shape = shapely.box(500050, 5649800, 500250, 5649950)
    geopandas.GeoDataFrame(geometry=[shape], crs="EPSG:32631").to_file(place / "area.gpkg")
    told = job(
        place,
        attention=str(place / "a.csv"),
        attention_plot=str(place / "a.html"),
        area=str(place / "area.gpkg"),
    )
    classify(told, Silent())
    with open(place / "a.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(card.legend) * card.dates
    mapped = read(told.written.class_map)[0]
    for code in card.legend.codes:
        own = [row for row in rows if row["code"] == str(code)]
        assert {int(row["pixels"]) for row in own} == {int((mapped == code).sum())}
        assert sum(float(row["attention"]) for row in own) == pytest.approx(0.5, abs=1e-5)  # a softmax, times 1/2
    assert [row["date"] for row in rows[:3]] == ["2023-05-16", "2023-06-15", "2023-07-16"]
    page = (place / "a.html").read_text()
    assert page.count("<polyline") == len(np.unique(mapped[mapped > 0]))
    assert "http" not in page.replace("http://www.w3.org", "")


def heeded_by_hand(cube: np.ndarray, card: Card, cell: int) -> np.ndarray:
    """(T, H, W): the attention of series_network at each pixel, tile by tile and pixel by pixel."""
    height, width = cube.shape[2:]
    tiling = Tiling(card.tiling.tile, card.tiling.overlap, card.tiling.receptive_radius)
    ramp, total, share = tiling.ramp(), np.zeros((card.dates, height, width)), np.zeros((height, width))
    for row, col in itertools.product(tiling.starts(height), tiling.starts(width)):
        rows, cols = reflected(row, tiling.size, height), reflected(col, tiling.size, width)
        given = Preprocess(card.inputs, card.statistics).apply(cube[:, :, rows[:, None], cols], np.zeros(3, np.int64))
        feeds, seen = given.tensors, given.usable
        told = np.exp(feeds["x_s2"][:, 0] if cell else feeds["valid_s2"])
        for i, j in itertools.product(range(tiling.size), repeat=2):
            if not (0 <= row + i < height and 0 <= col + j < width):
                continue
            if cell:
                y, x = i // cell * cell, j // cell * cell
                heeded = np.exp(feeds["x_s2"][:, 0, y : y + cell, x : x + cell].mean(axis=(1, 2)))
                heeded /= heeded.sum()
            else:
                heeded = told / told.sum() / 2
            total[:, row + i, col + j] += ramp[i] * ramp[j] * heeded * seen.any(axis=(1, 2))
            share[row + i, col + j] += ramp[i] * ramp[j]
    return total / share


@pytest.mark.parametrize("cell", [0, 16])
@pytest.mark.parametrize("missing", [(), (1,)])
def test_attention_is_the_mean_over_the_pixels_of_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: int, missing: tuple[int, ...]
) -> None:
    card = series_network.write_model(tmp_path / "model", cell=cell)
    runtime = open_runtime(checked_weights(tmp_path / "model", card.weights.sha256), "cpu", card)
    rng = np.random.default_rng(1)
    cube = rng.normal(0, 2000, (3, 4, 90, 100)) + 3000 * rng.normal(size=(3, 4, 9, 10)).repeat(10, 2).repeat(10, 3)
    cube = cube.astype(np.float32)
    cube[:, :, 20:31, 50:80] = np.nan
    cube[missing, :] = np.nan
    source, part = Memory(cube), Window(3, 5, 80, 91)
    monkeypatch.setattr(tile_pipeline, "STRIP", 60)
    heed = Attention(card)
    probability, known = np.zeros((3, 80, 91)), np.zeros((80, 91), bool)
    for block in classify_tiles(source, card, runtime, Silent(), part=part, attention=True):
        heed.write(block, block.valid)
        probability[(slice(None), *block.window.slices)] = block.probability
        known[block.window.slices] = block.valid
    at = heeded_by_hand(cube, card, cell)[(slice(None), *part.slices)]
    best = probability.argmax(axis=0)
    expected = [at[:, known & (best == k)].mean(axis=1) for k in range(3)]
    np.testing.assert_array_equal(heed.pixels, np.bincount(best[known], minlength=3))
    np.testing.assert_allclose(heed.means, expected, atol=1e-6)
    assert (heed.means[:, list(missing)] == 0).all()
    if not missing:  # every pixel has every date, and each date its share
        np.testing.assert_allclose(heed.means.sum(axis=1), 1 if cell else 0.5, atol=1e-5)
    assert heed.per_tile == (not cell)
    assert heed.weights_of == ("cell of 16 px" if cell else "whole tile")


@pytest.mark.parametrize("cell", [0, 16])
def test_the_table_and_the_page_say_what_shares_a_weight(place: Path, cell: int) -> None:
    series_network.write_model(place / "model", cell=cell)
    classify(job(place, attention=str(place / "a.csv"), attention_plot=str(place / "a.html")), Silent())
    with open(place / "a.csv", newline="") as file:
        assert {row["weights_of"] for row in csv.DictReader(file)} == {"cell of 16 px" if cell else "whole tile"}
    page = (place / "a.html").read_text()
    assert ("for a whole tile" in page) == (not cell)
    assert ("cell of 16 px" in page) == bool(cell)


def test_attention_that_a_model_does_not_tell_does_not_cost_the_map(
    place: Path, model: Path, season: list[Path]
) -> None:
    scenes, reporter = tuple(SceneSource(str(p)) for p in season), Silent()
    asked = {"attention": str(place / "a.csv"), "attention_plot": str(place / "a.html")}
    result = classify(classify_job(scenes, str(model), str(place / "m.tif"), **asked), reporter)
    assert read(place / "m.tif").any()
    assert not (place / "a.csv").exists()
    assert not asked.keys() & result.keys()
    (warning,) = [text for level, text in reporter.lines if level == "warning" and "attention" in text]
    assert "the map is made without that output" in warning
