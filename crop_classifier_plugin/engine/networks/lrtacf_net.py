"""LRTACF-Net: lowest-resolution temporal self-attention and cascaded feedback (CFMA) over a U-Net.

J. Computer and Communications 13:272-287 (2025), doi 10.4236/jcc.2025.136018. The paper leaves details open; they are
the most literal reading within 1.1 % of its parameter and FLOP counts (docs/papers/lrtacf_net.md, section 3). Shapes: B
batch, T dates, C bands, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...shared.errors import BadInput
from .base import Capabilities, Network, NetworkConfig
from .layers import (
    Encoder,
    conv_bn_relu,
    double_conv,
    up,
)


@dataclass(frozen=True)
class LrtacfNetConfig(NetworkConfig):
    """The defaults are the paper's Model-9. cfma_blocks 0 gives Model-7, 3 gives Model-8."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        # choice: the same network at a size that a laptop classifies with; 0.05 MFLOP a pixel
        "small": {"widths": (8, 16, 16, 24, 32, 32), "cfma_width": 8, "heads": 4, "key_dim": 4, "dropout": 0.1},
    }

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024, 1024)  # channels a level, full resolution first
    cfma_blocks: int = 5
    cfma_width: int = 64
    heads: int = 16
    key_dim: int = 16
    shared_encoder: bool = False  # one encoder for all dates instead of one a date
    dropout: float = 0.15  # after each double convolution; the paper's baseline value

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.widths) < 2 or any(w < 1 or w % self.heads for w in self.widths):
            raise BadInput(f"The widths {self.widths} must be two or more multiples of heads={self.heads}.")
        if not 0 <= self.cfma_blocks < len(self.widths):
            raise BadInput(f"cfma_blocks={self.cfma_blocks} must lie in 0..{len(self.widths) - 1}, below the levels.")
        if min(self.cfma_width, self.heads, self.key_dim) < 1 or not 0 <= self.dropout < 1:
            raise BadInput("cfma_width, heads, key_dim must be positive and dropout in [0, 1): correct them.")

    @property
    def multiple(self) -> int:
        return int(2 ** (len(self.widths) - 1))

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(receptive_radius=self._receptive_radius())

    def _receptive_radius(self) -> int:
        """An upper bound, from what each step reaches in pixels of its level."""
        fine = self.multiple - 1  # 2^i summed over the levels above the lowest
        u_net = 7 * fine + 3 * (fine + 1)  # two double convolutions, pooling and the way up; the attention's way up
        cascade = 15 * fine + 4 if self.cfma_blocks else 0  # a block's 12 px and way up; feedback, its pooling, refine
        return u_net + cascade


def date_encoding(dates: int, width: int) -> Tensor:
    """Sinusoidal code of the date's place in the series, (T, width): denominators 1000^(2 floor(j/2) / width)."""
    t = torch.arange(dates, dtype=torch.float32)[:, None]
    j = torch.arange(width, dtype=torch.float32)[None, :]
    angle = t / 1000 ** (2 * torch.floor(j / 2) / width)
    return torch.where(j % 2 == 0, torch.sin(angle), torch.cos(angle))


