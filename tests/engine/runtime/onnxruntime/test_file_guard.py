"""A model.onnx is read without trust: no name in it leads to another file, whatever its bytes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from crop_classifier_plugin.engine.runtime.onnxruntime.file_guard import refers_elsewhere
from crop_classifier_plugin.engine.runtime.open import open_runtime
from crop_classifier_plugin.shared.errors import BadModel, CropClassifierError
from kits.models import tiny_network

TensorPlace = Callable[[TensorProto], onnx.ModelProto]


def outside(name: str = "w", location: str = "ext.bin") -> TensorProto:
    """A tensor of 4 floats that lie in another file."""
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), name)
    onnx.external_data_helper.set_external_data(tensor, location=location)
    tensor.ClearField("raw_data")
    return tensor


def test_weights_in_the_current_folder_are_not_read(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX Runtime would take them from there, although it was given bytes and no path."""
    network = onnx.load(model / "model.onnx")
    (tensor,) = (t for t in network.graph.initializer if t.name == "w0")
    (tmp_path / "ext.bin").write_bytes(tensor.raw_data)
    onnx.external_data_helper.set_external_data(tensor, location="ext.bin")
    tensor.ClearField("raw_data")
    path = tmp_path / "odd.onnx"
    path.write_bytes(network.SerializeToString())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadModel, match="outside itself"):
        open_runtime(path, "cpu")


def in_graph(graph: onnx.GraphProto) -> onnx.ModelProto:
    return helper.make_model(graph)


def graph_of(*nodes: onnx.NodeProto, **more: object) -> onnx.GraphProto:
    return helper.make_graph(list(nodes), "g", [], [], **more)


def sparse(tensor: TensorProto, as_indices: bool) -> onnx.SparseTensorProto:
    plain = numpy_helper.from_array(np.zeros(1, np.int64), "plain")
    return helper.make_sparse_tensor(*((plain, tensor) if as_indices else (tensor, plain)), [8])


def node_with(attribute: onnx.AttributeProto) -> onnx.NodeProto:
    node = helper.make_node("Constant", [], ["c"])
    node.attribute.append(attribute)
    return node


def in_training(tensor: TensorProto, field: str) -> onnx.ModelProto:
    network = in_graph(graph_of())
    getattr(network.training_info.add(), field).initializer.append(tensor)
    return network


def in_function(tensor: TensorProto, as_default: bool) -> onnx.ModelProto:
    network = in_graph(graph_of())
    function = network.functions.add()
    attribute = helper.make_attribute("value", tensor)
    if as_default:
        function.attribute_proto.append(attribute)
    else:
        function.node.append(node_with(attribute))
    return network


PLACES: dict[str, TensorPlace] = {
    "initializer": lambda t: in_graph(graph_of(initializer=[t])),
    "constant": lambda t: in_graph(graph_of(node_with(helper.make_attribute("value", t)))),
    "list of tensors": lambda t: in_graph(graph_of(node_with(helper.make_attribute("values", [t])))),
    "subgraph": lambda t: in_graph(
        graph_of(node_with(helper.make_attribute("then_branch", graph_of(initializer=[t]))))
    ),
    "list of graphs": lambda t: in_graph(graph_of(node_with(helper.make_attribute("g", [graph_of(initializer=[t])])))),
    "sparse values": lambda t: in_graph(graph_of(sparse_initializer=[sparse(t, False)])),
    "sparse indices": lambda t: in_graph(graph_of(sparse_initializer=[sparse(t, True)])),
    "sparse attribute": lambda t: in_graph(graph_of(node_with(helper.make_attribute("v", sparse(t, False))))),
    "sparse attributes": lambda t: in_graph(graph_of(node_with(helper.make_attribute("v", [sparse(t, False)])))),
    "function": lambda t: in_function(t, False),
    "default of a function": lambda t: in_function(t, True),
    "training": lambda t: in_training(t, "algorithm"),
    "start of training": lambda t: in_training(t, "initialization"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("location", ["ext.bin", "/etc/passwd", "../x", "*/_ORT_MEM_ADDR_/*"])
def test_a_tensor_outside_is_found_wherever_it_is(place: str, location: str) -> None:
    assert refers_elsewhere(PLACES[place](outside(location=location)).SerializeToString())
    within = numpy_helper.from_array(np.arange(4, dtype=np.float32), "w")
    assert not refers_elsewhere(PLACES[place](within).SerializeToString())


def test_half_a_mark_is_enough() -> None:
    """A reader may go by the location's entries or by the flag."""
    flag, entries = outside(), outside()
    flag.ClearField("external_data")
    entries.ClearField("data_location")
    for tensor in (flag, entries):
        assert refers_elsewhere(PLACES["initializer"](tensor).SerializeToString())


def test_weights_that_look_like_a_mark_are_only_values() -> None:
    inside = outside().SerializeToString()
    tensor = helper.make_tensor("w", TensorProto.UINT8, [len(inside)], inside, raw=True)
    assert not refers_elsewhere(PLACES["initializer"](tensor).SerializeToString())


@given(st.binary(max_size=60), st.integers(0, 400))
def test_any_bytes_end_in_a_model_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    path = tmp_path_factory.mktemp("noise") / "odd.onnx"
    whole = tiny_network(6, 3, 3).SerializeToString()
    path.write_bytes(whole[:at] + noise + whole[at + len(noise) :])
    with suppress(CropClassifierError):  # noise among the weights leaves a network
        open_runtime(path, "cpu")


def test_endless_nesting_is_no_crash(tmp_path: Path) -> None:
    data = b""
    for _ in range(3000):
        for key in (0x32, 0x2A, 0x0A):  # a graph in an attribute in a node
            data = bytes([key]) + encoded(len(data)) + data
    path = tmp_path / "odd.onnx"
    path.write_bytes(b"\x3a" + encoded(len(data)) + data)
    with pytest.raises(BadModel):
        open_runtime(path, "cpu")


def encoded(value: int) -> bytes:
    """A protobuf varint."""
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


@pytest.mark.parametrize(
    "data", [b"", b"not a network", b"\x3a\xff\xff\xff\xff\x7f", b"\x08\x00\x00\x00ORTM" + bytes(64)]
)
def test_what_is_no_onnx_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(data)
    with pytest.raises(BadModel, match="odd"):
        open_runtime(path, "cpu")


def test_a_file_that_is_too_large_or_gone(tmp_path: Path) -> None:
    path = tmp_path / "odd.onnx"
    with open(path, "wb") as file:
        file.truncate((1 << 31) + 1)  # takes no place on the disk
    with pytest.raises(BadModel, match="2 GiB"):
        open_runtime(path, "cpu")
    with pytest.raises(BadModel, match="cannot be read"):
        open_runtime(tmp_path / "gone.onnx", "cpu")
