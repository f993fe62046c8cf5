"""Views of a sequence for self-distillation: two large crops and six small ones, each turned into other light.

DINO's recipe (Caron et al. 2021) with multispectral replacements for its colour jitter (docs/papers/cropsts.md, section
3.5). All dates of a view share its crop, its flip and its light; all views of a sequence share its dates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ....shared.cards.parts import Statistics
from .parcel_masking import plot_mask
from .sequences import Sequence_

_LIGHT = (0.6, 1.4)  # brightness and contrast
_GAIN = (0.9, 1.1)  # of a band
_LIGHT_SHARE = 0.8  # of the views whose brightness and contrast change
_SIGMA = (0.1, 2.0)  # px of the blur
Rng = np.random.Generator


@dataclass(frozen=True)
class Rule:
    """How one view is made: side in px, share of the tile's area, and how often it is blurred or solarised."""

    size: int
    area: tuple[float, float]
    blur: float
    solarise: float = 0.0


def rules(large: int, small: int) -> tuple[Rule, ...]:
    """The two global views, then the six local ones."""
    wide, narrow = (0.4, 1.0), (0.05, 0.4)
    return (Rule(large, wide, 1.0), Rule(large, wide, 0.1, 0.2), *[Rule(small, narrow, 0.5)] * 6)


@dataclass(frozen=True, eq=False)
class View:
    """z-scores with 0 for no data, the share of each date that is there, and where the student is blind."""

    x: Tensor  # (T,C,S,S)
    valid: Tensor  # (T,)
    hidden: Tensor  # (S,S) bool
    rgb: Tensor  # (3,S,S) reflectance x scale of B04, B03, B02 on the central date, unchanged; (0,S,S) without them


@dataclass(frozen=True)
class Crop:
    top: int
    left: int
    height: int
    width: int
    flip: bool

    def of(self, planes: Tensor, size: int, mode: str = "bilinear") -> Tensor:
        """(...,H,W) -> (...,size,size)."""
        part = planes[..., self.top : self.top + self.height, self.left : self.left + self.width]
        smooth = {"align_corners": False} if mode == "bilinear" else {}
        flat = F.interpolate(part.reshape(1, -1, self.height, self.width), size=(size, size), mode=mode, **smooth)
        resized = flat.reshape(*planes.shape[:-2], size, size)
        return resized.flip(-1) if self.flip else resized


class Viewer:
    """Makes the views of a sequence."""

    def __init__(self, stats: Statistics, rules: Sequence[Rule], rgb: Sequence[int]) -> None:
        """`rgb`: where B04, B03 and B02 stand among the bands; () = not needed."""
        self.rules, self.rgb = tuple(rules), list(rgb)
        self._mean = torch.tensor(stats.mean, dtype=torch.float32)[:, None, None]
        self._std = torch.tensor(stats.std, dtype=torch.float32)[:, None, None]

    def views(self, sequence: Sequence_, rng: Rng) -> list[View]:
        image = torch.from_numpy(sequence.image)
        seen = ~image.isnan().any(dim=1, keepdim=True)  # (T,1,H,W)
        filled = torch.where(image.isnan(), self._mean, image)
        return [self._view(rule, filled, seen.float(), sequence.plots, rng) for rule in self.rules]

    def _view(self, rule: Rule, image: Tensor, seen: Tensor, plots: NDArray[np.int32], rng: Rng) -> View:
        crop = draw_crop(rule, image.shape[-1], rng)
        values, there = crop.of(image, rule.size), crop.of(seen, rule.size) > 0.5
        rgb = values[len(values) // 2, self.rgb]
        z = (changed(values, rule, rng) - self._mean) / self._std
        return View(z * there, there.float().mean(dim=(1, 2, 3)), self._hidden(crop, rule, plots, rng), rgb)

    def _hidden(self, crop: Crop, rule: Rule, plots: NDArray[np.int32], rng: Rng) -> Tensor:
        if rule.area[1] < 1 or not plots.any():  # small views are seen whole
            return torch.zeros(rule.size, rule.size, dtype=torch.bool)
        here = crop.of(torch.from_numpy(plots).double(), rule.size, "nearest").numpy().astype(np.int64)
        return torch.from_numpy(plot_mask(here, rng))


def draw_crop(rule: Rule, side: int, rng: Rng) -> Crop:
    """A rectangle of a random share of the tile and a shape of 3:4 to 4:3, cut down where it does not fit."""
    area = rng.uniform(*rule.area) * side**2
    shape = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
    height = int(np.clip(round(math.sqrt(area / shape)), 1, side))
    width = int(np.clip(round(math.sqrt(area * shape)), 1, side))
    top, left = int(rng.integers(side - height + 1)), int(rng.integers(side - width + 1))
    return Crop(top, left, height, width, bool(rng.integers(2)))


def changed(x: Tensor, rule: Rule, rng: Rng) -> Tensor:
    """(T,C,S,S) in other light: the same for every date, a gain for each band; then blurred and solarised by chance."""
    if rng.random() < _LIGHT_SHARE:
        x = x * rng.uniform(*_LIGHT)
        middle = x.mean(dim=(0, 2, 3), keepdim=True)
        x = middle + (x - middle) * rng.uniform(*_LIGHT)
    x = x * torch.from_numpy(rng.uniform(*_GAIN, (x.shape[1], 1, 1)).astype(np.float32))
    if rng.random() < rule.blur:
        x = blurred(x, rng.uniform(*_SIGMA))
    return solarised(x) if rng.random() < rule.solarise else x


def blurred(x: Tensor, sigma: float) -> Tensor:
    """(T,C,S,S) through a Gaussian of `sigma` px; edges are repeated."""
    reach = max(1, math.ceil(3 * sigma))
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=x.dtype) / sigma) ** 2)
    taps = taps / taps.sum()
    flat = F.pad(x.reshape(-1, 1, *x.shape[-2:]), [reach] * 4, mode="replicate")
    return F.conv2d(F.conv2d(flat, taps[None, None, :, None]), taps[None, None, None]).reshape(x.shape)


def solarised(x: Tensor) -> Tensor:
    """Values above the middle of their band's range are mirrored at it."""
    low, high = x.amin(dim=(0, 2, 3), keepdim=True), x.amax(dim=(0, 2, 3), keepdim=True)
    return torch.where(x > (low + high) / 2, low + high - x, x)
