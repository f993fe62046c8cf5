"""A random forest as an ONNX file that the classify pipeline takes like any network's.

The graph: x (B,T,C,H,W) -> the nine shifted copies (edges repeated) -> one row of 9*T*C features a pixel -> trees ->
probability (B,K,H,W) and logits, their logarithm. B, H and W are free.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import RandomForestClassifier

from ....shared.cards.card import Card
from ....shared.cards.deepness import onnx_metadata
from ....shared.devices import CPU
from ....shared.errors import TrainingFailed
from ...raster.neighbourhood import COUNT, OFFSETS, neighbours
from ...runtime.open import open_session

_OPSETS = {"": 18, "ai.onnx.ml": 3}
_IR = 10  # of the ONNX file format: what ONNX Runtime 1.20 reads
_LABELS = 3  # least classes of the trees: with two, ONNX Runtime gives scores and no probabilities
_TINY = 1e-7  # least probability whose logarithm is told
_TOLERANCE = 1e-5  # largest difference of probabilities between the file and the forest


def export_forest(forest: RandomForestClassifier, path: str, card: Card) -> None:
    """Writes the file with the card's facts in its metadata.

    Raises TrainingFailed where ONNX Runtime does not give what scikit-learn gives.
    """
    model = to_onnx(forest, card.dates, len(card.inputs.bands), len(card.legend))
    helper.set_model_props(model, onnx_metadata(card))
    onnx.save_model(model, path)
    verify_forest(forest, path, card.dates, len(card.inputs.bands), len(card.legend))


def to_onnx(forest: RandomForestClassifier, dates: int, bands: int, classes: int) -> onnx.ModelProto:
    """The graph of a forest whose classes_ are indices below `classes`; those that it lacks get the probability 0."""
    trees = _trees(forest, COUNT * dates * bands, max(classes, _LABELS))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", dates, bands, "height", "width"])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", classes, "height", "width"])
        for name in ("logits", "probability")
    ]
    nodes, constants = [*_rows(), trees, *_maps()], _constants(dates * bands, classes)
    graph = helper.make_graph(nodes, "random_forest", [x], outputs, constants)
    opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="crop-classifier")
    onnx.checker.check_model(model)
    return model


def _rows() -> list[onnx.NodeProto]:
    """x -> features (B*H*W, 9*T*C), in the order of `series.neighbourhood`."""
    node = helper.make_node
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "zero"], ["batch_size"]),
        node("Gather", ["shape", "axes_of_place"], ["sides"]),
        node("Concat", ["batch_size", "plane_count", "sides"], ["planes_shape"], axis=0),
        node("Reshape", ["x", "planes_shape"], ["planes"]),
        node("Pad", ["planes", "one_around"], ["padded"], mode="edge"),
    ]
    shifted = [f"shifted_{i}" for i in range(COUNT)]
    nodes += [
        node("Slice", ["padded", f"start_{i}", f"end_{i}", "place_axes"], [name]) for i, name in enumerate(shifted)
    ]
    return [
        *nodes,
        node("Concat", shifted, ["stacked"], axis=1),
        node("Transpose", ["stacked"], ["features_last"], perm=[0, 2, 3, 1]),
        node("Reshape", ["features_last", "rows_shape"], ["features"]),
    ]


def _maps() -> list[onnx.NodeProto]:
    """votes (B*H*W,K or more) -> logits and probability (B,K,H,W)."""
    node = helper.make_node
    return [
        node("Slice", ["votes", "zero", "class_count", "second_axis"], ["scores"]),
        node("Concat", ["batch_size", "sides", "class_count"], ["maps_shape"], axis=0),
        node("Reshape", ["scores", "maps_shape"], ["classes_last"]),
        node("Transpose", ["classes_last"], ["probability"], perm=[0, 3, 1, 2]),
        node("Max", ["probability", "tiny"], ["floored"]),
        node("Log", ["floored"], ["logits"]),
    ]


def _constants(planes: int, classes: int) -> list[TensorProto]:
    values: dict[str, Any] = {
        "zero": [0],
        "axes_of_place": [3, 4],
        "plane_count": [planes],
        "class_count": [classes],
        "second_axis": [1],
        "one_around": [0, 0, 1, 1, 0, 0, 1, 1],
        "place_axes": [2, 3],
        "rows_shape": [-1, COUNT * planes],
    }
    for i, (row, col) in enumerate(OFFSETS):  # one pixel is cut on either side, or two on one
        values[f"start_{i}"] = [1 + row, 1 + col]
        values[f"end_{i}"] = [_end(row), _end(col)]
    tensors = [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in values.items()]
    return [*tensors, numpy_helper.from_array(np.array(_TINY, np.float32), "tiny")]


def _end(offset: int) -> int:
    return np.iinfo(np.int64).max if offset == 1 else offset - 1


def _trees(forest: RandomForestClassifier, features: int, classes: int) -> onnx.NodeProto:
    """skl2onnx's tree node, with the legend's indices as its classes."""
    converted = convert_sklearn(
        forest,
        initial_types=[("features", FloatTensorType([None, features]))],
        options={id(forest): {"zipmap": False}},
        target_opset=_OPSETS,
    )
    (node,) = (n for n in converted.graph.node if n.op_type == "TreeEnsembleClassifier")
    given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    given |= _votes(forest, classes)
    given |= {"nodes_values": _thresholds(forest), "classlabels_int64s": np.arange(classes)}
    made = helper.make_node("TreeEnsembleClassifier", ["features"], ["label", "votes"], domain="ai.onnx.ml")
    made.attribute.extend(helper.make_attribute(name, _listed(value)) for name, value in given.items())
    return made


def _votes(forest: RandomForestClassifier, classes: int) -> dict[str, NDArray[Any]]:
    """What each leaf adds to each class. skl2onnx knows only the forest's own classes, and of two tells one.

    The first node votes 0 for every class: where votes name a single class, ONNX Runtime takes it for the positive one
    of two.
    """
    parts = [(np.zeros(classes, int), np.zeros(classes, int), np.arange(classes), np.zeros(classes))]
    for number, tree in enumerate(_structures(forest)):
        shares = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True) / len(forest.estimators_)
        nodes, own = np.nonzero((tree.children_left < 0)[:, None] & (shares > 0))
        parts.append((np.full_like(nodes, number), nodes, np.asarray(forest.classes_)[own], shares[nodes, own]))
    names = ("class_treeids", "class_nodeids", "class_ids", "class_weights")
    return {name: np.concatenate(column) for name, column in zip(names, zip(*parts))}


def _thresholds(forest: RandomForestClassifier) -> NDArray[np.float32]:
    """Of every node, as the largest float32 not above it: a float32 value is on the same side of both."""
    exact = np.concatenate([np.where(t.children_left >= 0, t.threshold, 0) for t in _structures(forest)])
    near = exact.astype(np.float32)
    return np.where(near > exact, np.nextafter(near, np.float32(-np.inf)), near)


def _structures(forest: RandomForestClassifier) -> list[Any]:
    return [tree.tree_ for tree in forest.estimators_]


def node_count(forest: RandomForestClassifier) -> int:
    """Splits and leaves of all trees."""
    return sum(int(tree.node_count) for tree in _structures(forest))


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def predict(forest: RandomForestClassifier, x: NDArray[np.float32], classes: int) -> NDArray[np.float64]:
    """scikit-learn's own probabilities: z-scores (B,T,C,H,W) -> (B,K,H,W)."""
    rows = np.concatenate([neighbours(cube).reshape(-1, x.shape[3] * x.shape[4]) for cube in x], axis=1).T
    found = np.zeros((len(rows), classes))
    found[:, forest.classes_] = forest.predict_proba(rows)
    maps: NDArray[np.float64] = found.reshape(x.shape[0], x.shape[3], x.shape[4], classes).transpose(0, 3, 1, 2)
    return maps


def verify_forest(forest: RandomForestClassifier, path: str, dates: int, bands: int, classes: int) -> float:
    """Largest difference of probabilities between the file and the forest, over three shapes."""
    session = open_session(path, CPU)
    rng = np.random.default_rng(0)
    worst = 0.0
    for batch, high, wide in ((1, 1, 1), (3, 7, 2), (2, 16, 33)):
        x = rng.standard_normal((batch, dates, bands, high, wide), dtype=np.float32)
        (found,) = session.run(["probability"], {"x": x})
        worst = max(worst, float(np.abs(found - predict(forest, x, classes)).max()))
    if not worst <= _TOLERANCE:
        raise TrainingFailed(f"The exported forest differs from the trained one by {worst:.2g}: it was not kept.")
    return worst
