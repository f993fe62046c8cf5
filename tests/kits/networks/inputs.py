"""What the tests of the networks share: a small network of each name, and inputs in the contract's shapes."""

from __future__ import annotations

import logging
import warnings
from functools import cache

import numpy as np
import onnxruntime as ort
import torch
from torch import nn

from crop_classifier_plugin.engine.networks.base import Network
from crop_classifier_plugin.engine.networks.registry import (
    build,
    configure,
    entry,
    example,
)

torch.set_num_threads(1)
DATES = 4

# smaller than the small preset where exporting takes long; the operators are the same
SMALLEST = {
    "attention_3dcnn": {"radar_widths": "4,16"},
    "convstar": {"layers": "1"},
    "cropsts": {"depth": "1", "taps": "1,1,1,1"},
    "lrtacf_net": {"widths": "8,16", "cfma_blocks": "1"},
    "tsstfn": {"widths": "4,4,8", "chunks": "16", "paths": "1"},
    "unet": {"widths": "8,16"},
    "unet_3d": {"widths": "8,16"},
    "unet_convlstm": {"widths": "8"},
    "unet_plusplus": {"widths": "8,8,16"},
    "vunet_convlstm": {"widths": "8"},
}
TELLING = ("attention_3dcnn", "cropsts", "lrtacf_net")  # they tell how much they heed each date


def make(name: str, dates: int = DATES, seed: int = 0, **settings: object) -> Network:
    """The small preset over 4 dates, with the bands and classes of its sample, and weights that leave no symmetry."""
    torch.manual_seed(seed)
    sample = entry(name).sample
    network = build(name, configure(name, {"preset": "small", **settings}, sample.bands, dates, sample.classes))
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 1.5)
                module.bias.normal_(0.2, 0.2)  # what a padded date would leak through
    return network.eval()


def without_dropout(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, (nn.Dropout, nn.Dropout2d)):
            module.eval()


def inputs(network: Network, batch: int, dates: int, high: int, wide: int, seed: int = 1) -> dict[str, torch.Tensor]:
    """Random images; ascending days of the year; dates of which a fifth to all can be used. Sides in multiples."""
    dtype = next(network.parameters()).dtype
    random = torch.Generator().manual_seed(seed)

    def tensor(name: str, shape: tuple[int, ...]) -> torch.Tensor:
        if name == "doy":
            return torch.rand(shape, generator=random).mul(366).long().sort(dim=1).values
        if name.startswith("valid"):
            return (0.2 + 0.8 * torch.rand(shape, generator=random)).to(dtype)
        return torch.randn(shape, generator=random).to(dtype)

    m = network.config.multiple
    return dict(zip(network.inputs, example(network, tensor, batch, dates, high * m, wide * m)))


class Telling(nn.Module):
    """A network with all the outputs of a model's file: logits, probability and, where it tells it, attention."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        named = dict(zip(self.network.inputs, given))
        logits, *attention = self.network.attend(*given) if hasattr(self.network, "attend") else [self.network(**named)]
        return logits, torch.softmax(logits, dim=1), *attention


@cache
def model_file(name: str) -> tuple[Network, ort.InferenceSession]:
    """A network of each name, made as small as `SMALLEST` says, and its file: all outputs that it can tell, opset 18,
    every axis dynamic that it promises. Tests only read both: an export takes seconds."""
    network = make(name, **SMALLEST[name])
    given = inputs(network, 2, DATES, 2, 3)
    names = ["logits", "probability", *(["attention"] if hasattr(network, "attend") else [])]
    dynamic = (tuple(_dynamic(network, value) for value in given.values()),)
    whole = Telling(network.for_export()).eval()
    program = _exported(whole, list(given), names, args=tuple(given.values()), dynamic_shapes=dynamic)
    content = program.model_proto.SerializeToString()
    return network, ort.InferenceSession(content, providers=["CPUExecutionProvider"])


def _dynamic(network: Network, value: torch.Tensor) -> dict[int, object]:
    axes = {0, 3, 4} if value.ndim == 5 else {0}
    axes |= {1} if network.config.capabilities.any_dates else set()
    return dict.fromkeys(sorted(axes), torch.export.Dim.DYNAMIC)


def _exported(module: nn.Module, names: list[str], outputs: list[str], **given: object) -> torch.onnx.ONNXProgram:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        return torch.onnx.export(
            module,
            dynamo=True,
            opset_version=18,
            external_data=False,
            input_names=names,
            output_names=outputs,
            verbose=False,
            **given,
        )


def run(session: ort.InferenceSession, given: dict[str, torch.Tensor], *outputs: str) -> list[np.ndarray]:
    """The outputs of these names."""
    return session.run(list(outputs), {name: value.numpy() for name, value in given.items()})
