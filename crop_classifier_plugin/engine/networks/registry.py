"""The networks and forests of the catalogue (shared/networks.py), each loaded when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...shared import networks as catalogue
from ...shared.errors import BadInput
from ...shared.networks import Sample, Variant
from .base import Network, NetworkConfig


@dataclass(frozen=True)
class Entry:
    title: str
    config: type[NetworkConfig]
    network: Callable[[Any], Network]
    sample: Sample
    variants: tuple[Variant, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()  # attribute and title of what is counted by itself


def _load(path: str) -> Any:
    """The class at "module:class" of this folder."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(f".{module}", __package__), name)


class _Networks(Mapping[str, Entry]):
    """What torch runs, by name."""

    def __getitem__(self, name: str) -> Entry:
        row = catalogue.NETWORKS[name]
        if not row.network or row.sample is None:
            raise KeyError(name)
        title = row.paper_title or row.title
        parts = tuple(row.parts.items())
        return Entry(title, _load(row.config), _load(row.network), row.sample, row.variants, parts)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(name for name, row in catalogue.NETWORKS.items() if row.network))

    def __len__(self) -> int:
        return len(list(iter(self)))


class _Forests(Mapping[str, type[NetworkConfig]]):
    """What is chosen alike and trained without torch, by name: its settings."""

    def __getitem__(self, name: str) -> type[NetworkConfig]:
        row = catalogue.NETWORKS[name]
        if row.network:
            raise KeyError(name)
        config: type[NetworkConfig] = _load(row.config)
        return config

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(name for name, row in catalogue.NETWORKS.items() if not row.network))

    def __len__(self) -> int:
        return len(list(iter(self)))


NETWORKS: Mapping[str, Entry] = _Networks()
FORESTS: Mapping[str, type[NetworkConfig]] = _Forests()


def entry(name: str) -> Entry:
    """Raises BadInput for an unknown network."""
    if name not in NETWORKS:
        known = ", ".join(sorted([*NETWORKS, *FORESTS]))
        raise BadInput(f"The network {name!r} is unknown: use one of {known}.")
    return NETWORKS[name]


def configure(name: str, settings: dict[str, Any], bands: int, dates: int, classes: int) -> NetworkConfig:
    """The checked config of the network or forest `name`. Raises BadInput for an unknown one, or setting."""
    config = FORESTS.get(name) or entry(name).config
    return config.parse(settings, bands, dates, classes)


def build(name: str, config: NetworkConfig) -> Network:
    return entry(name).network(config)


def example(network: Network, tensor: Callable[..., Any], batch: int, dates: int, high: int, wide: int) -> list[Any]:
    """One value for each of network.inputs, made by `tensor(name, shape)`."""
    config = network.config
    shapes = {
        "x": (batch, dates, config.bands, high, wide),
        "x_s2": (batch, dates, config.bands, high, wide),
        "x_s1": (batch, dates, getattr(config, "radar_bands", 0), high, wide),
    }
    return [tensor(name, shapes.get(name, (batch, dates))) for name in network.inputs]
