"""CropSTS: a vision transformer with attention over time and over space in turn, L-TAE and UPerNet.

Encoder: the CropSTS paper (2025), section 3.1; what it leaves out is ViT-S's. L-TAE and UPerNet are its segmentation
head (docs/papers/cropsts.md, sections 2 and 3). Shapes: B batch, T dates, C bands, h x w = N patches ("tokens") of d
features a date, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...shared.errors import BadInput
from .base import (
    Capabilities,
    Network,
    NetworkConfig,
    needed,
)
from .layers import date_share, fold_dates, unfold_dates
from .upernet import UPerNet

ATTENTIONS = ("temporal_first", "spatial_first", "joint")
_CODES = ("doy", "index")
_DAYS = 366
_NEVER = -1e4  # score of a date that is not there: finite, so that no date at all gives no NaN


@dataclass(frozen=True)
class CropStsConfig(NetworkConfig):
    """The defaults are ViT-S/16 on 224 px; patch 8 with grid 16 is meant for native 128 px tiles."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "small": {  # choice
            "patch": 4,
            "grid": 16,
            "width": 48,
            "depth": 4,
            "heads": 3,
            "taps": (1, 2, 3, 4),
            "pixel_heads": 4,
            "decoder_width": 32,
        },
    }

    patch: int = 16  # px
    grid: int = 14  # side of the learned position grid; other sizes interpolate it
    width: int = 384
    depth: int = 12
    heads: int = 6
    attention: str = "temporal_first"  # or "spatial_first", "joint"
    temporal_code: str = "doy"  # a learned row a day of the year, or a date's "index" in the series
    taps: tuple[int, ...] = (4, 6, 8, 12)  # blocks whose outputs the decoder reads
    pixel_heads: int = 16  # of L-TAE
    pixel_key: int = 4
    decoder_width: int = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.attention not in ATTENTIONS or self.temporal_code not in _CODES:
            raise BadInput(f"attention is one of {', '.join(ATTENTIONS)}, temporal_code one of {', '.join(_CODES)}.")
        if self.patch < 4 or self.patch % 4 or min(self.grid, self.heads, self.pixel_heads, self.pixel_key) < 1:
            raise BadInput("patch must be a multiple of 4, and grid, heads, pixel_heads, pixel_key positive.")
        if self.width < 1 or self.width % self.heads or self.width % self.pixel_heads or self.decoder_width < 1:
            raise BadInput(f"width={self.width} must be a multiple of heads and pixel_heads, decoder_width positive.")
        if len(self.taps) != 4 or list(self.taps) != sorted(self.taps) or not 1 <= self.taps[0] <= self.taps[-1]:
            raise BadInput(f"taps={self.taps} must be four blocks in ascending order.")
        if self.taps[-1] > self.depth:
            raise BadInput(f"taps={self.taps} must lie in 1..depth={self.depth}.")

    @property
    def multiple(self) -> int:
        return 2 * self.patch  # UPerNet's coarsest map halves the tokens

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(any_dates=True, ignores_padding=True, date_order=self.temporal_code == "index")


class SelfAttention(nn.Module):
    """Multi-head self-attention with biases and an output projection."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, z: Tensor, mask: Tensor | None) -> Tensor:  # (n,L,d), added to the scores (n,1,L,L) -> (n,L,d)
        q, k, v = torch.unflatten(self.qkv(z), -1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # each (n,heads,L,d')
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        attended: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return attended


def over_time(attention: nn.Module, z: Tensor, missing: Tensor) -> Tensor:
    """Each patch's dates among themselves. (B,T,N,d), scores to add a date (B,T) -> (B,T,N,d)"""
    b, t, n, _ = z.shape
    mask = missing[:, None, None, None, :].expand(b, n, 1, t, t).flatten(0, 1)
    return torch.unflatten(attention(z.transpose(1, 2).flatten(0, 1), mask), 0, (b, n)).transpose(1, 2)


def over_space(attention: nn.Module, z: Tensor, missing: Tensor) -> Tensor:
    """Each date's patches among themselves. (B,T,N,d) -> (B,T,N,d)"""
    return unfold_dates(attention(fold_dates(z), None), z)


