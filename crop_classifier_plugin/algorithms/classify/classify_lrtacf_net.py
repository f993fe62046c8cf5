"""Classification with LRTACF-Net."""

from __future__ import annotations

from ...shared.networks import NETWORKS
from .classify_base import ClassifyAlgorithm


class ClassifyLrtacfNet(ClassifyAlgorithm):
    """One optical series, a date in each window of the season."""

    NAME = "classify_lrtacf_net"
    TITLE = f"Classify crops with {NETWORKS['lrtacf_net'].name}"
    NETWORKS = ("lrtacf_net",)
    ATTENTIVE = True
