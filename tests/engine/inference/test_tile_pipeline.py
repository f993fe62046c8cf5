"""The tile pipeline's law: tiled equals whole. And what it does with no data, cancel and short memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference import tile_pipeline
from crop_classifier_plugin.engine.inference.tile_pipeline import classify_tiles
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.raster.tiling import reflected
from crop_classifier_plugin.engine.runtime.base import Feeds, Prediction, Runtime
from crop_classifier_plugin.engine.runtime.open import open_runtime
from crop_classifier_plugin.engine.series.cube.input_normalisation import Preprocess
from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.files import checked_weights
from crop_classifier_plugin.shared.errors import BadRaster, Cancelled, OutOfMemory
from kits.classification import DAYS, Memory, assembled
from kits.models import write_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Card, Runtime]:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    card = write_model(folder)
    return card, open_runtime(checked_weights(folder, card.weights.sha256), "cpu")


def cube_of(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(200, 6000, (3, 6, height, width)).astype(np.float32)


def whole(source: Memory, card: Card, runtime: Runtime, pad: int = 8) -> np.ndarray:
    """The network run once over the whole raster, mirrored at its edges."""
    rows = reflected(-pad, source.grid.height + 2 * pad, source.grid.height)
    cols = reflected(-pad, source.grid.width + 2 * pad, source.grid.width)
    cube = source.cube[:, :, rows[:, None], cols[None, :]]
    given = Preprocess(card.inputs, card.statistics).apply(cube, DAYS)
    return runtime.run({"x": given.tensors["x"][None]}).probability[0, :, pad:-pad, pad:-pad]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(height=st.integers(1, 150), width=st.integers(1, 150), batch=st.integers(1, 5))
def test_tiled_equals_whole(tiny: tuple[Card, Runtime], height: int, width: int, batch: int) -> None:
    card, runtime = tiny
    source = Memory(cube_of(height, width, seed=height * 1000 + width))
    probability, known = assembled(source, card, runtime, batch=batch)
    np.testing.assert_allclose(probability, whole(source, card, runtime), atol=1e-5)
    assert known.all()


@pytest.mark.parametrize("side", [63, 64, 65, 1, 129])
def test_rasters_around_a_tile(tiny: tuple[Card, Runtime], side: int) -> None:
    card, runtime = tiny
    source = Memory(cube_of(side, side))
    np.testing.assert_allclose(assembled(source, card, runtime)[0], whole(source, card, runtime), atol=1e-5)


def test_strips_change_nothing(tiny: tuple[Card, Runtime], monkeypatch: pytest.MonkeyPatch) -> None:
    card, runtime = tiny
    source = Memory(cube_of(90, 400))
    in_one, _ = assembled(source, card, runtime)
    monkeypatch.setattr(tile_pipeline, "STRIP", 100)
    in_four, _ = assembled(source, card, runtime)
    np.testing.assert_allclose(in_four, in_one, atol=1e-6)


def test_pixels_without_a_date_are_unknown_and_stay_local(tiny: tuple[Card, Runtime]) -> None:
    card, runtime = tiny
    cube = cube_of(100, 100)
    clear, _ = assembled(Memory(cube), card, runtime)
    clouded = cube.copy()
    clouded[1, 2, 40:50, 60:70] = np.nan
    probability, known = assembled(Memory(clouded), card, runtime)
    expected = np.ones((100, 100), bool)
    expected[40:50, 60:70] = False
    np.testing.assert_array_equal(known, expected)
    changed = np.abs(probability - clear).max(axis=0) > 1e-6
    radius = card.tiling.receptive_radius
    allowed = np.zeros((100, 100), bool)
    allowed[40 - radius : 50 + radius, 60 - radius : 70 + radius] = True
    assert not (changed & ~allowed).any()


def test_tiles_without_a_usable_pixel_are_not_run(tiny: tuple[Card, Runtime]) -> None:
    card, _ = tiny

    class Never:
        device, why = "cpu", "a test"

        def run(self, *_: object) -> np.ndarray:
            raise AssertionError("nothing to run")

    source = Memory(np.full((3, 6, 80, 80), np.nan, np.float32))
    blocks = list(classify_tiles(source, card, Never(), Silent()))
    assert not any(block.valid.any() for block in blocks)
    assert all((block.valid_dates == 0).all() for block in blocks)


def test_a_short_memory_halves_the_batch(tiny: tuple[Card, Runtime]) -> None:
    card, runtime = tiny

    class Small:
        device, why = "cuda", "a test"

        def run(self, feeds: Feeds, attention: bool = False) -> Prediction:
            if len(feeds["x"]) > 1:
                raise OutOfMemory("a test")
            return runtime.run(feeds)

    source, reporter = Memory(cube_of(150, 150)), Silent()
    found = np.zeros((3, 150, 150))
    for block in classify_tiles(source, card, Small(), reporter, batch=4):
        found[(slice(None), *block.window.slices)] = block.probability
    np.testing.assert_allclose(found, whole(source, card, runtime), atol=1e-5)
    assert any(level == "warning" for level, _ in reporter.lines)


def test_cancel_and_reading_errors_end_the_reader_thread(tiny: tuple[Card, Runtime]) -> None:
    import threading

    card, runtime = tiny
    reporter = Silent()
    source = Memory(cube_of(400, 400))
    blocks: Iterator[object] = classify_tiles(source, card, runtime, reporter)
    next(blocks)
    reporter.stop.set()
    with pytest.raises(Cancelled):
        list(blocks)

    class Broken(Memory):
        def read(self, window: Window) -> np.ndarray:
            raise BadRaster("x.tif", "truncated")

    with pytest.raises(BadRaster, match=r"x\.tif"):
        list(classify_tiles(Broken(source.cube), card, runtime, Silent()))
    assert not [t for t in threading.enumerate() if t.name == "tile-reader"]


def test_preparing_puts_zero_where_a_date_is_missing(tmp_path: Path) -> None:
    card = write_model(tmp_path / "m")
    cube = cube_of(4, 5)
    cube[2, 3, 1, 1] = np.nan
    given = Preprocess(card.inputs, card.statistics).apply(cube, DAYS)
    x, seen = given.tensors["x"], given.usable
    np.testing.assert_allclose(given.tensors["valid"], [1, 1, 19 / 20])
    assert not seen[2, 1, 1]
    assert seen.sum() == seen.size - 1
    assert (x[2, :, 1, 1] == 0).all()
    np.testing.assert_allclose(x[0, 3], (cube[0, 3] - 3000) / 500, rtol=1e-6)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_part_equals_its_place_in_the_whole(tiny: tuple[Card, Runtime], data: st.DataObject) -> None:
    card, runtime = tiny
    source = Memory(cube_of(170, 150))
    row, col = data.draw(st.integers(0, 169)), data.draw(st.integers(0, 149))
    part = Window(row, col, data.draw(st.integers(1, 170 - row)), data.draw(st.integers(1, 150 - col)))
    everything, _ = assembled(source, card, runtime)
    found = np.full((3, part.height, part.width), np.nan)
    for block in classify_tiles(source, card, runtime, Silent(), part=part):
        here = (slice(None), *block.window.slices)
        assert np.isnan(found[here]).all()
        found[here] = block.probability
    np.testing.assert_allclose(found, everything[(slice(None), *part.slices)], atol=1e-6)