def over_both(attention: nn.Module, z: Tensor, missing: Tensor) -> Tensor:
    """All patches of all dates among themselves. (B,T,N,d), scores to add a date (B,T) -> (B,T,N,d)"""
    b, t, n, _ = z.shape
    keys = missing[:, :, None].expand(b, t, n).flatten(1)
    mask = keys[:, None, None, :].expand(b, 1, t * n, t * n)
    return torch.unflatten(attention(z.flatten(1, 2), mask), 1, (t, n))


_AXES = {
    "temporal_first": (over_time, over_space),
    "spatial_first": (over_space, over_time),
    "joint": (over_both,),
}


class Block(nn.Module):
    """Pre-norm attention along one axis after the other, each scaled by one learnt number, and an MLP."""

    drop_path = 0.0  # share of the samples that skip a branch in training; pre-training sets it

    def __init__(self, c: CropStsConfig) -> None:
        super().__init__()
        self.axes = _AXES[c.attention]
        decoupled = len(self.axes) > 1
        self.norms = nn.ModuleList(nn.LayerNorm(c.width, eps=1e-6) for _ in self.axes)
        self.attentions = nn.ModuleList(SelfAttention(c.width, c.heads) for _ in self.axes)
        self.scales = nn.Parameter(torch.ones(len(self.axes))) if decoupled else None
        self.mlp = nn.Sequential(
            nn.LayerNorm(c.width, eps=1e-6),
            nn.Linear(c.width, 4 * c.width),
            nn.GELU(),
            nn.Linear(4 * c.width, c.width),
        )

    def forward(self, z: Tensor, missing: Tensor) -> Tensor:  # (B,T,N,d), (B,T) -> (B,T,N,d)
        for i, (along, norm) in enumerate(zip(self.axes, self.norms)):
            change = along(self.attentions[i], norm(z), missing)
            z = z + self._kept(change if self.scales is None else self.scales[i] * change)
        out: Tensor = z + self._kept(self.mlp(z))
        return out

    def _kept(self, change: Tensor) -> Tensor:  # (B,T,N,d)
        """Stochastic depth (Huang et al. 2016): in training the change of some samples is left out, the rest scaled."""
        if not (self.training and self.drop_path):
            return change
        keep = 1 - self.drop_path
        return change * change.new_empty(change.shape[0], 1, 1, 1).bernoulli_(keep) / keep


class Encoded(NamedTuple):
    taps: list[Tensor]  # (B,T,d,h,w) after each of config.taps
    tokens: Tensor  # (B,T,N,d), normalised: what pre-training and probes read


class CropStsEncoder(nn.Module):
    """Dated images to features of patches. A date with validity 0 has no effect on the others."""

    def __init__(self, c: CropStsConfig) -> None:
        super().__init__()
        self.taps, self.by_day = c.taps, c.temporal_code == "doy"
        self.embed = nn.Conv2d(c.bands, c.width, c.patch, stride=c.patch)
        self.place = nn.Parameter(torch.empty(1, c.width, c.grid, c.grid))
        self.time = nn.Embedding(_DAYS, c.width)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.depth))
        self.norm = nn.LayerNorm(c.width, eps=1e-6)
        self.apply(_initialise)
        nn.init.trunc_normal_(self.place, std=0.02)

    def forward(self, x: Tensor, doy: Tensor | None, valid: Tensor | None) -> Encoded:  # (B,T,C,H,W), (B,T), (B,T)
        missing = (date_share(valid, x) <= 0).to(x.dtype) * _NEVER
        maps = self.embed(fold_dates(x))  # (B*T,d,h,w)
        size = maps.shape[-2:]
        # interpolated whatever the size: a branch on the size would be frozen into an exported file
        maps = maps + F.interpolate(self.place, size=size, mode="bilinear", align_corners=False)
        z = unfold_dates(maps.flatten(2).transpose(1, 2), x) + self._time_code(x, doy)[:, :, None]
        taps = []
        for i, block in enumerate(self.blocks, start=1):
            z = block(z, missing)
            taps += [torch.unflatten(z.transpose(2, 3), 3, size)] * self.taps.count(i)
        return Encoded(taps, self.norm(z))

    def _time_code(self, x: Tensor, doy: Tensor | None) -> Tensor:  # -> (B,T,d)
        if self.by_day:
            days = needed(doy, "the day of year of each date")
        else:
            days = torch.arange(x.shape[1], device=x.device).expand(x.shape[0], -1)
        code: Tensor = self.time(days)
        return code


