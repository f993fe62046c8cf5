"""Running a network that is not to be trusted: it gives probabilities, or an error of one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pytest
import rasterio
from onnx import TensorProto, helper, numpy_helper

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.runtime.checks import (
    ContractViolation,
    check_attention,
    check_declared,
    check_result,
)
from crop_classifier_plugin.engine.runtime.open import open_runtime
from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.files import load_card, sha256_of
from crop_classifier_plugin.shared.cards.parts import DayWindow
from crop_classifier_plugin.shared.errors import BadModel, OutOfMemory
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.cards import changed
from kits.classification import classify_job
from kits.models import LEGEND, tiny_network, write_model
from kits.rasters import write_season

X = np.zeros((2, 3, 6, 8, 9), np.float32)
FEEDS = {"x": X, "doy": np.zeros((2, 3), np.int64), "valid": np.ones((2, 3), np.float32)}


@pytest.fixture
def card(model: Path) -> Card:
    return load_card(model)


class Declared(NamedTuple):
    name: str
    shape: tuple[object, ...]
    type: str = "tensor(float)"


def saved(network: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "odd.onnx"
    path.write_bytes(network.SerializeToString())
    return path


def odd_network(
    folder: Path,
    node: onnx.NodeProto,
    values: tuple[TensorProto, ...] = (),
    inputs: tuple[onnx.ValueInfoProto, ...] = (),
) -> Path:
    """A network of x (B,T,C,H,W) and perhaps other inputs, whose node makes a `probability` of no declared shape."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", "T", "C", "H", "W"])
    probability = helper.make_tensor_value_info("probability", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "odd", [x, *inputs], [probability], values)
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    network.ir_version = 10
    return saved(network, folder)


def sum_of_dates(folder: Path, inputs: tuple[onnx.ValueInfoProto, ...] = ()) -> Path:
    """x (B,T,C,H,W) -> (B,C,H,W), all sizes free."""
    node = helper.make_node("ReduceSum", ["x", "axis"], ["probability"], keepdims=0)
    return odd_network(folder, node, (numpy_helper.from_array(np.array([1]), "axis"),), inputs)


# --- what it gives ---------------------------------------------------------------------------------------------------


def good(shape: tuple[int, ...] = (2, 3, 8, 9), dtype: type = np.float32) -> np.ndarray:
    raw = np.random.default_rng(0).random(shape)
    return (raw / raw.sum(axis=1, keepdims=True)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_probabilities_pass_as_float32(dtype: type) -> None:
    result = check_result(good(dtype=dtype), X.shape, 3)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, good(), atol=1e-3)


def poisoned(value: float) -> np.ndarray:
    result = good()
    result[1, 2, 7, 8] = value
    return result


@pytest.mark.parametrize("cells", [(), (1, 1), (2, 3), (8, 9)])
def test_attention_is_of_cells_or_of_the_whole_tile(cells: tuple[int, ...]) -> None:
    weights = good((2, 3, *cells), np.float64)
    found = check_attention(weights, X.shape)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, weights.reshape(2, 3, *(cells or (1, 1))), rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        (("B", 3), True),
        (("B", 3, "h", "w"), True),
        (("B", "T", 4, 4), True),
        ((), True),  # unknown: the result itself is checked
        (("B", 4), False),
        (("B", 4, "h", "w"), False),
        (("B", 3, "h"), False),
        (("B",), False),
    ],
)
def test_attention_is_declared_of_the_cards_dates(card: Card, shape: tuple[object, ...], fits: bool) -> None:
    told = [Declared("x", (None,) * 5), Declared("probability", (None,) * 4), Declared("attention", shape)]
    if fits:
        check_declared(told[:1], told[1:], card)
    else:
        with pytest.raises(ContractViolation, match="attention"):
            check_declared(told[:1], told[1:], card)


