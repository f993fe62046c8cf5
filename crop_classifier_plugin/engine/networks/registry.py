"""The networks by name: the one place that lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...shared.errors import BadInput
from .attention_3dcnn import Attention3dCnn, Attention3dCnnConfig
from .base import Network, NetworkConfig
from .convstar import ConvStar, ConvStarConfig
from .cropsts import CropSts, CropStsConfig
from .lrtacf_net import LrtacfNet, LrtacfNetConfig
from .random_forest import RandomForestConfig
from .tsstfn import Tsstfn, TsstfnConfig
from .unet import UNet, UNetConfig
from .unet_3d import UNet3d, UNet3dConfig
from .unet_convlstm import UnetConvLstm, UnetConvLstmConfig, VUnetConvLstmConfig
from .unet_plusplus import UNetPlusPlus, UNetPlusPlusConfig


@dataclass(frozen=True)
class Sample:
    """What the network's paper feeds it; `side` px."""

    bands: int
    dates: int
    classes: int
    side: int


@dataclass(frozen=True)
class Variant:
    """Another network of the paper, by its settings over the preset `paper`."""

    title: str
    settings: dict[str, Any]
    side: int = 0  # px; 0 = as the sample


@dataclass(frozen=True)
class Entry:
    title: str
    config: type[NetworkConfig]
    network: Callable[[Any], Network]
    sample: Sample
    variants: tuple[Variant, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()  # attribute and title of what is counted by itself


_TABLE_1 = Sample(6, 3, 14, 224)  # LRTACF-Net's
_PASTIS = Sample(10, 12, 20, 64)  # classes and bands of PASTIS, monthly dates, 64 px

NETWORKS: dict[str, Entry] = {
    "attention_3dcnn": Entry("Attention-3DCNN", Attention3dCnnConfig, Attention3dCnn, _PASTIS),
    "convstar": Entry("ConvSTAR", ConvStarConfig, ConvStar, _PASTIS),
    "cropsts": Entry(
        "CropSTS, patch 16",
        CropStsConfig,
        CropSts,
        Sample(10, 6, 20, 224),
        (
            Variant("CropSTS, patch 8", {"patch": 8, "grid": 16}, side=128),
            Variant("CropSTS with joint attention, patch 16", {"attention": "joint"}),
        ),
        parts=(("encoder", "encoder"), ("temporal", "L-TAE"), ("decoder", "UPerNet")),
    ),
    "lrtacf_net": Entry(
        "LRTACF-Net (Model-9)",
        LrtacfNetConfig,
        LrtacfNet,
        _TABLE_1,
        (
            Variant("LRTACF-Net without feedback (Model-7)", {"cfma_blocks": 0}),
            Variant("LRTACF-Net with three blocks (Model-8)", {"cfma_blocks": 3}),
        ),
    ),
    "tsstfn": Entry("TSSTFN", TsstfnConfig, Tsstfn, Sample(2, 8, 1, 192)),
    "unet": Entry(
        "U-Net (Models 1 and 2)",
        UNetConfig,
        UNet,
        _TABLE_1,
        (Variant("U-Net with deep supervision (Model-3)", {"deep_supervision": True}),),
    ),
    "unet_3d": Entry("3-D U-Net", UNet3dConfig, UNet3d, _PASTIS),
    "unet_convlstm": Entry("UnetConvLSTM", UnetConvLstmConfig, UnetConvLstm, Sample(2, 12, 6, 32)),
    "unet_plusplus": Entry("UNet++ (Models 4, 5 and 6)", UNetPlusPlusConfig, UNetPlusPlus, _TABLE_1),
    "vunet_convlstm": Entry("VUnetConvLSTM", VUnetConvLstmConfig, UnetConvLstm, Sample(2, 12, 6, 32)),
}

FORESTS: dict[str, type[NetworkConfig]] = {"random_forest": RandomForestConfig}  # chosen alike, trained without torch


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
