"""What a network's file must take and give to be run with a card: checked at load, and of every result.

A network of other people may have any graph. A wrong result must end the run: it would become a map that looks right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...shared.cards.card import Card
from .base import Declared, Float

_TYPES = {
    "x": "tensor(float)",
    "x_s2": "tensor(float)",
    "x_s1": "tensor(float)",
    "doy": "tensor(int64)",
    "valid": "tensor(float)",
    "valid_s2": "tensor(float)",
    "valid_s1": "tensor(float)",
}
_SUM_TOLERANCE = 1e-2  # of a pixel's probabilities: room for half-precision networks
_TOP = 1 + 1e-5  # a softmax in float32 may exceed 1 by rounding


class ContractViolation(Exception):
    """Why the network does not keep the contract: words that follow its name."""


def check_declared(inputs: Sequence[Declared], outputs: Sequence[Declared], card: Card | None) -> None:
    """Raises ContractViolation where names, types or fixed sizes are not the card's (without a card: the engine's)."""
    wanted = _wanted(card)
    named = {i.name: i for i in inputs}
    needed = [name for name in (card.inputs.tensors if card else ()) if name.startswith("x")]
    missing = [name for name in needed or ("x",) if name not in named]
    if missing and (card or not any(name.startswith("x") and name in _TYPES for name in named)):
        raise ContractViolation(f"it has no input named {missing[0]}, only {', '.join(named) or 'none'}")
    for entry in inputs:
        if entry.name not in wanted:
            raise ContractViolation(f"it asks for the input {entry.name}, the engine gives {', '.join(wanted)}")
        if entry.type != _TYPES[entry.name]:
            raise ContractViolation(f"its input {entry.name} is {entry.type}, the engine gives {_TYPES[entry.name]}")
        _check_shape(entry, wanted[entry.name])
    given = {o.name: o for o in outputs}
    if "probability" not in given:
        raise ContractViolation(f"it has no output named probability, only {', '.join(given)}")
    _check_shape(given["probability"], (None, len(card.legend) if card else None, None, None))
    if "attention" in given:
        cells = () if len(given["attention"].shape) == 2 else (None, None)
        _check_shape(given["attention"], (None, card.dates if card else None, *cells))


def _wanted(card: Card | None) -> dict[str, tuple[int | None, ...]]:
    """The shapes of all inputs that the engine can give a model, by name; None = free."""
    if not card:
        return {name: (None,) * (5 if name.startswith("x") else 2) for name in _TYPES}
    shapes: dict[str, tuple[int | None, ...]] = {}
    for name in card.inputs.tensors:
        if name.startswith("x"):
            bands = card.inputs.all_bands[card.inputs.slice_of(name)]
            shapes[name] = (None, card.dates, len(bands), None, None)
            shapes[name.replace("x", "valid")] = (None, card.dates)
    return shapes | {"doy": (None, card.dates)}


def _check_shape(declared: Declared, wanted: tuple[int | None, ...]) -> None:
    shape = tuple(declared.shape)
    if not shape:  # ONNX Runtime says so of an output whose rank is unknown; the result itself is checked
        return
    if not _fits(shape, wanted):
        raise ContractViolation(f"its {declared.name} has the shape {_words(shape)}, the card says {_words(wanted)}")


def _fits(shape: Sequence[object], wanted: Sequence[int | None]) -> bool:
    """Whether the sizes agree; what is a name in `shape` or None in either is free."""
    return len(shape) == len(wanted) and all(
        a == b for a, b in zip(shape, wanted) if isinstance(a, int) and b is not None
    )


def _words(shape: Sequence[object]) -> str:
    return "(" + ", ".join(str(n) if isinstance(n, int) else "any" for n in shape) + ")"


def check_result(result: object, batch: Sequence[int], classes: int | None) -> Float:
    """`result` as float32 probabilities (B,K,H,W) of images of the shape `batch` (B,T,C,H,W). Raises ContractViolation
    where it is nothing such."""
    wanted = (batch[0], classes, *batch[3:])
    numbers = _numbers(result, wanted, "probabilities")
    total = numbers.sum(axis=1, dtype=np.float32)
    if not np.abs(total - 1).max() <= _SUM_TOLERANCE:
        raise ContractViolation(f"its probabilities sum to between {total.min():.4g} and {total.max():.4g}, not to 1")
    return numbers


def check_attention(result: object, batch: Sequence[int]) -> Float:
    """`result`, weights of the dates of such images (B,T) or in each cell of them (B,T,h,w), as float32 (B,T,h,w); one
    cell stands for the whole tile. Raises ContractViolation where it is nothing such."""
    whole = isinstance(result, np.ndarray) and result.ndim == 2
    weights = _numbers(result, (*batch[:2], *(() if whole else (None, None))), "attention weights")
    if whole:
        return weights[:, :, None, None]
    if weights.shape[2] > batch[3] or weights.shape[3] > batch[4]:
        raise ContractViolation(
            f"it gives attention weights in {_words(weights.shape[2:])} cells of {_words(batch[3:])} pixels"
        )
    return weights


def _numbers(result: object, wanted: tuple[int | None, ...], what: str) -> Float:
    """`result` as float32 of the wanted shape, all within 0..1."""
    if not isinstance(result, np.ndarray) or not np.issubdtype(result.dtype, np.floating):
        raise ContractViolation(f"it gives {getattr(result, 'dtype', type(result).__name__)} where {what} are due")
    if not result.size or not _fits(result.shape, wanted):
        raise ContractViolation(f"it gives {what} of shape {_words(result.shape)} where {_words(wanted)} are due")
    low, high = result.min(), result.max()
    if not (low >= 0 and high <= _TOP):  # so written, not-a-number fails too
        raise ContractViolation(f"it gives values from {low:.4g} to {high:.4g} where {what} of 0 to 1 are due")
    return result.astype(np.float32, copy=False)
