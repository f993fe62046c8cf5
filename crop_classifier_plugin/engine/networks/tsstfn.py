"""TSSTFN: the spatial-temporal-spectral fusion of dated coarse and fine images by a U-Net, CBAM and LSTMs.

How the LSTM paths read and join the U-Net is not said in the paper; this is the reading in which its numbers 384, 96,
96 and nine have a meaning (docs/papers/tsstfn.md, section 3.1). Shapes: B batch, T = base pairs + 1 dates, K outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...shared.errors import BadInput
from .base import Network, NetworkConfig
from .layers import up

_OUTPUTS = ("last", "sequence")


@dataclass(frozen=True)
class TsstfnConfig(NetworkConfig):
    """The defaults are the paper's: two bands (coarse, fine) on eight dates (seven pairs and the target)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "small": {  # choice; so few channels can spare none
            "widths": (8, 12, 16, 24, 32),
            "chunks": (64, 32, 16),
            "paths": 3,
            "dropout": 0.0,
        },
    }

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)  # channels a level, full resolution first
    chunks: tuple[int, ...] = (384, 96, 96)  # features of the LSTMs of levels 2, 3, 4; whole rows of a 192 px tile
    paths: int = 9  # parallel CBAM + LSTM a level; 0 leaves the LSTMs out
    cl_output: str = "last"  # the LSTM's last step, or its whole "sequence"
    cl_keep: bool = True  # beside the level's own features; off: in their place
    share_chunks: bool = True  # one LSTM a path for all of its chunks
    attention: bool = True  # CBAM after the first block
    dropout: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bands != 2 or self.dates < 2:
            raise BadInput(f"TSSTFN takes 2 bands (coarse, fine) on 2 dates or more, not {self.bands} on {self.dates}.")
        if len(self.widths) != len(self.chunks) + 2 or min(*self.widths, *self.chunks) < 1:
            raise BadInput(f"The widths {self.widths} need one chunk for each level between the first and the last.")
        if self.paths < 0 or self.cl_output not in _OUTPUTS or not 0 <= self.dropout < 1:
            raise BadInput(f"paths must not be negative, cl_output one of {', '.join(_OUTPUTS)}, dropout in [0, 1).")
        if not self.paths and not self.cl_keep:
            raise BadInput("Without LSTM paths a level has its own features only: set cl_keep=true.")

    @property
    def multiple(self) -> int:
        """The side of the smallest square tile whose levels divide into whole chunks: 192 as in the paper."""
        step = side = int(2 ** (len(self.widths) - 1))
        while any((side // 2**i) ** 2 % chunk for i, chunk in enumerate(self.chunks, start=1)):
            side += step
        return side


def _block(a: int, b: int, dropout: float) -> nn.Sequential:
    def half(a: int) -> list[nn.Module]:
        return [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.Dropout2d(dropout), nn.LeakyReLU(0.01)]

    return nn.Sequential(*half(a), *half(b))


class Cbam(nn.Module):
    """Channel attention, then spatial attention, with a residual; reduction 16 and kernel 7 are CBAM's own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = max(width // 16, 4)
        self.channel = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, width))
        self.spatial = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:  # (B,C,H,W) -> (B,C,H,W)
        weight = torch.sigmoid(self.channel(x.mean(dim=(2, 3))) + self.channel(x.amax(dim=(2, 3))))
        y = x * weight[:, :, None, None]
        where = torch.cat([y.amax(dim=1, keepdim=True), y.mean(dim=1, keepdim=True)], dim=1)
        return y * torch.sigmoid(self.spatial(where)) + x


class LstmPath(nn.Module):
    """CBAM, then an LSTM that runs over the channels of each chunk of pixels: time is the order of the channels."""

    def __init__(self, width: int, chunk: int, copies: int, whole: bool) -> None:
        super().__init__()
        self.chunk, self.whole = chunk, whole
        self.attention = Cbam(width)
        self.lstms = nn.ModuleList(nn.LSTM(chunk, chunk, batch_first=True) for _ in range(copies))

    def forward(self, x: Tensor) -> Tensor:  # (B,C,h,w) -> (B,1,h,w), or (B,C,h,w) of the whole sequence
        pixels = self.attention(x).flatten(2)  # (B,C,h*w)
        pieces = torch.unflatten(pixels, 2, (-1, self.chunk)).transpose(1, 2)  # (B,chunks,C,chunk)
        if len(self.lstms) == 1:
            every = pieces.flatten(0, 1)
            start = 0 * every[:, :1].transpose(0, 1)  # not left out, nor zeros(): the exporter would fix their size
            steps = torch.unflatten(self.lstms[0](every, (start, start))[0], 0, (-1, pieces.shape[1]))
        else:
            steps = torch.stack([lstm(pieces[:, i])[0] for i, lstm in enumerate(self.lstms)], dim=1)
        kept = steps if self.whole else steps[:, :, -1:]  # (B,chunks,C or 1,chunk)
        return torch.unflatten(kept.transpose(1, 2).flatten(2), 2, (x.shape[2], x.shape[3]))


class Level(nn.Module):
    """A block of the encoder and its LSTM paths."""

    def __init__(self, a: int, b: int, chunk: int, copies: int, c: TsstfnConfig) -> None:
        super().__init__()
        self.keep = c.cl_keep
        self.block = _block(a, b, c.dropout)
        whole = c.cl_output == "sequence"
        self.paths = nn.ModuleList(LstmPath(b, chunk, copies, whole) for _ in range(c.paths))
        self.width = b * c.cl_keep + c.paths * (b if whole else 1)

    def forward(self, x: Tensor) -> Tensor:  # (B,a,h,w) -> (B,width,h,w)
        own = self.block(x)
        return torch.cat([*([own] if self.keep else []), *(path(own) for path in self.paths)], dim=1)


class Tsstfn(Network):
    """x: every base date's (coarse, fine) and the target date's coarse; the target's fine image is not read.

    The output is the target's fine image (B,K,H,W), not logits. The sizes of the LSTMs tie the network to its dates and
    to tiles of config.multiple px.
    """

    config: TsstfnConfig

    def __init__(self, config: TsstfnConfig) -> None:
        super().__init__()
        self.config = c = config
        first, *middle, lowest = c.widths
        self.first = _block(c.bands * c.dates - 1, first, c.dropout)
        self.attention = Cbam(first) if c.attention else nn.Identity()
        self.levels = nn.ModuleList()
        widths = [first]
        for i, (width, chunk) in enumerate(zip(middle, c.chunks), start=1):
            copies = 1 if c.share_chunks else (c.multiple // 2**i) ** 2 // chunk
            self.levels.append(level := Level(widths[-1], width, chunk, copies, c))
            widths.append(level.width)
        self.lowest = _block(widths[-1], lowest, c.dropout)
        ups = zip((lowest, *reversed(middle)), reversed(widths), reversed((first, *middle)))
        self.decoder = nn.ModuleList(_block(low + skip, out, c.dropout) for low, skip, out in ups)
        self.head = nn.Conv2d(first, c.classes, 3, padding=1)

    def forward(self, x: Tensor, doy: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        maps = [self.attention(self.first(x.flatten(1, 2)[:, :-1]))]  # (B,2T-1,H,W): M1,S1,...,target's coarse
        for level in self.levels:
            maps.append(level(F.max_pool2d(maps[-1], 2)))
        low = self.lowest(F.max_pool2d(maps[-1], 2))
        for block, skip in zip(self.decoder, reversed(maps)):
            low = block(torch.cat([up(low, 2), skip], dim=1))
        return self.supervised(self.head(low))
