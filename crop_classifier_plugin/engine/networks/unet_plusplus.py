"""UNet++ on stacked dates: Models 4-6 of LRTACF-Net's table 1.

J. Computer and Communications 13:272-287 (2025), doi 10.4236/jcc.2025.136018, table 1; widths and up-sampling are the
reading that gives its parameters and FLOPs to the digit (docs/papers/lrtacf_net.md, section 3.1). Shapes: B batch, T
dates, C bands, K classes, L levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...shared.errors import BadInput
from .base import Capabilities, Network, NetworkConfig
from .layers import Encoder, double_conv


@dataclass(frozen=True)
class UNetPlusPlusConfig(NetworkConfig):
    """The defaults are the paper's Model-6; without deep_supervision Models 4 and 5, which differ in their loss."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "small": {"widths": (8, 16, 24, 32), "dropout": 0.1},  # choice
    }

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024, 1024)  # channels a level, full resolution first
    deep_supervision: bool = True  # off: the last head alone is trained; the paper counts all of them in both cases
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
        reach = [2]  # of X[i][0]: pooling aligns to its cells, a double convolution reaches two pixels of its level
        for i in range(1, len(self.widths)):
            reach.append(reach[-1] + 2 ** (i - 1) + 2 * 2**i)
        while len(reach) > 1:  # from X[..][j-1] to X[..][j]: the coarser map comes up by a bilinear step
            reach = [max(r, low + 2 * 2**i) + 2 * 2**i for i, (r, low) in enumerate(zip(reach, reach[1:]))]
        return Capabilities(receptive_radius=reach[0])


class Node(nn.Module):
    """X[i][j]: every earlier map of its level beside the coarser map, brought up."""

    def __init__(self, low: int, width: int, earlier: int, dropout: float) -> None:
        super().__init__()
        # no norm or ReLU on the way up: the paper's counts leave no room for one
        self.up = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(low, width, 1))
        self.conv = double_conv(width * (earlier + 1), width, dropout)

    def forward(self, earlier: list[Tensor], low: Tensor) -> Tensor:  # j of (B,c,h,w), (B,a,h/2,w/2) -> (B,c,h,w)
        node: Tensor = self.conv(torch.cat([*earlier, self.up(low)], dim=1))
        return node


class UNetPlusPlus(Network):
    """The dates are channels: the network takes exactly config.dates of them, in order."""

    config: UNetPlusPlusConfig

    def __init__(self, config: UNetPlusPlusConfig) -> None:
        super().__init__()
        self.config = c = config
        levels = len(c.widths)
        self.encoder = Encoder(c.bands * c.dates, c.widths, c.dropout)
        self.columns = nn.ModuleList(  # column j-1 holds X[i][j] of every level i
            nn.ModuleList(Node(c.widths[i + 1], c.widths[i], j, c.dropout) for i in range(levels - j))
            for j in range(1, levels)
        )
        self.heads = nn.ModuleList(nn.Conv2d(c.widths[0], c.classes, 1) for _ in range(1, levels))

    def forward(self, x: Tensor, doy: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        rows = [[m] for m in self.encoder(x.flatten(1, 2))]  # rows[i] = X[i][0], X[i][1], ...
        for column in self.columns:
            lows = [row[-1] for row in rows[1:]]
            for row, low, node in zip(rows, lows, column.children()):
                row.append(node(row, low))
        logits = [head(m) for head, m in zip(self.heads, rows[0][1:])]  # X[0][1]..X[0][L-1], all at full size
        return self.supervised(*logits) if self.config.deep_supervision else self.supervised(logits[-1])
