"""3-D U-Net: convolutions over time and space; a baseline.

Widths 64, 128, 256 as in the DeepSatModels code. It pools space only, and ends in a mean over the dates, so that any
number of dates fits (choice): docs/papers/attention_3dcnn.md, section 6.2. Shapes: B batch, T dates, C bands or
features, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...shared.errors import BadInput
from .base import Capabilities, Network, NetworkConfig
from .layers import date_share


@dataclass(frozen=True)
class UNet3dConfig(NetworkConfig):
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"paper": {}, "small": {"widths": (8, 16, 24)}}  # small: choice

    widths: tuple[int, ...] = (64, 128, 256)  # channels a level, full resolution first

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise BadInput(f"The widths {self.widths} must be two or more positive numbers: correct them.")

    @property
    def multiple(self) -> int:
        return int(2 ** (len(self.widths) - 1))

    @property
    def capabilities(self) -> Capabilities:
        fine = self.multiple - 1
        # two double convolutions (4), pooling and deconvolution aligned to cells (1 each) a level; the lowest
        return Capabilities(any_dates=True, ignores_padding=True, receptive_radius=6 * fine + 2 * self.multiple)


class DoubleConv3d(nn.Module):
    """Two 3x3x3 convolutions; a date that is not there stays 0, as beyond the ends of the series."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Sequential(nn.Conv3d(i, b, 3, padding=1, bias=False), nn.BatchNorm3d(b), nn.ReLU()) for i in (a, b)
        )

    def forward(self, x: Tensor, there: Tensor) -> Tensor:  # (B,a,T,H,W), (B,1,T,1,1) -> (B,b,T,H,W)
        for conv in self.convs:
            x = conv(x) * there
        return x


class UNet3d(Network):
    inputs = ("x", "valid")
    config: UNet3dConfig

    def __init__(self, config: UNet3dConfig) -> None:
        super().__init__()
        self.config = c = config
        self.encoder = nn.ModuleList(DoubleConv3d(a, b) for a, b in zip((c.bands, *c.widths), c.widths))
        steps = list(zip(reversed(c.widths), list(reversed(c.widths))[1:]))
        self.ups = nn.ModuleList(nn.ConvTranspose3d(a, b, (1, 2, 2), stride=(1, 2, 2)) for a, b in steps)
        self.decoder = nn.ModuleList(DoubleConv3d(2 * b, b) for _, b in steps)
        self.head = nn.Conv2d(c.widths[0], c.classes, 1)

    def forward(self, x: Tensor, doy: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        there = (date_share(valid, x) > 0).to(x.dtype)[:, None, :, None, None]
        z, maps = x.transpose(1, 2) * there, []
        for i, level in enumerate(self.encoder):
            z = level(F.max_pool3d(z, (1, 2, 2)) if i else z, there)
            maps.append(z)
        for step, conv, skip in zip(self.ups, self.decoder, reversed(maps[:-1])):
            z = conv(torch.cat([skip, step(z) * there], dim=1), there)
        mean = z.sum(dim=2) / there.sum(dim=2).clamp(min=1)
        return self.supervised(self.head(mean))
