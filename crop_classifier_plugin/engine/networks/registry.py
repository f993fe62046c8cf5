"""The networks by name."""

from __future__ import annotations

from typing import Any

from ..errors import BadInput
from .contract import Network, NetworkConfig
from .lrtacf_net import LrtacfNet, LrtacfNetConfig

_NETWORKS: dict[str, tuple[type[NetworkConfig], Any]] = {
    "lrtacf_net": (LrtacfNetConfig, LrtacfNet),
}


def configure(name: str, settings: dict[str, Any], bands: int, dates: int, classes: int) -> NetworkConfig:
    """The checked config of the network `name`. Raises BadInput for an unknown network or setting."""
    if name not in _NETWORKS:
        raise BadInput(f"The network {name!r} is unknown: use one of {', '.join(sorted(_NETWORKS))}.")
    return _NETWORKS[name][0].parse(settings, bands, dates, classes)


def build(name: str, config: NetworkConfig) -> Network:
    network: Network = _NETWORKS[name][1](config)
    return network
