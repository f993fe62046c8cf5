"""One preprocessing: what a network is trained on and what it is given in a classification are equal to the bit."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial

import numpy as np
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.inference.tile_pipeline import read_tile
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.raster.tiling import Tiling
from crop_classifier_plugin.engine.series.cube.input_normalisation import Preprocess
from crop_classifier_plugin.engine.splits.split import HELD_OUT, Parcels, Split
from crop_classifier_plugin.engine.training.data.labelled_series import LabelledCube
from crop_classifier_plugin.engine.training.data.patches import TARGET, ScoringPatches
from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.model_json import item_of, read_item
from crop_classifier_plugin.shared.cards.parts import DayWindow, RadarSpec
from kits.cards import card_of
from kits.classification import Memory

SIZE = 16  # px
GRID = Grid(CRS.from_epsg(32631), Affine(10, 0, 5e5, 0, -10, 5.6e6), SIZE, SIZE)
TENSORS = [("x",), ("x", "doy", "valid"), ("x_s1", "valid_s1"), ("x_s2", "x_s1"), ("x_s2", "x_s1", "doy", "valid_s1")]


@st.composite
def cards(draw: st.DrawFn) -> Card:
    """Of one or two series of two bands each, over three dates."""
    tensors = draw(st.sampled_from(TENSORS))
    two = "x_s2" in tensors
    number = st.floats(-1e4, 1e4, width=32)
    return card_of(
        bands=("B04", "B8A"),
        radar=RadarSpec(("VV", "VH") if two else ()),
        windows=(DayWindow(91, 120),) * 3,
        mean=draw(st.tuples(*[number] * (4 if two else 2))),
        std=draw(st.tuples(*[st.floats(0.125, 1e4, width=32)] * (4 if two else 2))),
        tensors=tensors,
        min_dates=draw(st.integers(0, 3)),
        tile=SIZE,
        overlap=0,
        multiple=1,
    )


def cube_of(bands: int, seed: int) -> np.ndarray:
    """(T,C,H,W) with pixels, bands of pixels and whole dates without data."""
    rng = np.random.default_rng(seed)
    cube = rng.normal(1000, 2000, (3, bands, SIZE, SIZE)).astype(np.float32)
    cube[rng.random(cube.shape) < 0.1] = np.nan
    cube[rng.random(3) < 0.2] = np.nan
    return cube


def season_of(cube: np.ndarray, days: np.ndarray) -> LabelledCube:
    """A cube all of whose pixels are held out."""
    target, part = np.zeros((SIZE, SIZE), np.int16), np.full((SIZE, SIZE), HELD_OUT, np.uint8)
    nothing = Parcels(np.zeros((0, 2)), np.zeros(0), np.zeros(0, np.int64))
    split, day = Split("east", np.zeros(0, np.uint8)), dt.date(2024, 4, 24)
    return LabelledCube("toy", cube, target, part, days, np.ones(3, bool), (day,), GRID, nothing, split)


@settings(max_examples=60, deadline=None)
@given(card=cards(), seed=st.integers(0, 2**16))
def test_training_and_classification_give_a_network_the_same_to_the_bit(card: Card, seed: int) -> None:
    cube, days = cube_of(len(card.inputs.all_bands), seed), np.array([100, 150, 364])
    trained = Preprocess(card.inputs, card.statistics)
    (item,) = ScoringPatches([season_of(cube, days)], trained, HELD_OUT, Tiling(SIZE, 0, 0))
    read = read_item(json.loads(json.dumps(item_of(card, "model.onnx"))))
    serving = partial(Preprocess(read.inputs, read.statistics).apply, days=days)
    tile = read_tile(Memory(cube), serving, SIZE, 0, 0)
    assert set(item) - {TARGET} == set(card.inputs.tensors) <= set(tile.feeds)
    for name in card.inputs.tensors:
        learnt = item[name].numpy()
        assert learnt.dtype == tile.feeds[name].dtype
        assert learnt.tobytes() == tile.feeds[name].tobytes(), name


@settings(max_examples=30, deadline=None)
@given(card=cards(), seed=st.integers(0, 2**16))
def test_a_date_is_usable_where_its_series_have_data(card: Card, seed: int) -> None:
    cube = cube_of(len(card.inputs.all_bands), seed)
    found = Preprocess(card.inputs, card.statistics).apply(cube, np.array([100, 150, 364]))
    series = [cube[:, i : i + 2] for i in range(0, cube.shape[1], 2)]
    seen = np.stack([~np.isnan(each).any(axis=1) for each in series])
    np.testing.assert_array_equal(found.usable, seen.any(axis=0) if card.inputs.dates.min_dates else seen.all(axis=0))
    for name, each in zip(card.inputs.images, seen):
        np.testing.assert_allclose(found.tensors[name.replace("x", "valid")], each.mean(axis=(1, 2)), rtol=1e-6)
        assert not found.tensors[name][~np.broadcast_to(each[:, None], found.tensors[name].shape)].any()
        assert np.isfinite(found.tensors[name]).all()
