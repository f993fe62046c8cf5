"""U-Net on stacked dates: Models 1-3 of LRTACF-Net's table 1.

J. Computer and Communications 13:272-287 (2025), doi 10.4236/jcc.2025.136018, table 1; widths and deconvolutions are
the reading that gives its parameters and FLOPs to the digit (docs/papers/lrtacf_net.md, section 3.1). Shapes: B batch,
T dates, C bands, K classes, L levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...shared.errors import BadInput
from .base import Capabilities, Network, NetworkConfig
from .layers import Encoder, double_conv, up


@dataclass(frozen=True)
class UNetConfig(NetworkConfig):
    """The defaults are the paper's Models 1 and 2, which differ in their loss; deep_supervision gives Model-3."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "small": {"widths": (16, 24, 32, 48), "dropout": 0.1},  # choice
    }

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048)  # channels a level, full resolution first
    deep_supervision: bool = False  # a further head on each decoder map but the coarsest
    dropout: float = 0.15  # after each double convolution

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.widths) < 2 or min(self.widths) < 1 or not 0 <= self.dropout < 1:
            raise BadInput(f"The widths {self.widths} must be two or more, and dropout in [0, 1): correct them.")

    @property
    def multiple(self) -> int:
        return int(2 ** (len(self.widths) - 1))

    @property
    def capabilities(self) -> Capabilities:
        fine = self.multiple - 1  # 2^i summed over the levels above the lowest
        # two double convolutions (4), pooling (1) and the deconvolution (2) a level, and the lowest double convolution
        return Capabilities(receptive_radius=7 * fine + 2 * self.multiple)


class UpStep(nn.Module):
    """One step of the decoder: up by two, beside the skip, double convolution."""

    def __init__(self, a: int, b: int, dropout: float) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(a, b, 4, stride=2, padding=1)
        self.conv = double_conv(2 * b, b, dropout)

    def forward(self, low: Tensor, skip: Tensor) -> Tensor:  # (B,a,h,w), (B,b,2h,2w) -> (B,b,2h,2w)
        fine: Tensor = self.conv(torch.cat([skip, self.up(low)], dim=1))
        return fine


class UNet(Network):
    """The dates are channels: the network takes exactly config.dates of them, in order."""

    config: UNetConfig

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = c = config
        self.encoder = Encoder(c.bands * c.dates, c.widths, c.dropout)
        coarse_first = tuple(reversed(c.widths))
        self.decoder = nn.ModuleList(UpStep(a, b, c.dropout) for a, b in zip(coarse_first, coarse_first[1:]))
        self.head = nn.Conv2d(c.widths[0], c.classes, 1)
        supervised = coarse_first[2:] if c.deep_supervision else ()
        self.further_heads = nn.ModuleList(nn.Conv2d(w, c.classes, 1) for w in supervised)

    def forward(self, x: Tensor, doy: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        *skips, low = self.encoder(x.flatten(1, 2))  # date-major channels (B,T*C,H,W)
        decoded = []  # levels L-2..0
        for step, skip in zip(self.decoder, reversed(skips)):
            low = step(low, skip)
            decoded.append(low)
        return self.supervised(*self._further(decoded), self.head(low))

    def _further(self, decoded: list[Tensor]) -> list[Tensor]:
        """A 1x1 convolution and bilinear interpolation commute: the heads run at their own resolution."""
        if not self.training:
            return []
        steps = len(self.further_heads) - 1
        return [up(head(d), 2 ** (steps - i)) for i, (head, d) in enumerate(zip(self.further_heads, decoded[1:]))]
