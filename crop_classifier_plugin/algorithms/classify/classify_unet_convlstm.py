"""Classification with UnetConvLSTM and VUnetConvLSTM: the crop of target months."""

from __future__ import annotations

from ...shared.networks import NETWORKS
from .classify_months_base import MonthlyAlgorithm


class ClassifyUnetConvLstm(MonthlyAlgorithm):
    """A radar series -> one map a target month."""

    NAME = "classify_unet_convlstm"
    TITLE = f"Classify crops of target months with {NETWORKS['vunet_convlstm'].name}"
    NETWORKS = ("vunet_convlstm", "unet_convlstm")
    SCENES = "Dated scenes of the months before and of the target"
