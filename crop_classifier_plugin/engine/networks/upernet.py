"""UPerNet over four maps of one resolution: a feature pyramid, and pooling at four scales on its coarsest map.

As in the segmentation benchmark that the CropSTS paper uses (docs/papers/cropsts.md, section 2.2). Shapes: B batch, d
features, h x w patches, K classes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import up

_BINS = (1, 2, 3, 6)


def _conv(a: int, b: int, k: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, k, padding=k // 2), nn.BatchNorm2d(b), nn.ReLU())


def pooling_matrix(bins: int, length: int, like: Tensor) -> Tensor:
    """(bins, length): adaptive average pooling as a product, which exports for any length."""
    start = torch.arange(bins, device=like.device) * length // bins
    end = ((torch.arange(bins, device=like.device) + 1) * length + bins - 1) // bins
    place = torch.arange(length, device=like.device)
    inside = (place >= start[:, None]) & (place < end[:, None])
    return inside.to(like.dtype) / (end - start)[:, None]


def _resize(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


class Neck(nn.Module):
    """The four maps at four, two, one and half times their resolution."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.fourfold = nn.Sequential(
            nn.ConvTranspose2d(d, d, 2, stride=2), nn.BatchNorm2d(d), nn.GELU(), nn.ConvTranspose2d(d, d, 2, stride=2)
        )
        self.twofold = nn.ConvTranspose2d(d, d, 2, stride=2)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:  # four (B,d,h,w)
        finest, fine, same, coarse = maps
        return [self.fourfold(finest), self.twofold(fine), same, F.max_pool2d(coarse, 2)]


class Pooling(nn.Module):
    """PPM: means over 1, 2, 3 and 6 cells a side, beside the map itself."""

    def __init__(self, d: int, width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(_conv(d, width, 1) for _ in _BINS)
        self.join = _conv(d + len(_BINS) * width, width, 3)

    def forward(self, x: Tensor) -> Tensor:  # (B,d,h,w) -> (B,width,h,w)
        parts = [x]
        for bins, branch in zip(_BINS, self.branches):
            rows, columns = pooling_matrix(bins, x.shape[2], x), pooling_matrix(bins, x.shape[3], x)
            parts.append(_resize(branch(rows @ x @ columns.T), x))
        joined: Tensor = self.join(torch.cat(parts, dim=1))
        return joined


class UPerNet(nn.Module):
    def __init__(self, d: int, width: int, classes: int, factor: int) -> None:
        super().__init__()
        self.factor = factor  # from four times the patches' resolution to full resolution
        self.neck = Neck(d)
        self.pooling = Pooling(d, width)
        self.laterals = nn.ModuleList(_conv(d, width, 1) for _ in range(3))
        self.smooth = nn.ModuleList(_conv(width, width, 3) for _ in range(3))
        self.join = _conv(4 * width, width, 3)
        self.head = nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(width, classes, 1))

    def forward(self, maps: list[Tensor]) -> Tensor:  # four (B,d,h,w) -> logits (B,K,4 h factor,4 w factor)
        *finer, coarsest = self.neck(maps)
        pyramid = [self.pooling(coarsest)]
        for lateral, level in zip(reversed(self.laterals), reversed(finer)):
            own = lateral(level)
            pyramid.append(own + _resize(pyramid[-1], own))
        coarse, *rest = pyramid
        smoothed = [smooth(level) for smooth, level in zip(self.smooth, rest)]
        joined = torch.cat([_resize(level, smoothed[-1]) for level in (coarse, *smoothed)], dim=1)
        return up(self.head(self.join(joined)), self.factor)
