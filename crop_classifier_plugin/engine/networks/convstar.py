"""ConvSTAR: layers of a light convolutional recurrence with one gate; a baseline of the Attention-3DCNN paper.

Cell: k = sigmoid(W [x, h]), u = tanh(W x), h' = k h + (1 - k) u; 64 wide, 3x3, as in the multi-stage ConvSTAR network's
code; three layers (choice): docs/papers/attention_3dcnn.md, section 6.1. Shapes: B batch, T dates, C bands or features,
K classes.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...shared.errors import BadInput
from .base import Capabilities, Network, NetworkConfig
from .layers import (
    date_share,
    fold_dates,
    recur,
    unfold_dates,
)


@dataclass(frozen=True)
class ConvStarConfig(NetworkConfig):
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"paper": {}, "small": {"width": 24, "layers": 2}}  # small: choice

    width: int = 64
    layers: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.width, self.layers) < 1:
            raise BadInput(f"width={self.width} and layers={self.layers} must be positive: correct them.")

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(any_dates=True, ignores_padding=True, receptive_radius=self.layers + self.dates - 1)


class StarLayer(nn.Module):
    """A recurrence over the dates; a date that is not there leaves the state as it is."""

    def __init__(self, a: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.from_input = nn.Conv2d(a, 2 * width, 3, padding=1)  # the gate's part, then the candidate
        self.from_state = nn.Conv2d(width, width, 3, padding=1, bias=False)
        if self.from_input.bias is not None:
            nn.init.zeros_(self.from_input.bias)
            nn.init.ones_(self.from_input.bias.data[:width])  # remember at first
        self.scanned = False

    def forward(self, x: Tensor, there: Tensor) -> Tensor:  # (T,B,a,H,W), (T,B,1,1,1) -> states (T,B,width,H,W)
        drive = unfold_dates(self.from_input(fold_dates(x)), x)
        start = torch.zeros_like(drive[0, :, : self.width])
        states: Tensor = recur(self._step, (start,), (drive, there), self.scanned)[0]
        return states

    def _step(self, state: tuple[Tensor], now: tuple[Tensor, Tensor]) -> tuple[Tensor]:
        (h,), (drive, there) = state, now
        gate, candidate = torch.chunk(drive, 2, dim=1)
        k = torch.sigmoid(gate + self.from_state(h))
        return (there * (k * h + (1 - k) * torch.tanh(candidate)) + (1 - there) * h,)


class ConvStar(Network):
    inputs = ("x", "valid")
    config: ConvStarConfig

    def __init__(self, config: ConvStarConfig) -> None:
        super().__init__()
        self.config = c = config
        ins = (c.bands, *[c.width] * (c.layers - 1))
        self.layers = nn.ModuleList(StarLayer(a, c.width) for a in ins)
        self.head = nn.Conv2d(c.width, c.classes, 1)

    def for_export(self) -> Network:
        twin = copy.deepcopy(self).requires_grad_(False)  # not every scan with gradients exports
        for layer in twin.modules():
            if isinstance(layer, StarLayer):
                layer.scanned = True
        return twin

    def forward(self, x: Tensor, doy: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        there = (date_share(valid, x) > 0).to(x.dtype).transpose(0, 1)[:, :, None, None, None]
        z = x.transpose(0, 1)  # (T,B,C,H,W)
        for layer in self.layers:
            z = layer(z, there)
        return self.supervised(self.head(z[-1]))