class Ltae(nn.Module):
    """Lightweight temporal attention: each head asks one learnt question of a pixel's dates.

    The first norm takes its statistics of each date alone, where the original takes them over all dates: dates that
    are not there would otherwise change the result although they are masked.
    """

    def __init__(self, width: int, heads: int, key: int) -> None:
        super().__init__()
        self.heads, self.key = heads, key
        self.norm = nn.GroupNorm(heads, width)
        self.value = nn.Linear(width, width)
        self.keys = nn.Linear(width, heads * key)
        self.query = nn.Parameter(torch.empty(heads, key))
        self.forget = nn.Dropout(0.1)
        self.mix = nn.Linear(width, width)
        self.after = nn.Sequential(nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.2), nn.GroupNorm(heads, width))
        nn.init.normal_(self.query, std=(2.0 / key) ** 0.5)

    def forward(self, maps: Tensor, valid: Tensor) -> Tensor:  # (B,T,d,h,w), (B,T) -> (B,d,h,w)
        return self.explain(maps, valid)[0]

    def explain(self, maps: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """forward, and each date's share (B,T,h,w) at each pixel: the mean over heads; it sums to 1 over the dates."""
        b, t, d, h, w = maps.shape
        pixels = self.norm(maps.permute(0, 3, 4, 1, 2).reshape(-1, d))  # (B*h*w*T,d)
        values = torch.unflatten(self.value(pixels), 0, (b, h * w, t))  # (B,hw,T,d)
        keys = torch.unflatten(self.keys(values), -1, (self.heads, self.key))
        score = (keys * self.query).sum(dim=-1) / self.key**0.5  # (B,hw,T,heads)
        score = score + ((valid <= 0).to(score.dtype) * _NEVER)[:, None, :, None]
        share = torch.softmax(score, dim=2)
        heads = torch.unflatten(values, -1, (self.heads, -1)) * self.forget(share)[..., None]
        out = self.after(self.mix(heads.sum(dim=2).flatten(2).flatten(0, 1)))  # (B,hw,heads,d/heads) before
        told = torch.unflatten(share.mean(dim=3).transpose(1, 2), 2, (h, w))
        return torch.unflatten(out, 0, (b, h, w)).permute(0, 3, 1, 2), told


class CropSts(Network):
    """Encoder, one L-TAE for all four of its depths, UPerNet."""

    config: CropStsConfig

    def __init__(self, config: CropStsConfig) -> None:
        super().__init__()
        self.config = c = config
        self.inputs = ("x", "doy", "valid") if c.temporal_code == "doy" else ("x", "valid")
        self.encoder = CropStsEncoder(c)
        self.temporal = Ltae(c.width, c.pixel_heads, c.pixel_key)
        self.decoder = UPerNet(c.width, c.decoder_width, c.classes, c.patch // 4)

    def forward(self, x: Tensor, doy: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        return self._explained(x, doy, valid)[0]

    def attend(self, *given: Tensor) -> tuple[Tensor, Tensor]:
        """forward of `inputs`, and L-TAE's attention (B,T,h,w): the softmax over the dates of each patch, averaged over
        heads and the four depths that it reads. It sums to 1 over the dates; a date that is not there has 0."""
        named = dict(zip(self.inputs, given))
        return self._explained(named["x"], named.get("doy"), named.get("valid"))

    def _explained(self, x: Tensor, doy: Tensor | None, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        share = date_share(valid, x)
        maps, shares = zip(*(self.temporal.explain(tap, share) for tap in self.encoder(x, doy, share).taps))
        return self.supervised(self.decoder(list(maps))), torch.stack(shares).mean(dim=0)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Linear, nn.Conv2d, nn.Embedding)):
        nn.init.trunc_normal_(module.weight, std=0.02)
    if isinstance(module, (nn.Linear, nn.Conv2d)) and module.bias is not None:
        nn.init.zeros_(module.bias)
