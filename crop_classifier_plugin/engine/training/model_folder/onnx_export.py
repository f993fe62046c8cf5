"""From a trained network to model.onnx, checked against the network it came from."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from ....shared.cards.card import Card
from ....shared.cards.deepness import onnx_metadata
from ....shared.devices import CPU
from ....shared.errors import TrainingFailed
from ...networks.base import Network
from ...networks.registry import example
from ...runtime.open import open_session

OPSET = 18
_TOLERANCE = 1e-4  # largest difference of logits and probabilities between the file and the network
_ROUNDING = 10.0  # times the network's own error from rounding that the difference may be otherwise (choice)


class _Exported(nn.Module):
    """The network's inputs -> logits, probability (B,K,H,W), and, where the network tells it, attention: (B,T,h,w) of
    the cells of the tile, or (B,T) of the whole tile."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        attend = getattr(self.network, "attend", None)
        named = dict(zip(self.network.inputs, inputs))  # forward may take others between them
        logits, *attention = attend(*inputs) if attend else (self.network(**named),)
        return logits, torch.softmax(logits, dim=1), *attention


def outputs_of(network: Network) -> list[str]:
    """The names of what the exported file gives."""
    return ["logits", "probability", *(["attention"] if hasattr(network, "attend") else [])]


def export(network: Network, path: str, card: Card) -> None:
    """Writes an ONNX file with dynamic batch, height and width (and dates, where the network takes any number), and
    the card's facts in its metadata.

    Raises TrainingFailed when ONNX Runtime does not give what torch gives.
    """
    network = network.cpu().eval()
    given = _inputs(network, 2, max(card.dates, 2), 2, 3)  # an axis of length 1 would be taken for a constant
    dynamic = {name: dict.fromkeys(_free(network, value), torch.export.Dim.DYNAMIC) for name, value in given.items()}
    with quiet_exporter(), torch.no_grad():
        program = torch.onnx.export(
            _Exported(network.for_export()).eval(),
            tuple(given.values()),
            dynamo=True,
            opset_version=OPSET,
            external_data=False,
            input_names=list(given),
            output_names=outputs_of(network),
            dynamic_shapes=(tuple(dynamic.values()),),
            verbose=False,
        )
    if program is None:
        raise TrainingFailed("The network could not be exported to ONNX: this version of torch does not support it.")
    _save(program.model_proto, path, card)
    verify(network, path, card)


def _inputs(network: Network, batch: int, dates: int, high: int, wide: int, seed: int = 0) -> dict[str, Tensor]:
    """Random inputs by name: z-scores, days of the year, and dates of which a third are missing. `high` and `wide` in
    the network's multiples."""
    rng = np.random.default_rng(seed)

    def tensor(name: str, shape: tuple[int, ...]) -> Tensor:
        if name == "doy":
            return torch.from_numpy(np.sort(rng.integers(0, 366, shape), axis=1))
        if name.startswith("valid"):
            share = rng.random(shape, dtype=np.float32)
            return torch.from_numpy(np.where(share < 1 / 3, np.float32(0), share))
        return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))

    side = network.config.multiple
    return dict(zip(network.inputs, example(network, tensor, batch, dates, high * side, wide * side)))


def _free(network: Network, value: Tensor) -> list[int]:
    """The axes that may have any length."""
    dates = [1] if network.config.capabilities.any_dates else []
    return [0, *dates, 3, 4] if value.ndim == 5 else [0, *dates]


def _save(model: onnx.ModelProto, path: str, card: Card) -> None:
    """Without the exporter's stack traces, which are most of a small model's file."""
    _bare(model.graph)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, onnx_metadata(card))
    onnx.checker.check_model(model)
    onnx.save_model(model, path)


def _bare(graph: onnx.GraphProto) -> None:
    """Takes the stack traces out of a graph and the graphs within its nodes, as the body of a Scan."""
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                _bare(inner)
    for value in (*graph.input, *graph.output):
        del value.metadata_props[:]
    del graph.value_info[:]


def verify(network: Network, path: str, card: Card) -> float:
    """Largest difference between the file and the network, over three shapes that the exporter did not see.

    Raises TrainingFailed where it is more than 1e-4, and more than rounding explains: a network that has learnt little
    can enlarge rounding errors a thousandfold, and then the file may be as far from the exact result as torch is.
    """
    session = open_session(path, CPU)
    any_dates = network.config.capabilities.any_dates
    worst = 0.0
    for batch, dates, high, wide in ((1, card.dates, 1, 1), (3, card.dates + 2, 4, 2), (5, 1, 3, 5)):
        given = _inputs(network, batch, dates if any_dates else card.dates, high, wide, seed=batch)
        with torch.no_grad():
            expected = _Exported(network)(*given.values())
        found = session.run(outputs_of(network), {name: value.numpy() for name, value in given.items()})
        gap = _gap(expected, [torch.from_numpy(f) for f in found])
        if not gap <= _TOLERANCE and not gap <= _ROUNDING * _gap(expected, _exact(network, given)):
            raise TrainingFailed(f"The exported model differs from the trained one by {gap:.2g}: it was not kept.")
        worst = max(worst, gap)
    return worst


def _gap(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    return max(float((a - b).abs().max()) for a, b in zip(one, other))


def _exact(network: Network, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
    """What the network would say if numbers were not rounded to seven digits: computed in float64."""
    exact = _Exported(copy.deepcopy(network).double())
    with torch.no_grad():
        found: tuple[Tensor, ...] = exact(*(v.double() if v.is_floating_point() else v for v in given.values()))
    return found


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """The exporter warns of packages that are not installed, its own age, and sizes that it rightly takes as fixed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