class LowestResolutionTemporalAttention(nn.Module):
    """LRTSA: multi-head self-attention over the dates of each lowest-resolution pixel, averaged over the queries."""

    code: Tensor

    def __init__(self, c: LrtacfNetConfig) -> None:
        super().__init__()
        width = c.widths[-1]
        self.heads, self.key_dim = c.heads, c.key_dim
        self.query = nn.Linear(width, c.heads * c.key_dim)
        self.key = nn.Linear(width, c.heads * c.key_dim)
        self.value = nn.Linear(width, width)
        self.norm = nn.BatchNorm2d(width)
        code = date_encoding(c.dates, width // c.heads).repeat(1, c.heads)
        self.register_buffer("code", code, persistent=False)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:  # (B,T,C,h,w) -> (B,C,h,w), weights (B,T,heads,h,w)
        z = maps.permute(0, 3, 4, 1, 2) + self.code  # (B,h,w,T,C)
        q, k, v = (self._split(layer(z)) for layer in (self.query, self.key, self.value))
        score = q @ k.transpose(-1, -2) / self.key_dim**0.5
        weight = torch.softmax(score, dim=-1).mean(dim=-2)  # (B,h,w,heads,T), sums to 1 over T
        mixed = (weight.unsqueeze(-2) @ v).flatten(-3)  # (B,h,w,C)
        return F.relu(self.norm(mixed.permute(0, 3, 1, 2))), weight.permute(0, 4, 3, 1, 2)

    def _split(self, z: Tensor) -> Tensor:  # (B,h,w,T,heads*d) -> (B,h,w,heads,T,d)
        return torch.unflatten(z, -1, (self.heads, -1)).transpose(-2, -3)


class Skip(nn.Module):
    """A level's dates, weighted by the attention that was found at the lowest resolution, and a 1x1 convolution."""

    def __init__(self, width: int, heads: int, factor: int) -> None:
        super().__init__()
        self.heads, self.factor = heads, factor
        self.conv = nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU())

    def forward(self, maps: Tensor, weight: Tensor) -> Tensor:  # (B,T,C,H,W), (B,T,heads,h,w) -> (B,C,H,W)
        fine = torch.unflatten(up(weight.flatten(1, 2), self.factor), 1, (-1, self.heads)).unsqueeze(3)
        groups = torch.unflatten(maps, 2, (self.heads, -1))  # (B,T,heads,C/heads,H,W)
        mixed: Tensor = self.conv((groups * fine).sum(dim=1).flatten(1, 2))
        return mixed


class UpStep(nn.Module):
    """One step of the decoder: up by two, beside the skip, double convolution."""

    def __init__(self, a: int, b: int, dropout: float, lowest: bool) -> None:
        super().__init__()
        bilinear = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(a, b, 1))
        self.up = bilinear if lowest else nn.ConvTranspose2d(a, b, 4, stride=2, padding=1)
        self.conv = double_conv(2 * b, b, dropout)

    def forward(self, low: Tensor, skip: Tensor) -> Tensor:  # (B,a,h,w), (B,b,2h,2w) -> (B,b,2h,2w)
        up: Tensor = self.conv(torch.cat([skip, self.up(low)], dim=1))
        return up


