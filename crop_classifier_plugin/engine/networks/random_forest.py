"""The random forest's settings. `training.forest` grows it, without torch; by name it is chosen as the networks are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...shared.errors import BadInput
from ...shared.forest import FOREST, MAX_PIXELS, PAPER_DEPTH, PAPER_LEAF, PAPER_TREES
from .base import Capabilities, NetworkConfig


@dataclass(frozen=True)
class RandomForestConfig(NetworkConfig):
    """The defaults are those of the crop maps in TSSTFN's paper (docs/papers/methods.md, section 5.5)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "small": FOREST,
    }

    trees: int = PAPER_TREES
    depth: int = PAPER_DEPTH  # at most
    leaf: int = PAPER_LEAF  # least training pixels in a leaf
    pixels: int = MAX_PIXELS  # most training pixels of a class
    balanced: bool = False  # every class counts alike, however many pixels it has

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("trees", "depth", "leaf", "pixels"):
            if getattr(self, name) < 1:
                raise BadInput(f"The forest cannot have {name}={getattr(self, name)}: give at least one.")

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(receptive_radius=1)
