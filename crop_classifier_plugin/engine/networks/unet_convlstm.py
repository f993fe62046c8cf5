"""UnetConvLSTM and VUnetConvLSTM: a U-Net a date, and a convolutional LSTM over the dates at its lowest resolution.

The sizes follow the released code of the paper's authors, which its table 3 abbreviates (docs/papers/vunet_convlstm.md,
sections 2 and 3). VUnetConvLSTM reads the day of year and names the crop at the last date, whatever its month. Shapes:
B batch, T dates, C bands, K classes.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, ClassVar

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
from .layers import (
    date_share,
    fold_dates,
    recur,
    unfold_dates,
)

_SMALL = {"widths": (8, 16, 24), "hidden": 32}  # choice


@dataclass(frozen=True)
class UnetConvLstmConfig(NetworkConfig):
    """The defaults are the paper's UnetConvLSTM; day_of_year gives VUnetConvLSTM."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"paper": {}, "small": _SMALL}

    widths: tuple[int, ...] = (16, 32, 64)  # channels a level, full resolution first
    hidden: int = 256  # of the ConvLSTM
    day_of_year: bool = False
    hard_gates: bool = True  # Keras' clip(z/5 + 1/2, 0, 1); off: sigmoid

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.widths or min(*self.widths, self.hidden) < 1:
            raise BadInput(f"The widths {self.widths} and hidden={self.hidden} must be positive: correct them.")

    @property
    def multiple(self) -> int:
        return int(2 ** len(self.widths))

    @property
    def capabilities(self) -> Capabilities:
        fine = self.multiple - 1
        # a level's convolutions (at most 3), pooling (1) and deconvolution (2); the recurrence reaches a cell a date
        return Capabilities(any_dates=True, receptive_radius=6 * fine + 1 + (self.dates + 1) * self.multiple)


@dataclass(frozen=True)
class VUnetConvLstmConfig(UnetConvLstmConfig):
    """UnetConvLSTM with the day of year."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"paper": {}, "small": _SMALL}

    day_of_year: bool = True


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)  # Keras' defaults


def _conv(a: int, b: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), _norm(b), nn.ReLU())


def _deconv(a: int, b: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1), _norm(b), nn.ReLU())


def hard_sigmoid(z: Tensor) -> Tensor:
    """Keras' hard sigmoid; torch's own has the slope 1/6."""
    return torch.clamp(0.2 * z + 0.5, 0, 1)


def season_features(doy: Tensor) -> Tensor:  # (B,T) 0..365 -> (B,T,2) in [0,1]
    """Where a date lies in the year, without a jump at New Year."""
    angle = doy.to(torch.float32) * (2 * math.pi / 366)
    return torch.stack([torch.sin(angle) + 1, torch.cos(angle) + 1], dim=-1) / 2


class ConvLstm(nn.Module):
    """ConvLSTM without peepholes, gates in the order input, forget, candidate, output."""

    def __init__(self, a: int, hidden: int, hard_gates: bool) -> None:
        super().__init__()
        self.hidden = hidden
        self.gate = hard_sigmoid if hard_gates else torch.sigmoid
        self.from_input = nn.Conv2d(a, 4 * hidden, 3, padding=1)
        self.from_state = nn.Conv2d(hidden, 4 * hidden, 3, padding=1, bias=False)
        self.scanned = False

    def forward(self, x: Tensor) -> Tensor:  # (B,T,a,h,w) -> last hidden state (B,hidden,h,w)
        drive = unfold_dates(self.from_input(fold_dates(x)), x).transpose(0, 1)  # (T,B,4 hidden,h,w), all dates at once
        start = torch.zeros_like(drive[0, :, : self.hidden])
        states: Tensor = recur(self._step, (start, start.clone()), (drive,), self.scanned)[0]
        return states[-1]

    def _step(self, state: tuple[Tensor, Tensor], drive: tuple[Tensor]) -> tuple[Tensor, Tensor]:
        h, c = state
        i, f, g, o = torch.chunk(drive[0] + self.from_state(h), 4, dim=1)
        c = self.gate(f) * c + self.gate(i) * torch.tanh(g)
        return self.gate(o) * torch.tanh(c), c


class UpStep(nn.Module):
    """Up by two, beside the last date's map, convolution."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.up, self.conv = _deconv(a, b), _conv(2 * b, b)

    def forward(self, low: Tensor, skip: Tensor) -> Tensor:  # (B,a,h,w), (B,b,2h,2w) -> (B,b,2h,2w)
        fine: Tensor = self.conv(torch.cat([self.up(low), skip], dim=1))
        return fine


class UnetConvLstm(Network):
    """Names the crop at the last date. Dates that are missing at the start of the season come as 0 with valid 0."""

    config: UnetConvLstmConfig

    def __init__(self, config: UnetConvLstmConfig) -> None:
        super().__init__()
        self.config = c = config
        self.inputs = ("x", "doy", "valid") if c.day_of_year else ("x",)
        first = nn.Sequential(_conv(c.bands, c.widths[0]), _conv(c.widths[0], c.widths[0]))
        self.encoder = nn.ModuleList([first, *(_conv(a, b) for a, b in zip(c.widths, c.widths[1:]))])
        self.recurrence = ConvLstm(c.widths[-1] + 2 * c.day_of_year, c.hidden, c.hard_gates)
        coarse_first = (c.hidden, *reversed(c.widths))
        self.decoder = nn.ModuleList(UpStep(a, b) for a, b in zip(coarse_first, coarse_first[1:]))
        self.head = nn.Conv2d(c.widths[0], c.classes, 1)
        self.apply(_initialise)

    def for_export(self) -> Network:
        twin = copy.deepcopy(self).requires_grad_(False)  # not every scan with gradients exports
        twin.recurrence.scanned = True
        return twin

    def forward(self, x: Tensor, doy: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        maps = fold_dates(x)
        last = []  # the last date's map of each level
        for level in self.encoder:
            maps = level(maps)
            last.append(unfold_dates(maps, x)[:, -1])
            maps = F.avg_pool2d(maps, 2)
        low = unfold_dates(maps, x)
        if self.config.day_of_year:
            low = torch.cat([low, self._calendar(doy, valid, low)], dim=2)
        z = self.recurrence(low)
        for step, skip in zip(self.decoder, reversed(last)):
            z = step(z, skip)
        return self.supervised(self.head(z))

    def _calendar(self, doy: Tensor | None, valid: Tensor | None, like: Tensor) -> Tensor:  # -> (B,T,2,h,w)
        """The day of year on every cell; (0, 0) for a date that is not there."""
        there = (date_share(valid, like) > 0).to(like.dtype)[..., None]
        features = season_features(needed(doy, "the day of year of each date")).to(like.dtype) * there
        return features[..., None, None].expand(-1, -1, -1, like.shape[3], like.shape[4])


def _initialise(module: nn.Module) -> None:
    """Keras' defaults: Glorot kernels, an orthogonal recurrent kernel, biases 0 but 1 at the forget gate."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, ConvLstm):  # apply() comes here after its convolutions
        nn.init.orthogonal_(module.from_state.weight)
        if module.from_input.bias is not None:
            module.from_input.bias.data[module.hidden : 2 * module.hidden] = 1
