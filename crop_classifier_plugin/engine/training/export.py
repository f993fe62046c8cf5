"""From a trained network to model.onnx, checked against the network it came from."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import Tensor, nn

from ..card import Card
from ..errors import TrainingFailed
from ..networks.contract import Network

OPSET = 18
_TOLERANCE = 1e-4  # largest difference of logits and probabilities between the file and the network


class _Exported(nn.Module):
    """x -> logits, probability."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # (B,T,C,H,W) -> twice (B,K,H,W)
        logits = self.network(x)
        return logits, torch.softmax(logits, dim=1)


def export(network: Network, path: str, card: Card) -> None:
    """Writes an ONNX file with dynamic batch, height and width, and the card's facts in its metadata.

    Raises TrainingFailed when ONNX Runtime does not give what torch gives.
    """
    network = network.cpu().eval()
    shape = (2, card.dates, len(card.bands), 2 * card.multiple, 3 * card.multiple)
    dynamic = dict.fromkeys((0, 3, 4), torch.export.Dim.DYNAMIC)
    with _quiet():
        program = torch.onnx.export(
            _Exported(network.for_export()),
            (torch.zeros(shape),),
            dynamo=True,
            opset_version=OPSET,
            external_data=False,
            input_names=["x"],
            output_names=["logits", "probability"],
            dynamic_shapes={"x": dynamic},
            verbose=False,
        )
    if program is None:
        raise TrainingFailed("The network could not be exported to ONNX: this version of torch does not support it.")
    _save(program.model_proto, path, card)
    verify(network, path, card)


def _save(model: onnx.ModelProto, path: str, card: Card) -> None:
    """Without the exporter's stack traces, which are most of a small model's file."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.value_info[:]
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, card.deepness_metadata())
    onnx.checker.check_model(model)
    onnx.save_model(model, path)


def verify(network: Network, path: str, card: Card) -> float:
    """Largest difference between the file and the network, over three shapes that the exporter did not see."""
    session = ort.InferenceSession(Path(path).read_bytes(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for batch, high, wide in ((1, 1, 1), (3, 4, 2), (5, 3, 5)):
        size = (batch, card.dates, len(card.bands), high * card.multiple, wide * card.multiple)
        x = rng.standard_normal(size, dtype=np.float32)
        with torch.no_grad():
            expected = _Exported(network)(torch.from_numpy(x))
        found = session.run(["logits", "probability"], {"x": x})
        worst = max(worst, *(float(np.abs(e.numpy() - f).max()) for e, f in zip(expected, found)))
    if not worst <= _TOLERANCE:
        raise TrainingFailed(f"The exported model differs from the trained one by {worst:.2g}: it was not kept.")
    return worst


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of operators of packages that are not installed and not used."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
