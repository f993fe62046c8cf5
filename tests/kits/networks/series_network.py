"""Small ONNX networks over one or two series, made by hand: every term is known to the tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.files import save_card, sha256_of
from crop_classifier_plugin.shared.cards.parts import DayWindow, RadarSpec
from kits.cards import card_of
from kits.models import LEGEND

MONTHS = (DayWindow(121, 151), DayWindow(152, 181), DayWindow(182, 212))  # May, June and July of 2023


def network(
    images: dict[str, int], dates: int, classes: int, doy: float, seed: int = 0, cell: int = 0
) -> onnx.ModelProto:
    """logits = 3x3 convolution of all images of all dates + doy * mean of the days, to the first class.

    attention (B,T) = softmax of the first series' validity over the dates, times 1/2; with `cell` px, (B,T,h,w) =
    softmax of the mean of its first band over each cell.
    """
    rng = np.random.default_rng(seed)
    width = dates * sum(images.values())
    values = {
        "keep": np.array([0, 3, 4]),
        "parts": np.array([1, 2]),
        "minus": np.array([-1]),
        "w": rng.normal(0, 0.2, (classes, width, 3, 3)).astype(np.float32),
        "d": np.concatenate([np.full((dates, 1), doy / dates), np.zeros((dates, classes - 1))], 1).astype(np.float32),
        "two": np.array([2, 3]),
        "half": np.float32(0.5),
        "first": np.array(0),
    }
    nodes = _flattened(images)
    valid = next(iter(images)).replace("x", "valid")
    nodes += [
        helper.make_node("Concat", [f"flat_{name}" for name in images], ["all"], axis=1),
        helper.make_node("Conv", ["all", "w"], ["conv"], pads=[1, 1, 1, 1]),
        helper.make_node("Cast", ["doy"], ["days"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["days", "d"], ["season"]),
        helper.make_node("Unsqueeze", ["season", "two"], ["everywhere"]),
        helper.make_node("Add", ["conv", "everywhere"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probability"], axis=1),
        *(_of_cells(next(iter(images)), cell) if cell else _of_tiles(valid)),
    ]
    given, told = _ends(images, valid, (dates, classes), ["h", "w"] if cell else [])
    tensors = [numpy_helper.from_array(v, k) for k, v in values.items()]
    graph = helper.make_graph(nodes, "series", given, told, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def _flattened(images: Iterable[str]) -> list[onnx.NodeProto]:
    """(B,T,C,H,W) -> (B,T*C,H,W) of each series."""
    nodes = []
    for name in images:
        nodes += [
            helper.make_node("Shape", [name], [f"s_{name}"]),
            helper.make_node("Gather", [f"s_{name}", "keep"], [f"bhw_{name}"]),
            helper.make_node("Split", [f"bhw_{name}", "parts"], [f"b_{name}", f"hw_{name}"]),
            helper.make_node("Concat", [f"b_{name}", "minus", f"hw_{name}"], [f"shape_{name}"], axis=0),
            helper.make_node("Reshape", [name, f"shape_{name}"], [f"flat_{name}"]),
        ]
    return nodes


def _ends(
    images: dict[str, int], valid: str, sizes: tuple[int, int], cells: list[str]
) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    """The inputs and the outputs; `sizes`: dates and classes."""
    dates, classes = sizes
    given = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["B", dates, c, "H", "W"]) for n, c in images.items()]
    given.append(helper.make_tensor_value_info("doy", TensorProto.INT64, ["B", dates]))
    given.append(helper.make_tensor_value_info(valid, TensorProto.FLOAT, ["B", dates]))
    told = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["B", classes, "H", "W"]) for n in ("logits", "probability")
    ]
    told.append(helper.make_tensor_value_info("attention", TensorProto.FLOAT, ["B", dates, *cells]))
    return given, told


def _of_tiles(valid: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Softmax", [valid], ["share"], axis=1),
        helper.make_node("Mul", ["share", "half"], ["attention"]),
    ]


def _of_cells(image: str, cell: int) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Gather", [image, "first"], ["band"], axis=2),  # (B,T,H,W)
        helper.make_node("AveragePool", ["band"], ["means"], kernel_shape=[cell, cell], strides=[cell, cell]),
        helper.make_node("Softmax", ["means"], ["attention"], axis=1),
    ]


def write_model(folder: Path, two: bool = True, doy: float = 0.0, cell: int = 0, **changes: Any) -> Card:
    """A model of B04 and B8A (and with `two` of VV and VH) over three dates, whose values travel 1 px."""
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {
        "name": folder.name,
        "title": "Test of series",
        "network": "test",
        "settings": {},
        "bands": ("B04", "B8A"),
        "windows": MONTHS,
        "mean": (1500.0, 2500.0, -10.0, -17.0) if two else (1500.0, 2500.0),
        "std": (1000.0, 1000.0, 3.0, 3.0) if two else (1000.0, 1000.0),
        "legend": LEGEND,
        "tile": 64,
        "overlap": 16,
        "multiple": 1,
        "receptive_radius": 1,
        "start": "2023-01-01T00:00:00Z",
        "end": "2023-12-31T00:00:00Z",
        "radar": RadarSpec(("VV", "VH") if two else ()),
        "tensors": ("x_s2", "x_s1", "doy", "valid_s2") if two else ("x", "doy", "valid"),
        "reduce": "median",
        "min_dates": 2,
    } | changes
    images = {"x_s2": len(facts["bands"]), "x_s1": 2} if two else {"x": len(facts["bands"])}
    path = folder / "model.onnx"
    onnx.save(network(images, len(facts["windows"]), len(LEGEND), doy, cell=cell), path)
    card = card_of(**facts, sha256=sha256_of(path))
    save_card(card, folder)
    return card
