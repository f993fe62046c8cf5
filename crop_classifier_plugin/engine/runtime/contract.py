"""What a network's file must take and give to be run with a card: checked at load, and of every result.

A network of other people may have any graph. A wrong result must end the run: it would become a map that looks right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ..card import Card
from .base import Float

_TYPES = {"x": "tensor(float)", "doy": "tensor(int64)", "valid": "tensor(float)"}
_SUM_TOLERANCE = 1e-2  # of a pixel's probabilities: room for half-precision networks
_TOP = 1 + 1e-5  # a softmax in float32 may exceed 1 by rounding


class Declared(Protocol):
    """An input or output as ONNX Runtime describes it; free dimensions are names or None."""

    name: str
    type: str
    shape: Sequence[Any]


class Broken(Exception):
    """Why the network does not keep the contract: words that follow its name."""


def check_declared(inputs: Sequence[Declared], outputs: Sequence[Declared], card: Card | None) -> None:
    """Raises Broken where names, types or fixed dimensions are not the card's (without a card: the engine's)."""
    named = {i.name: i for i in inputs}
    if "x" not in named:
        raise Broken(f"it has no input named x, only {', '.join(named) or 'none'}")
    for entry in inputs:
        if entry.name not in _TYPES:
            raise Broken(f"it asks for the input {entry.name}, the engine gives {', '.join(_TYPES)}")
        if entry.type != _TYPES[entry.name]:
            raise Broken(f"its input {entry.name} is {entry.type}, the engine gives {_TYPES[entry.name]}")
    given = {o.name: o for o in outputs}
    if "probability" not in given:
        raise Broken(f"it has no output named probability, only {', '.join(given)}")
    dates, bands, classes = (card.dates, len(card.bands), len(card.legend)) if card else (None, None, None)
    _check_shape(named.pop("x"), (None, dates, bands, None, None))
    for per_date in named.values():
        _check_shape(per_date, (None, dates))
    _check_shape(given["probability"], (None, classes, None, None))


def _check_shape(declared: Declared, wanted: tuple[int | None, ...]) -> None:
    shape = tuple(declared.shape)
    if not shape:  # ONNX Runtime says so of an output whose rank is unknown; the result itself is checked
        return
    if not _fits(shape, wanted):
        raise Broken(f"its {declared.name} has the shape {_words(shape)}, the card says {_words(wanted)}")


def _fits(shape: Sequence[object], wanted: Sequence[int | None]) -> bool:
    """Whether the sizes agree; what is a name in `shape` or None in either is free."""
    return len(shape) == len(wanted) and all(
        a == b for a, b in zip(shape, wanted) if isinstance(a, int) and b is not None
    )


def _words(shape: Sequence[object]) -> str:
    return "(" + ", ".join(str(n) if isinstance(n, int) else "any" for n in shape) + ")"


def check_result(result: object, x: Float, classes: int | None) -> Float:
    """`result` as float32 probabilities (B, K, H, W) of `x` (B,T,C,H,W). Raises Broken where it is nothing such."""
    if not isinstance(result, np.ndarray) or not np.issubdtype(result.dtype, np.floating):
        raise Broken(f"it gives {getattr(result, 'dtype', type(result).__name__)} where probabilities are due")
    wanted = (x.shape[0], classes, *x.shape[3:])
    if not result.size or not _fits(result.shape, wanted):
        raise Broken(f"it gives probabilities of shape {_words(result.shape)} where {_words(wanted)} are due")
    low, high = result.min(), result.max()
    if not (low >= 0 and high <= _TOP):  # so written, not-a-number fails too
        raise Broken(f"it gives values from {low:.4g} to {high:.4g} where probabilities of 0 to 1 are due")
    total = result.sum(axis=1, dtype=np.float32)
    if not np.abs(total - 1).max() <= _SUM_TOLERANCE:
        raise Broken(f"its probabilities sum to between {total.min():.4g} and {total.max():.4g}, not to 1")
    return result.astype(np.float32, copy=False)
