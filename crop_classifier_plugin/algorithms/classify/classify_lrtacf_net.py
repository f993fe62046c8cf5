"""Classification with LRTACF-Net."""

from __future__ import annotations

from .classify_base import ClassifyAlgorithm


class ClassifyLrtacfNet(ClassifyAlgorithm):
    NAME = "classify_lrtacf_net"
    TITLE = "Classify crops with LRTACF-Net"
    NETWORKS = ("lrtacf_net",)
    ATTENTIVE = True
