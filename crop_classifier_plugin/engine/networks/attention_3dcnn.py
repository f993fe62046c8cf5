"""Attention-3DCNN: an optical and a radar series fused by channel, temporal and spatial attention.

Only the paper's abstract is public: it fixes the two branches (3-D and 2-D convolutions; depthwise separable ones), the
three attentions and the residual connections. Widths, order and the rest are choices: docs/papers/attention_3dcnn.md,
sections 2 and 3.
Shapes: B batch, T dates common to both series, C bands, K classes; a date's validity is its usable share, 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from ...shared.errors import BadInput
from .base import (
    Capabilities,
    Network,
    NetworkConfig,
    needed,
)
from .layers import date_share, fold_dates, unfold_dates

_NEVER = -1e4  # score of a date that is not there: finite, so that no date at all gives no NaN


@dataclass(frozen=True)
class Attention3dCnnConfig(NetworkConfig):
    """`bands` are the optical series'. A switched-off modality has no branch and no input."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "small": {"radar_widths": (4, 8, 16, 16), "width": 8, "fused": 24, "reduction": 4, "dropout": 0.1},  # choice
    }

    radar_bands: int = 2  # VV, VH
    width: int = 32  # of the first 3-D convolution; the branch ends with twice as many
    radar_widths: tuple[int, ...] = (16, 32, 64, 64)
    fused: int = 128
    reduction: int = 8  # of the channel attention
    dropout: float = 0.3
    optical: bool = True
    radar: bool = True
    channel_attention: bool = True
    temporal_attention: bool = True
    spatial_attention: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.optical or self.radar):
            raise BadInput("Attention-3DCNN needs a series: set optical or radar to true.")
        if min(self.radar_bands, self.width, self.fused, *self.radar_widths) < 1:
            raise BadInput("radar_bands, width, radar_widths and fused must be positive: correct them.")
        if not 1 <= self.reduction <= self.fused or not 0 <= self.dropout < 1:
            raise BadInput(f"reduction must lie in 1..{self.fused} and dropout in [0, 1): correct them.")

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(any_dates=True, ignores_padding=True)


class AttentionMaps(NamedTuple):
    """What each attention gave, in 0..1; 1 everywhere where it is switched off."""

    channel: Tensor  # (B,C) of the fused features
    temporal: Tensor  # (B,T)
    spatial: Tensor  # (B,1,H,W)


class Residual3d(nn.Module):
    """Two 3x3x3 convolutions beside a shortcut, blind to dates that are not there."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv3d(a, b, 3, padding=1, bias=False), nn.BatchNorm3d(b), nn.ReLU())
        self.second = nn.Sequential(nn.Conv3d(b, b, 3, padding=1, bias=False), nn.BatchNorm3d(b))
        change = nn.Sequential(nn.Conv3d(a, b, 1, bias=False), nn.BatchNorm3d(b))
        self.shortcut = nn.Identity() if a == b else change

    def forward(self, x: Tensor, there: Tensor) -> Tensor:  # (B,a,T,H,W), (B,1,T,1,1) -> (B,b,T,H,W)
        # a date that is not there stays 0, as beyond the ends of the series: else the next convolution would see it
        y = self.second(self.first(x) * there)
        return torch.relu(y + self.shortcut(x)) * there


class Residual2d(nn.Module):
    """Two 3x3 convolutions beside the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:  # (B,C,H,W) -> (B,C,H,W)
        return torch.relu(self.convs(x) + x)