@pytest.mark.parametrize("shape", [(2,), (2, 4), (2, 3, 1), (2, 4, 1, 1), (2, 3, 9, 9), (2, 3, 8, 10), (2, 3, 0, 1)])
def test_attention_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ContractViolation, match="attention weights"):
        check_attention(np.full(shape, 0.1, np.float32), X.shape)


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (poisoned(np.nan), "nan"),
        (poisoned(np.inf), "inf"),
        (poisoned(-0.001), "-0.001"),
        (poisoned(1.5), "1.5"),
        (good() * 0.98, "sum to"),
        (np.zeros((2, 3, 8, 9), np.float32), "sum to"),
        (good((2, 4, 8, 9)), r"\(2, 4, 8, 9\) where \(2, 3, 8, 9\)"),
        (good((2, 2, 8, 9)), "shape"),
        (good((2, 3, 9, 8)), "shape"),
        (good((2, 3, 4, 4)), "shape"),
        (good((1, 3, 8, 9)), "shape"),
        (good((2, 3, 8)), "shape"),
        (np.float32(1), "float32"),
        (np.array(1, np.float32), "shape"),
        (np.zeros((2, 0, 8, 9), np.float32), "shape"),
        (np.eye(3, dtype=np.int64), "int64"),
        (np.array(["maize"]), "U5"),
        ([good()], "list"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_probability_is_refused(result: object, why: str) -> None:
    with pytest.raises(ContractViolation, match=why):
        check_result(result, X.shape, 3)


def test_a_wrong_result_ends_the_run_with_one_sentence(tmp_path: Path, card: Card) -> None:
    """A network that declares no sizes: only what it gives tells."""
    network = open_runtime(sum_of_dates(tmp_path), "cpu", card)
    with pytest.raises(BadModel, match=r"odd\.onnx .*\(2, 6, 8, 9\)") as error:
        network.run(FEEDS)
    assert "\n" not in error.value.sentence


def test_without_its_card_a_networks_classes_are_free_but_still_probabilities(model: Path) -> None:
    assert open_runtime(model / "model.onnx", "cpu").run(FEEDS).probability.shape == (2, 3, 8, 9)


def test_an_error_inside_the_network_names_the_model(tmp_path: Path, card: Card) -> None:
    shape = numpy_helper.from_array(np.array([7, 3, 5, 5]), "shape")
    path = odd_network(tmp_path, helper.make_node("Reshape", ["x", "shape"], ["probability"]), (shape,))
    with pytest.raises(BadModel, match=r"odd\.onnx"):
        open_runtime(path, "cpu", card).run(FEEDS)


@pytest.mark.parametrize("error", [ValueError("odd"), TypeError("odd"), KeyError("odd"), RuntimeError(""), OSError(5)])
def test_every_exception_of_the_session_is_a_bad_model(model: Path, card: Card, error: Exception) -> None:
    network = open_runtime(model / "model.onnx", "cpu", card)
    network._session._session = Failing(error)
    with pytest.raises(BadModel, match=r"model\.onnx"):
        network.run(FEEDS)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("Failed to allocate memory"), RuntimeError("out of memory")]
)
def test_short_memory_is_told_apart(model: Path, card: Card, error: Exception) -> None:
    network = open_runtime(model / "model.onnx", "cpu", card)
    network._session._session = Failing(error)
    with pytest.raises(OutOfMemory) as told:
        network.run(FEEDS)
    assert "batch" not in told.value.sentence  # nothing a user of classify could set


class Failing:
    """A session whose every run fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def run(self, *given: object) -> list[np.ndarray]:
        raise self.error


# --- what it takes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"windows": (DayWindow(95, 135), DayWindow(150, 195))}, r"x has the shape \(any, 3, 6, any, any\)"),
        ({"bands": ("B02", "B03"), "mean": (0.0, 0.0), "std": (1.0, 1.0)}, r"card says \(any, 3, 2, any, any\)"),
        ({"legend": replace(LEGEND, classes=LEGEND.classes[:2])}, "probability has the shape"),
    ],
)
def test_a_network_of_another_card_is_refused_at_load(model: Path, card: Card, changes: dict, why: str) -> None:
    open_runtime(model / "model.onnx", "cpu", card)
    with pytest.raises(BadModel, match=why):
        open_runtime(model / "model.onnx", "cpu", changed(card, **changes))


def test_free_dimensions_fit_any_card(tmp_path: Path, card: Card) -> None:
    open_runtime(sum_of_dates(tmp_path), "cpu", card)


@pytest.mark.parametrize("dates", [3, "T"])
def test_inputs_that_the_engine_does_not_give(tmp_path: Path, card: Card, dates: int | str) -> None:
    for name, kind, shape, why in (
        ("weather", TensorProto.FLOAT, ["B", dates], "weather"),
        ("doy", TensorProto.FLOAT, ["B", dates], r"doy is tensor\(float\)"),
        ("valid", TensorProto.INT64, ["B", dates], r"valid is tensor\(int64\)"),
        ("valid", TensorProto.FLOAT, ["B", dates, 1], "valid has the shape"),
        ("doy", TensorProto.INT64, ["B", 4], "doy has the shape"),
    ):
        path = sum_of_dates(tmp_path, (helper.make_tensor_value_info(name, kind, shape),))
        with pytest.raises(BadModel, match=why):
            open_runtime(path, "cpu", card)


def test_a_network_without_x_or_probability_is_refused(tmp_path: Path, card: Card) -> None:
    network = tiny_network(6, 3, 3)
    del network.graph.output[1]
    with pytest.raises(BadModel, match="only logits"):
        open_runtime(saved(network, tmp_path), "cpu", card)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["B", 3, 2, 2])
    p = helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["B", 3, 2, 2])
    graph = helper.make_graph([helper.make_node("Identity", ["y"], ["probability"])], "g", [y], [p])
    with pytest.raises(BadModel, match="only y"):
        open_runtime(
            saved(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), tmp_path),
            "cpu",
            card,
        )


# --- what its maps say of it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("simulated", [True, False])
def test_maps_of_a_simulated_model_are_marked(tmp_path: Path, simulated: bool) -> None:
    card = write_model(tmp_path / "tiny", simulated=simulated)
    assert card.weights.sha256 == sha256_of(tmp_path / "tiny" / "model.onnx")
    scenes = tuple(SceneSource(str(p)) for p in write_season(tmp_path / "season"))
    outputs = {k: str(tmp_path / f"{k}.tif") for k in ("class_map", "confidence", "probabilities")}
    classify(classify_job(scenes, str(tmp_path / "tiny"), **outputs), Silent())
    for path in outputs.values():
        with rasterio.open(path) as file:
            assert file.tags().get("SIMULATED") == ("yes" if simulated else None)
