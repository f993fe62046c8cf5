"""Pieces that several networks share. Shapes: B batch, T dates, C bands or features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._higher_order_ops import scan

Step = Callable[..., tuple[Tensor, ...]]


def conv_bn_relu(a: int, b: int, k: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, k, padding=k // 2, bias=False), nn.BatchNorm2d(b), nn.ReLU())


def double_conv(a: int, b: int, dropout: float = 0.0) -> nn.Sequential:
    convs = nn.Sequential(conv_bn_relu(a, b, 3), conv_bn_relu(b, b, 3))
    if dropout:
        convs.append(nn.Dropout(dropout))
    return convs


def up(x: Tensor, factor: int) -> Tensor:
    """Bilinear, align_corners=False, by a whole factor."""
    return x if factor == 1 else F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)


class Encoder(nn.Module):
    """Double convolutions with 2x2 max pooling between them."""

    def __init__(self, bands: int, widths: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.levels = nn.ModuleList(double_conv(a, b, dropout) for a, b in zip((bands, *widths), widths))

    def forward(self, x: Tensor) -> list[Tensor]:  # (B,C,H,W) -> levels i = 0..L-1 of (B,C_i,H/2^i,W/2^i)
        maps = []
        for i, level in enumerate(self.levels):
            x = level(F.max_pool2d(x, 2) if i else x)
            maps.append(x)
        return maps


def fold_dates(x: Tensor) -> Tensor:  # (B,T,C,H,W) -> (B*T,C,H,W)
    return x.flatten(0, 1)


def unfold_dates(x: Tensor, like: Tensor) -> Tensor:  # (B*T,C,H,W) -> (B,T,C,H,W) with the dates of `like`
    return torch.unflatten(x, 0, (like.shape[0], like.shape[1]))


def date_share(valid: Tensor | None, x: Tensor) -> Tensor:
    """(B,T) in the type of x: the share of each date that is usable; all of it where `valid` is not given."""
    return torch.ones_like(x[:, :, 0, 0, 0]) if valid is None else valid.to(x.dtype)


def recur(step: Step, state: tuple[Tensor, ...], inputs: tuple[Tensor, ...], scanned: bool) -> tuple[Any, ...]:
    """The states after each date, each (T,B,C,H,W), of `step(state, inputs of one date) -> next state`.

    A Python loop trains fastest but freezes the number of dates when it is exported; a scan becomes one ONNX loop.
    """
    if scanned:

        def once(carry: Any, at: Any) -> tuple[Any, Any]:
            after = step(carry, at)
            return after, tuple(s.clone() for s in after)  # a carry and an output may not share memory

        return tuple(scan(once, state, inputs, dim=0)[1])
    states = []
    for t in range(inputs[0].shape[0]):
        state = step(state, tuple(x[t] for x in inputs))
        states.append(state)
    return tuple(torch.stack(s) for s in zip(*states))
