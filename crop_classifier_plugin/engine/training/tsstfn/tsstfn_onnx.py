"""From a trained TSSTFN to model.onnx, checked against the network; and its weights as safetensors, both ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from ....shared.cards.fusion_card import SAFETENSORS
from ....shared.devices import CPU
from ....shared.errors import BadModel, TrainingFailed
from ...networks.base import Network
from ...runtime.open import open_session
from ..model_folder.onnx_export import quiet_exporter

_OPSET = 17
_TOLERANCE = 1e-4  # largest difference between the file and the network


def export(network: Network, tile: int, path: str) -> None:
    """Writes an ONNX file x (B, T, 2, tile, tile) -> fine (B, 1, tile, tile) with any B.

    By the older of torch's exporters, which takes seconds for this network where the newer one takes minutes. Raises
    TrainingFailed when ONNX Runtime does not give what torch gives.
    """
    shape = (network.config.dates, network.config.bands, tile, tile)
    with quiet_exporter():
        torch.onnx.export(
            network,
            (torch.zeros(2, *shape),),
            path,
            dynamo=False,
            opset_version=_OPSET,
            input_names=["x"],
            output_names=["fine"],
            dynamic_axes={"x": {0: "B"}, "fine": {0: "B"}},
        )
    _strip(path)
    worst = _difference(network, path, shape)
    if not worst <= _TOLERANCE:
        raise TrainingFailed(f"The exported model differs from the trained one by {worst:.2g}: it was not kept.")


def _strip(path: str) -> None:
    """Takes out the exporter's notes on this computer's files."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save_model(model, path)


def _difference(network: Network, path: str, shape: tuple[int, ...]) -> float:
    """Largest difference between the file and the network, over numbers of tiles that the exporter did not see."""
    session = open_session(path, CPU)
    rng, worst = np.random.default_rng(0), 0.0
    for batch in (1, 3):
        x = rng.uniform(-1, 1, (batch, *shape)).astype(np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(x)).numpy()
        worst = max(worst, float(np.abs(session.run(["fine"], {"x": x})[0] - expected).max()))
    return worst


def load_weights(network: Network, folder: str) -> None:
    """Puts the weights of a model's folder into the network. Raises BadModel where they are not of this network."""
    path = Path(folder) / SAFETENSORS
    try:
        network.load_state_dict(load_file(path))
    except FileNotFoundError:
        raise BadModel(folder, f"it has no {SAFETENSORS} to learn on from") from None
    except (RuntimeError, OSError, SafetensorError) as error:
        raise BadModel(folder, f"its {SAFETENSORS} does not fit: {str(error).splitlines()[0]}") from None
