"""The numbers of a random forest, once for the model that is trained and for the forests of a crop gain.

Standard library only: both sides import it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import BadInput

# Crop maps of TSSTFN's paper (docs/papers/methods.md, section 5.5)
PAPER_TREES, PAPER_DEPTH, PAPER_LEAF = 40, 25, 20
MAX_PIXELS = 20_000  # that are learnt from, a class
FOREST = {"trees": 100, "depth": 25, "leaf": 5, "pixels": MAX_PIXELS, "balanced": True}  # of few pixels (choice)


@dataclass(frozen=True)
class ForestSize:
    """How large a random forest grows; as given, that of TSSTFN's paper."""

    trees: int = PAPER_TREES
    depth: int = PAPER_DEPTH  # at most
    leaf: int = PAPER_LEAF  # least training pixels in a leaf

    def __post_init__(self) -> None:
        if min(self.trees, self.depth, self.leaf) < 1:
            raise BadInput("Trees, depth and leaf are at least 1: correct the smaller one.")
