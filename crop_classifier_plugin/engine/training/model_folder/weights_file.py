"""A network's weights as safetensors."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save
from torch import nn


def save_weights(network: nn.Module, path: str) -> None:
    """Every tensor of its state under the state's names. (safetensors' save_file would hide the file from others.)"""
    weights = {name: value.detach().cpu().contiguous().clone() for name, value in network.state_dict().items()}
    Path(path).write_bytes(save(weights))
