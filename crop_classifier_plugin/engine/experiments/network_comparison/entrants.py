"""Who takes part, and how each is trained. Settings were chosen on another square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Entrant:
    name: str
    title: str
    network: str  # "" = the comparison's own forest
    series: str  # S2, S1, S2 + S1, or three dates
    settings: Pairs = (("preset", "small"),)
    training: tuple[tuple[str, Any], ...] = ()  # fields of OptimSpec
    gaps: bool = False  # also mapped with optical dates taken away
    thinned: bool = False  # also trained on a share of the parcels

    @property
    def trees(self) -> bool:
        """The comparison's own forest."""
        return not self.network

    @property
    def forest(self) -> bool:
        return self.trees or self.network == "random_forest"


SHORT = (("epochs", 12), ("steps", 10), ("batch", 8), ("patch", 16), ("jitter", 0.15))
# SAM evaluates twice a step and asks for a hundred epochs; AdamW learns in the steps that there are
QUICK = (*SHORT[1:], ("epochs", 16), ("optimizer", "adamw"), ("learning_rate", 0.002))
# their batch normalisation remembers hundreds of steps
LONG = (*SHORT[1:], ("epochs", 25))
# dates hidden in training, as the recipe has it
HIDDEN = (*SHORT, ("optical_dropout", (0.1, 0.3)), ("radar_dropout", 0.1))
SLOW = (*SHORT, ("learning_rate", 0.001))  # the paper has a hundred times the steps
_S2_ALONE, _S1_ALONE = (("preset", "small"), ("radar", "false")), (("preset", "small"), ("optical", "false"))
_BOTH = (("preset", "small"),)
# of the LRTACF-Net that ships: three levels, which fit parcels of 20 px; Models 1, 3 and 7 have the same
_LEVELS = (("widths", "16,16,16"), ("dropout", "0.5"))
_DEEP = (*_LEVELS, ("deep_supervision", "true"))
_LRTSA = (*_LEVELS, ("heads", "4"), ("key_dim", "4"), ("cfma_blocks", "0"))
_CFMA = (*_LRTSA[:-1], ("cfma_width", "16"), ("cfma_blocks", "2"))
_TREES = "random forest, 300 trees, pixel by pixel"

ENTRANTS = (
    Entrant("lrtacf_three", "LRTACF-Net (Model 9), as shipped", "lrtacf_net", "three dates", ()),
    Entrant("model_1", "Model 1: U-Net", "unet", "S2", _LEVELS, (*QUICK, ("loss", "tversky"))),
    Entrant("model_3", "Model 3: U-Net, deep supervision", "unet", "S2", _DEEP, QUICK),
    Entrant("model_7", "Model 7: with LRTSA", "lrtacf_net", "S2", _LRTSA, QUICK),
    Entrant("model_9", "Model 9: LRTACF-Net", "lrtacf_net", "S2", _CFMA, QUICK, thinned=True),
    Entrant("unet_plusplus", "UNet++ (Model 6)", "unet_plusplus", "S2", _LEVELS, QUICK),
    Entrant("attention_s2", "Attention-3DCNN", "attention_3dcnn", "S2", _S2_ALONE, HIDDEN, gaps=True),
    Entrant("attention_s1", "Attention-3DCNN", "attention_3dcnn", "S1", _S1_ALONE, HIDDEN),
    Entrant(
        "attention_both", "Attention-3DCNN", "attention_3dcnn", "S2 + S1", training=HIDDEN, gaps=True, thinned=True
    ),
    Entrant("unet_convlstm", "UnetConvLSTM", "unet_convlstm", "S1", training=LONG),
    Entrant("vunet_convlstm", "VUnetConvLSTM", "vunet_convlstm", "S1", training=LONG),
    Entrant("cropsts", "CropSTS", "cropsts", "S2", training=SLOW, gaps=True),
    Entrant("convstar", "ConvSTAR", "convstar", "S2", training=HIDDEN, gaps=True),
    Entrant("unet_3d", "3-D U-Net", "unet_3d", "S2", training=HIDDEN, gaps=True),
    Entrant("forest", "random forest of the plugin", "random_forest", "S2", gaps=True, thinned=True),
    Entrant("trees", _TREES, "", "S2", thinned=True),
    Entrant("trees_s1", _TREES, "", "S1"),
    Entrant("trees_both", _TREES, "", "S2 + S1"),
)
