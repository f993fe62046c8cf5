"""Classification with Attention-3DCNN: an optical and a radar series."""

from __future__ import annotations

from ...shared.networks import NETWORKS
from .classify_base import ClassifyAlgorithm


class ClassifyAttention3dCnn(ClassifyAlgorithm):
    """An optical and a radar series, one of which may be missing."""

    NAME = "classify_attention_3dcnn"
    TITLE = f"Classify crops with {NETWORKS['attention_3dcnn'].name}"
    NETWORKS = ("attention_3dcnn",)
    SCENES = "Dated optical scenes"
    RADAR = True
    ATTENTIVE = True
    LEFT_OUT = ("INPUT", "RADAR")  # the network works with either; the engine says which one is missing
