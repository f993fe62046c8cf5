"""A network of two layers on the mean of the usable dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from .base import Capabilities, Network, NetworkConfig
from .layers import date_share


@dataclass(frozen=True)
class TinyNetConfig(NetworkConfig):
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"paper": {}, "small": {"width": 12}}

    width: int = 24

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(any_dates=True, ignores_padding=True, date_order=False)


class TinyNet(Network):
    inputs = ("x", "valid")
    config: TinyNetConfig

    def __init__(self, config: TinyNetConfig) -> None:
        super().__init__()
        self.config = c = config
        self.body = nn.Conv2d(c.bands, c.width, 3, padding=1)
        self.head = nn.Conv2d(c.width, c.classes, 1)

    def forward(self, x: Tensor, doy: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        share = date_share(valid, x)[:, :, None, None, None]
        mean = (x * share).sum(dim=1) / share.sum(dim=1).clamp(min=1e-6)
        return self.supervised(self.head(self.body(mean).relu()))
