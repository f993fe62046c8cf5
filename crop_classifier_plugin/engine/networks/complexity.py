"""What the networks cost: parameters and GFLOP, counted on the meta device, where nothing is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ...shared.errors import BadInput
from ...shared.networks import Sample
from .base import DataSizes, Network, parameter_count
from .cropsts import CropStsConfig
from .random_forest import RandomForestConfig
from .registry import (
    FORESTS,
    NETWORKS,
    Entry,
    build,
    configure,
    entry,
    example,
)

DATES = (1, 4, 6, 10, 15, 20, 30, 60)
_WAYS = (("decoupled", "temporal_first"), ("joint", "joint"))
_SMALL_SIDE = 64  # px at which the small presets are counted


@dataclass(frozen=True)
class Row:
    """One network at one size. A part of a network has no inputs and no GFLOP of its own, a forest no parameters."""

    network: str
    title: str
    preset: str
    parameters: int | None
    gflop: float | None = None  # 2 x MAC to classify one sample
    inputs: dict[str, list[int]] | None = None  # shapes of one sample


class _LstmProducts(nn.Module):
    """Stands for an LSTM: the same matrix products, without a step for each element of the sequence."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.lstm = lstm

    def forward(self, x: Tensor, start: object = None) -> tuple[Tensor, None]:  # (n,L,a) -> (n,L,hidden)
        gates = x @ self.lstm.get_parameter("weight_ih_l0").T
        state = gates[..., : self.lstm.hidden_size]
        gates = gates + state @ self.lstm.get_parameter("weight_hh_l0").T
        return state + gates[..., : self.lstm.hidden_size], None


def gflop(network: nn.Module, inputs: Sequence[Any]) -> float:
    """Of one forward pass in eval mode, multiplications and additions counted apart. Network and inputs are meta."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.LSTM):
                setattr(parent, name, _LstmProducts(child))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(*inputs)
    return float(counter.get_total_flops()) / 1e9


def list_networks() -> list[Row]:
    """Every network with its presets, the other networks of its paper, and its parts; then the random forest."""
    return [row for name in NETWORKS for row in _rows(name)] + list(_forest_rows())


def complexity(name: str, dates: Iterable[int] = DATES) -> list[dict[str, float]]:
    """GFLOP against the number of dates: a row for each, with the key `dates` and one for each way of attending.

    Of CropSTS the encoder is counted, at 224 px with patch 16 and at 128 px with patch 8, both with attention in turn
    ("decoupled") and joint, and of the latter size also the attention products alone. Raises BadInput for a network
    that takes a fixed number of dates.
    """
    if name in FORESTS:
        raise BadInput(f"{name} multiplies nothing, so it has no GFLOP: choose another network.")
    of = entry(name)
    if name == "cropsts":
        return [{"dates": t, **_cropsts(of, t)} for t in dates]
    network = _paper(name, of, {})
    if not network.config.capabilities.any_dates:
        raise BadInput(f"{of.title} takes a fixed number of dates: choose another network.")
    return [{"dates": t, "network": gflop(network, _inputs(network, replace(of.sample, dates=t)))} for t in dates]


def _rows(name: str) -> Iterator[Row]:
    of = entry(name)
    yield from _with_parts(name, of.title, {}, of.sample)
    for variant in of.variants:
        sample = replace(of.sample, side=variant.side or of.sample.side)
        yield from _with_parts(name, variant.title, variant.settings, sample)
    network = _meta(name, {"preset": "small"}, of.sample)
    multiple = network.config.multiple
    side = max(_SMALL_SIDE // multiple, 1) * multiple
    yield _row(name, of.title, "small", network, replace(of.sample, side=side))


def _forest_rows() -> Iterator[Row]:
    """Of ten dates of NDVI and three classes, as in TSSTFN's paper; how many nodes it has, the data decide."""
    for preset in RandomForestConfig.PRESETS:
        c = RandomForestConfig.parse({"preset": preset}, 1, 10, 3)
        title = f"Random forest of {c.trees} trees, depth up to {c.depth}, leaves of {c.leaf} pixels or more"
        yield Row("random_forest", title, preset, None, None, {"x": [c.dates, c.bands, 3, 3]})


def _with_parts(name: str, title: str, settings: dict[str, Any], sample: Sample) -> Iterator[Row]:
    network = _meta(name, {"preset": "paper", **settings}, sample)
    yield _row(name, title, "paper", network, sample)
    for attribute, part in entry(name).parts:
        yield Row(name, f"{title}: {part}", "paper", parameter_count(network.get_submodule(attribute)))


def _row(name: str, title: str, preset: str, network: Network, sample: Sample) -> Row:
    inputs = _inputs(network, sample)
    shapes = {key: list(value.shape[1:]) for key, value in zip(network.inputs, inputs)}
    return Row(name, title, preset, parameter_count(network), gflop(network, inputs), shapes)


def _meta(name: str, settings: dict[str, Any], sample: Sample) -> Network:
    with torch.device("meta"):
        return build(name, configure(name, settings, sample.bands, sample.dates, sample.classes))


def _paper(name: str, of: Entry, settings: dict[str, Any]) -> Network:
    return _meta(name, {"preset": "paper", **settings}, of.sample)


def _inputs(network: Network, sample: Sample) -> list[Any]:
    def tensor(name: str, shape: tuple[int, ...]) -> Tensor:
        return torch.empty(shape, device="meta", dtype=torch.int64 if name == "doy" else torch.float32)

    return example(network, tensor, 1, sample.dates, sample.side, sample.side)


def _cropsts(of: Entry, dates: int) -> dict[str, float]:
    counts: dict[str, float] = {}
    for patch, grid, side in ((16, 14, 224), (8, 16, 128)):
        for column, attention in _WAYS:
            settings = {"patch": patch, "grid": grid, "attention": attention}
            network = _paper("cropsts", of, settings)
            inputs = _inputs(network, replace(of.sample, dates=dates, side=side))
            counts[f"{side} px, patch {patch}, {column}"] = gflop(network.get_submodule("encoder"), inputs)
    for column, attention in _WAYS:  # the 16 x 16 patches of 128 px
        counts[f"attention alone, {column}"] = _attention_products(attention, dates, 16 * 16)
    return counts


def _attention_products(attention: str, dates: int, patches: int) -> float:
    """GFLOP of the products of queries with keys and of weights with values: 4 L^2 d a sequence of length L."""
    config = CropStsConfig(DataSizes(1, 1, 1))
    pairs = (dates * patches) ** 2 if attention == "joint" else dates * patches**2 + patches * dates**2
    return 4 * config.depth * config.width * pairs / 1e9
