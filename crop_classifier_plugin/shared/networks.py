"""The catalogue of networks: what each is called, where it stands, how it is trained. A network is one row here.

Standard library only: QGIS lists the networks without loading one. "module:class" is a class of engine/networks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from . import recipes
from .recipes import Recipes

# --- what a row is made of --------------------------------------------------------------------------------------------


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
class NetworkRow:
    title: str  # as it is chosen; before a bracket stands its name
    config: str  # "module:class" of its settings
    network: str = ""  # "module:class"; "" = a forest, which is grown without torch
    sample: Optional[Sample] = None  # of a network
    recipes: Optional[Recipes] = None  # None = grown, or trained in another way than on labels
    paper_title: str = ""  # of the preset `paper`, where that is one of several; "" = the title
    variants: tuple[Variant, ...] = ()
    parts: dict[str, str] = field(default_factory=dict)  # attribute -> title, of what is counted by itself
    attention: str = ""  # what its weight of a date means, of a network that tells it
    attention_by_place: str = ""  # what is to be added where it tells the places in a tile apart

    @property
    def name(self) -> str:
        return self.title.partition(" (")[0]


# --- the catalogue ----------------------------------------------------------------------------------------------------

_TABLE_1 = Sample(6, 3, 14, 224)  # LRTACF-Net's
_PASTIS = Sample(10, 12, 20, 64)  # classes and bands of PASTIS, monthly dates, 64 px
_RADAR = Sample(2, 12, 6, 32)

NETWORKS: dict[str, NetworkRow] = {
    "lrtacf_net": NetworkRow(
        "LRTACF-Net (Models 7 to 9)",
        "lrtacf_net:LrtacfNetConfig",
        "lrtacf_net:LrtacfNet",
        _TABLE_1,
        recipes.SEGMENTATION,
        "LRTACF-Net (Model-9)",
        (
            Variant("LRTACF-Net without feedback (Model-7)", {"cfma_blocks": 0}),
            Variant("LRTACF-Net with three blocks (Model-8)", {"cfma_blocks": 3}),
        ),
        attention="The attention at the lowest resolution, averaged over heads; the dates share 1.",
    ),
    "unet": NetworkRow(
        "U-Net (Models 1 to 3 of LRTACF-Net's paper)",
        "unet:UNetConfig",
        "unet:UNet",
        _TABLE_1,
        recipes.SEGMENTATION,
        "U-Net (Models 1 and 2)",
        (Variant("U-Net with deep supervision (Model-3)", {"deep_supervision": True}),),
    ),
    "unet_plusplus": NetworkRow(
        "UNet++ (Models 4 to 6 of LRTACF-Net's paper)",
        "unet_plusplus:UNetPlusPlusConfig",
        "unet_plusplus:UNetPlusPlus",
        _TABLE_1,
        recipes.SEGMENTATION,
        "UNet++ (Models 4, 5 and 6)",
    ),
    "attention_3dcnn": NetworkRow(
        "Attention-3DCNN",
        "attention_3dcnn:Attention3dCnnConfig",
        "attention_3dcnn:Attention3dCnn",
        _PASTIS,
        recipes.SERIES,
        attention="The temporal attention of the network, 0 to 1 for each date on its own.",
        attention_by_place=" It is one for a whole tile, and is multiplied by the spatial attention at each pixel: "
        "classes differ in level rather than in the course over the dates.",
    ),
    "cropsts": NetworkRow(
        "CropSTS",
        "cropsts:CropStsConfig",
        "cropsts:CropSts",
        Sample(10, 6, 20, 224),
        recipes.CROPSTS,
        "CropSTS, patch 16",
        (
            Variant("CropSTS, patch 8", {"patch": 8, "grid": 16}, side=128),
            Variant("CropSTS with joint attention, patch 16", {"attention": "joint"}),
        ),
        parts={"encoder": "encoder", "temporal": "L-TAE", "decoder": "UPerNet"},
        attention="The attention of L-TAE, averaged over heads and levels; the dates share 1.",
    ),
    "unet_convlstm": NetworkRow(
        "UnetConvLSTM", "unet_convlstm:UnetConvLstmConfig", "unet_convlstm:UnetConvLstm", _RADAR, recipes.CONVLSTM
    ),
    "vunet_convlstm": NetworkRow(
        "VUnetConvLSTM", "unet_convlstm:VUnetConvLstmConfig", "unet_convlstm:UnetConvLstm", _RADAR, recipes.CONVLSTM
    ),
    "convstar": NetworkRow("ConvSTAR", "convstar:ConvStarConfig", "convstar:ConvStar", _PASTIS, recipes.SERIES),
    "unet_3d": NetworkRow("3-D U-Net", "unet_3d:UNet3dConfig", "unet_3d:UNet3d", _PASTIS, recipes.SERIES),
    "random_forest": NetworkRow("Random forest", "random_forest:RandomForestConfig"),
    "tsstfn": NetworkRow("TSSTFN", "tsstfn:TsstfnConfig", "tsstfn:Tsstfn", Sample(2, 8, 1, 192)),  # fuses images
}


def trainable() -> dict[str, str]:
    """Name -> title of what learns from labels, in the order in which it is offered."""
    return {name: row.title for name, row in NETWORKS.items() if row.recipes or not row.network}