class FeedbackBlock(nn.Module):
    """FK: feedback, mutual attention of a coarse and a fine map, and a dilated cascade with one shared weight."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mutual = nn.Sequential(
            conv_bn_relu(2 * width, width, 3),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.Sigmoid(),
        )
        self.cascade = nn.Conv2d(width, width, 3, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, low: Tensor, high: Tensor, feedback: Tensor) -> Tensor:  # three (B,c,h,w) -> (B,c,h,w)
        low, high = low + feedback, high + feedback
        m: Tensor = self.mutual(torch.cat([low, high], dim=1))
        z = m * low + m * high + high
        u = torch.zeros_like(z)
        for r in (1, 2, 3, 4):
            u = F.relu(self.norm(F.conv2d(z + u, self.cascade.weight, padding=r, dilation=r)))
        return u + z


class CrossFeedback(nn.Module):
    """CFMA: n feedback blocks from the coarsest decoder map up, then the refinement with the finest decoder map."""

    def __init__(self, c: LrtacfNetConfig) -> None:
        super().__init__()
        n, width, finest = c.cfma_blocks, c.cfma_width, c.widths[0]
        self.steps = len(c.widths) - 1  # up-samplings from the coarsest map to full resolution
        coarse_first = (c.widths[-1], *reversed(c.widths[:-1]))  # channels of D1..DL
        self.reduce = nn.ModuleList(conv_bn_relu(a, width, 1) for a in coarse_first[: n + 1])
        self.feedback = nn.ModuleList(double_conv(finest, width) for _ in range(n))
        self.blocks = nn.ModuleList(FeedbackBlock(width) for _ in range(n))
        self.fused_head = nn.Conv2d(width, c.classes, 1)
        both = width + finest
        self.refine = nn.Sequential(conv_bn_relu(both, both, 3), conv_bn_relu(both, width, 3))
        self.refine_head = nn.Conv2d(width, c.classes, 1)

    def forward(self, decoded: list[Tensor]) -> tuple[Tensor, Tensor]:  # D1..DL -> logits O_0 and Refine (B,K,H,W)
        finest = decoded[-1]
        z = self.reduce[0](decoded[0])
        for j, block in enumerate(self.blocks):
            # feedback is made at full resolution and pooled to the block's size: the reading that fits the FLOP counts
            back = F.avg_pool2d(self.feedback[j](finest), 2 ** (self.steps - 1 - j))
            z = block(up(z, 2), self.reduce[j + 1](decoded[j + 1]), back)
        fused = up(z, 2 ** (self.steps - len(self.blocks)))
        refined = self.refine_head(self.refine(torch.cat([fused, finest], dim=1)))
        return self.fused_head(fused), refined


class LrtacfNet(Network):
    """Encoders, attention at the lowest resolution, decoder, one head a level, and the feedback cascade.

    The place of a date in the series is what the network knows of time; it needs every date, so `doy` and `valid` are
    not read: pixels that lack a date are left out of the map by the caller.
    """

    config: LrtacfNetConfig

    def __init__(self, config: LrtacfNetConfig) -> None:
        super().__init__()
        self.config = c = config
        self.encoders = nn.ModuleList(
            Encoder(c.bands, c.widths, c.dropout) for _ in range(1 if c.shared_encoder else c.dates)
        )
        self.attention = LowestResolutionTemporalAttention(c)
        finer = range(len(c.widths) - 2, -1, -1)  # levels below the lowest resolution, coarsest first
        self.skips = nn.ModuleList(Skip(c.widths[i], c.heads, 2 ** (len(c.widths) - 1 - i)) for i in finer)
        self.decoder = nn.ModuleList(
            UpStep(c.widths[i + 1], c.widths[i], c.dropout, lowest=i == len(c.widths) - 2) for i in finer
        )
        self.heads = nn.ModuleList(nn.Conv2d(w, c.classes, 1) for w in (c.widths[-1], *(c.widths[i] for i in finer)))
        self.cross_feedback = CrossFeedback(c) if c.cfma_blocks else None

    def forward(self, x: Tensor, doy: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        return self.attend(x)[0]

    def attend(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """forward, and LRTSA's attention (B,T,h,w): the softmax over the dates of each pixel of the lowest resolution,
        averaged over its queries (as the network itself uses it) and heads. It sums to 1 over the dates."""
        decoded, weight = self._decode(x)
        return self._read(decoded), weight.mean(dim=2)

    def _read(self, decoded: list[Tensor]) -> Tensor:
        """Logits of the decoder's maps: the prediction, or in training one of every output."""
        feedback = self.cross_feedback(decoded) if self.cross_feedback is not None else ()
        if not self.training:
            prediction: Tensor = feedback[-1] if feedback else self.heads[-1](decoded[-1])
            return prediction
        # a 1x1 convolution and bilinear interpolation commute: heads run at their own resolution to save memory
        steps = len(decoded) - 1
        heads = [up(head(d), 2 ** (steps - i)) for i, (head, d) in enumerate(zip(self.heads, decoded))]
        return torch.stack([*heads, *feedback])

    def _decode(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """(B,T,C,H,W) -> D1..DL, coarsest first, and the attention to the dates (B,T,heads,h,w)."""
        per_date = [self._encoder(t)(x[:, t]) for t in range(self.config.dates)]
        levels = [torch.stack(maps, dim=1) for maps in zip(*per_date)]  # level i: (B,T,C_i,H/2^i,W/2^i)
        low, weight = self.attention(levels[-1])
        decoded = [low]
        for skip, step, maps in zip(self.skips, self.decoder, reversed(levels[:-1])):
            decoded.append(step(decoded[-1], skip(maps, weight)))
        return decoded, weight

    def _encoder(self, date: int) -> nn.Module:
        return self.encoders[0 if self.config.shared_encoder else date]
