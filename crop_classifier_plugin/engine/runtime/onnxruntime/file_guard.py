"""Reads a model.onnx without trust: a tensor in it may name another file, or a place in memory, to be read instead.

ONNX Runtime follows such a name even where the model is handed over as bytes, relative to the current folder. So the
protobuf message is walked before a session is made; no value is decoded, hence it is quick whatever the file's size.
Field numbers and wire types: onnx.proto of ONNX 1.x, and the protobuf encoding specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ....shared.cards.files import MAX_WEIGHTS
from ....shared.errors import BadModel, TooLarge
from ....shared.texts.bounded import bounded_bytes

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types; 3 and 4 (groups) are not in ONNX files

# Message -> field number -> message in that field: all the ways by which a tensor is reached.
_CHILDREN: dict[str, dict[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "Function": {7: "Node", 11: "Attribute"},
    "Training": {1: "Graph", 2: "Graph"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # fields of a Tensor


class _Malformed(Exception):
    """These bytes are no protobuf message."""


def read_weights(path: Path) -> bytes:
    """The file's bytes. Raises BadModel where it is too large, no ONNX file, or keeps weights outside itself."""
    try:
        data = bounded_bytes(path, MAX_WEIGHTS)
    except TooLarge:
        raise BadModel(str(path), f"it is larger than the {MAX_WEIGHTS >> 30} GiB an ONNX file may have") from None
    except OSError as error:
        raise BadModel(str(path), f"it cannot be read: {error.strerror or error}") from None
    try:
        external = refers_elsewhere(data)
    except _Malformed:
        raise BadModel(str(path), "it is no ONNX file") from None
    if external:
        raise BadModel(str(path), "it keeps weights outside itself, which could be any file of this computer")
    return data


def refers_elsewhere(data: bytes) -> bool:
    """Whether any tensor of a serialised ModelProto keeps its values outside the message."""
    waiting = [("Model", 0, len(data))]  # a list, not recursion: an evil file may nest without end
    while waiting:
        message, start, end = waiting.pop()
        for number, wire, first, last in _fields(data, start, end):
            if message == "Tensor" and (
                number == _EXTERNAL_DATA or (number == _DATA_LOCATION and any(data[first:last]))
            ):
                return True
            child = _CHILDREN[message].get(number)
            if child and wire == _BYTES:
                waiting.append((child, first, last))
    return False


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, wire type, and where its value lies, of each field between two places."""
    while at < end:
        key, at = _varint(data, at, end)
        wire = key & 7
        first, at = _span(data, wire, at, end)
        if at > end or key >> 32:  # parsers cut longer keys to 32 bits: another field than the one seen here
            raise _Malformed
        yield key >> 3, wire, first, at


def _span(data: bytes, wire: int, at: int, end: int) -> tuple[int, int]:
    if wire == _VARINT:
        return at, _varint(data, at, end)[1]
    if wire == _BYTES:
        size, at = _varint(data, at, end)
        return at, at + size
    if wire in (_FIXED32, _FIXED64):
        return at, at + (4 if wire == _FIXED32 else 8)
    raise _Malformed


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """An unsigned number of at most 64 bits, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _Malformed
