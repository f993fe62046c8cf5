"""A tiny ONNX model with its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.files import save_card, sha256_of
from crop_classifier_plugin.shared.cards.parts import DayWindow
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.cards import card_of
from kits.rasters import BANDS

LEGEND = Legend(
    (
        CropClass(1, "maize", "#ffd400", ("1200",)),
        CropClass(2, "winter wheat", "#a87000", ("1110",)),
        CropClass(3, "grassland", "#88cc66", ("9120",)),
    )
)


def tiny_network(bands: int, dates: int, classes: int, layers: int = 2, seed: int = 0) -> onnx.ModelProto:
    """x (B,T,C,H,W) -> `layers` 3x3 convolutions with tanh -> softmax: values travel `layers` px."""
    rng = np.random.default_rng(seed)
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "keep"], ["bhw"]),
        helper.make_node("Split", ["bhw", "parts"], ["b", "hw"]),
        helper.make_node("Concat", ["b", "minus", "hw"], ["shape"], axis=0),
        helper.make_node("Reshape", ["x", "shape"], ["f0"]),
    ]
    values = [
        numpy_helper.from_array(np.array([0, 3, 4]), "keep"),
        numpy_helper.from_array(np.array([1, 2]), "parts"),
        numpy_helper.from_array(np.array([-1]), "minus"),
    ]
    width = bands * dates
    for i in range(layers):
        out = classes if i == layers - 1 else 8
        values.append(numpy_helper.from_array(rng.normal(0, 0.3, (out, width, 3, 3)).astype(np.float32), f"w{i}"))
        nodes.append(helper.make_node("Conv", [f"f{i}", f"w{i}"], [f"c{i}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Tanh", [f"c{i}"], [f"f{i + 1}"]))
        width = out
    nodes.append(helper.make_node("Softmax", [f"f{layers}"], ["probability"], axis=1))
    nodes.append(helper.make_node("Identity", [f"f{layers}"], ["logits"]))
    outs = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["B", classes, "H", "W"]) for n in ("logits", "probability")
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", dates, bands, "H", "W"])
    graph = helper.make_graph(nodes, "tiny", [x], outs, values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    return model


def write_model(folder: Path, layers: int = 2, **changes: Any) -> Card:
    """A model folder that the engine accepts; `changes` go into the card."""
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {
        "name": folder.name,
        "title": "Tiny test model",
        "network": "tiny",
        "settings": {},
        "bands": BANDS,
        "windows": (DayWindow(95, 135), DayWindow(150, 195), DayWindow(210, 260)),
        "mean": (800.0, 900.0, 900.0, 3000.0, 2000.0, 1500.0),
        "std": (500.0,) * 6,
        "legend": LEGEND,
        "sha256": "",
        "tile": 64,
        "overlap": 16,
        "multiple": 1,
        "receptive_radius": layers,
        "simulated": True,
        "start": "2024-01-01T00:00:00Z",
        "end": "2024-12-31T00:00:00Z",
    } | changes
    path = folder / "model.onnx"
    onnx.save(tiny_network(len(facts["bands"]), len(facts["windows"]), len(facts["legend"]), layers), path)
    card = card_of(**(facts | {"sha256": sha256_of(path)}))
    save_card(card, folder)
    return card