class SeparableResidual(nn.Module):
    """A depthwise and a pointwise convolution beside a shortcut."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(a, a, 3, padding=1, groups=a, bias=False),
            nn.BatchNorm2d(a),
            nn.ReLU(),
            nn.Conv2d(a, b, 1, bias=False),
            nn.BatchNorm2d(b),
        )
        change = nn.Sequential(nn.Conv2d(a, b, 1, bias=False), nn.BatchNorm2d(b))
        self.shortcut = nn.Identity() if a == b else change

    def forward(self, x: Tensor) -> Tensor:  # (B,a,H,W) -> (B,b,H,W)
        return torch.relu(self.convs(x) + self.shortcut(x))


class OpticalBranch(nn.Module):
    """3-D convolutions over time and space, then 2-D ones on each date."""

    def __init__(self, bands: int, width: int) -> None:
        super().__init__()
        conv = nn.Conv3d(bands + 1, width, 3, padding=1, bias=False)
        self.first = nn.Sequential(conv, nn.BatchNorm3d(width), nn.ReLU())
        self.blocks = nn.ModuleList([Residual3d(width, width), Residual3d(width, 2 * width)])
        self.per_date = Residual2d(2 * width)

    def forward(self, x: Tensor, valid: Tensor, there: Tensor) -> Tensor:  # (B,T,C,H,W), (B,T), (B,T) -> (B,T,F,H,W)
        share = valid[:, :, None, None, None].expand(-1, -1, 1, x.shape[3], x.shape[4])
        z = torch.cat([x * share, share], dim=2).transpose(1, 2)  # (B,C+1,T,H,W)
        mask = there[:, None, :, None, None]
        z = self.first(z) * mask
        for block in self.blocks:
            z = block(z, mask)
        maps = z.transpose(1, 2)
        return unfold_dates(self.per_date(fold_dates(maps)), maps)


class RadarBranch(nn.Module):
    """Depthwise separable convolutions on each date."""

    def __init__(self, bands: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        first = nn.Sequential(nn.Conv2d(bands, widths[0], 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
        self.blocks = nn.Sequential(first, *(SeparableResidual(a, b) for a, b in zip(widths, widths[1:])))

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:  # (B,T,C,H,W), (B,T) -> (B,T,F,H,W)
        share = valid[:, :, None, None, None]
        maps = unfold_dates(self.blocks(fold_dates(x * share)), x)
        return maps * (share > 0)  # a date without radar says nothing of radar


class TripleAttention(nn.Module):
    """Channel, temporal and spatial attention in this order, each on what the one before left, and a residual."""

    def __init__(self, c: Attention3dCnnConfig) -> None:
        super().__init__()
        inner = c.fused // c.reduction
        mlp = nn.Sequential(nn.Linear(c.fused, inner), nn.ReLU(), nn.Linear(inner, c.fused))
        self.channel = mlp if c.channel_attention else None
        self.temporal = nn.Conv1d(2, 1, 7, padding=3) if c.temporal_attention else None
        self.spatial = nn.Conv2d(2, 1, 7, padding=3) if c.spatial_attention else None

    def forward(self, z: Tensor, weight: Tensor) -> tuple[Tensor, AttentionMaps]:
        """(B,T,C,H,W) not negative and 0 where a date is not there, (B,T) -> the same shape, maps."""
        channel = self._channel(z, weight)
        y = z * channel[:, None, :, None, None]
        temporal = self._temporal(y, weight)
        y = y * temporal[:, :, None, None, None]
        spatial = self._spatial(y, weight)
        return z + y * spatial[:, None], AttentionMaps(channel, temporal, spatial)

    def _channel(self, z: Tensor, weight: Tensor) -> Tensor:  # -> (B,C)
        if self.channel is None:
            return torch.ones_like(z[:, 0, :, 0, 0])
        mean = date_mean(z.mean(dim=(3, 4)), weight)
        return torch.sigmoid(self.channel(mean) + self.channel(z.amax(dim=(1, 3, 4))))

    def _temporal(self, z: Tensor, weight: Tensor) -> Tensor:  # -> (B,T)
        if self.temporal is None:
            return torch.ones_like(weight)
        seen = torch.stack([z.mean(dim=(2, 3, 4)), z.amax(dim=(2, 3, 4))], dim=1)  # (B,2,T)
        return torch.sigmoid(self.temporal(seen))[:, 0] * weight

    def _spatial(self, z: Tensor, weight: Tensor) -> Tensor:  # -> (B,1,H,W)
        if self.spatial is None:
            return torch.ones_like(z[:, 0, :1])
        mean = date_mean(z.mean(dim=2), weight)
        return torch.sigmoid(self.spatial(torch.stack([mean, z.amax(dim=(1, 2))], dim=1)))


def date_mean(z: Tensor, weight: Tensor) -> Tensor:  # (B,T,...), (B,T) -> (B,...), 0 where every weight is 0
    shape = weight.shape + (1,) * (z.ndim - 2)
    return (z * weight.reshape(shape)).sum(dim=1) / weight.sum(dim=1).clamp(min=1e-6).reshape(shape[:1] + shape[2:])


class Attention3dCnn(Network):
    """Works when one of its series is absent (None, or validity 0 on every date): the other one is read alone."""

    config: Attention3dCnnConfig

    def __init__(self, config: Attention3dCnnConfig) -> None:
        super().__init__()
        self.config = c = config
        names = [s for s, used in (("s2", c.optical), ("s1", c.radar)) if used]
        self.inputs = tuple(f"{kind}_{s}" for kind in ("x", "valid") for s in names)
        self.optical = OpticalBranch(c.bands, c.width) if c.optical else None
        self.radar = RadarBranch(c.radar_bands, c.radar_widths) if c.radar else None
        both = 2 * c.width * c.optical + c.radar_widths[-1] * c.radar
        self.fuse = nn.Sequential(nn.Conv2d(both, c.fused, 1, bias=False), nn.BatchNorm2d(c.fused), nn.ReLU())
        self.attention = TripleAttention(c)
        self.score = nn.Linear(c.fused, 1)
        blocks = Residual2d(c.fused), Residual2d(c.fused), nn.Dropout2d(c.dropout)
        self.head = nn.Sequential(*blocks, nn.Conv2d(c.fused, c.classes, 1))

    def forward(
        self,
        x_s2: Tensor | None = None,
        x_s1: Tensor | None = None,
        valid_s2: Tensor | None = None,
        valid_s1: Tensor | None = None,
    ) -> Tensor:
        return self.explain(x_s2, x_s1, valid_s2, valid_s1)[0]

    def attend(
        self,
        x_s2: Tensor | None = None,
        x_s1: Tensor | None = None,
        valid_s2: Tensor | None = None,
        valid_s1: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """forward, and by how much a pixel's features of a date are raised, each date for itself in 0..1: the temporal
        attention (B,T), which is one for the whole tile, times the spatial one, (B,T,H,W), where the network has it."""
        logits, maps = self.explain(x_s2, x_s1, valid_s2, valid_s1)
        if not self.config.spatial_attention:
            return logits, maps.temporal
        return logits, maps.temporal[:, :, None, None] * maps.spatial

    def explain(
        self,
        x_s2: Tensor | None = None,
        x_s1: Tensor | None = None,
        valid_s2: Tensor | None = None,
        valid_s1: Tensor | None = None,
    ) -> tuple[Tensor, AttentionMaps]:
        """forward and its attention maps."""
        x_s2, x_s1, valid_s2, valid_s1 = self._placed(x_s2, x_s1, valid_s2, valid_s1)
        optical = self._series(x_s2, valid_s2, x_s1, self.config.bands)
        radar = self._series(x_s1, valid_s1, x_s2, self.config.radar_bands)
        weight = self._weight(optical[1], radar[1])
        there = (weight > 0).to(weight.dtype)
        read = [self.optical(*optical, there)] if self.optical is not None else []
        read += [self.radar(*radar)] if self.radar is not None else []
        joined = torch.cat(read, dim=2)
        fused = unfold_dates(self.fuse(fold_dates(joined)), joined) * there[:, :, None, None, None]
        attended, attention = self.attention(fused, weight)
        return self.supervised(self.head(self._collapse(attended, there))), attention

    def _placed(self, *given: Tensor | None) -> tuple[Tensor | None, ...]:
        """x_s2, x_s1, valid_s2, valid_s1 of a network that may read one series: its two inputs come first and second
        where they are given in the order of `inputs`."""
        alone = [value for value in given if value is not None]
        if len(self.inputs) == 4 or len(alone) != 2:
            return given
        x, valid = alone
        return (x, None, valid, None) if self.optical is not None else (None, x, None, valid)

    def _series(
        self, x: Tensor | None, valid: Tensor | None, other: Tensor | None, bands: int
    ) -> tuple[Tensor, Tensor]:
        """(B,T,C,H,W) and (B,T); zeros of validity 0 for a series that is absent."""
        if x is not None:
            return x, date_share(valid, x)
        like = needed(other, "a series of images")
        x = torch.zeros_like(like[:, :, :1]).expand(-1, -1, bands, -1, -1)
        return x, torch.zeros_like(like[:, :, 0, 0, 0])

    def _weight(self, optical: Tensor, radar: Tensor) -> Tensor:  # (B,T): the better of the series that are read
        if self.optical is None:
            return radar
        return optical if self.radar is None else torch.maximum(optical, radar)

    def _collapse(self, z: Tensor, there: Tensor) -> Tensor:  # (B,T,C,H,W), (B,T) -> (B,C,H,W)
        score = self.score(z.mean(dim=(3, 4)))[..., 0]
        share = torch.softmax(torch.where(there > 0, score, _NEVER), dim=1)
        return (z * share[:, :, None, None, None]).sum(dim=1)
