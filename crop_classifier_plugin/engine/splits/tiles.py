"""Which square tiles of a raster are learnt from and which validate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import BadInput

Origin = tuple[int, int]  # first row and column of a tile
Origins = tuple[Origin, ...]


@dataclass(frozen=True)
class TileSplitRule:
    """How the tiles are parted."""

    size: int  # px, side of a tile
    validation: float  # share of the area, or of the tiles
    kind: str  # blocks or random
    seed: int


def split_tiles(valid: NDArray[np.bool_], rule: TileSplitRule) -> tuple[Origins, Origins]:
    """Tiles to learn from, which overlap by half, and tiles to validate on.

    With blocks, squares of a tile drawn at random validate, and no tile that touches one is learnt from. At random (as
    in the paper), tiles are drawn, whose neighbours show half of them in training.
    """
    height, width = valid.shape
    if min(height, width) < rule.size:
        raise BadInput(
            f"The images share {width} x {height} px, a tile has {rule.size} px: take a larger area or a smaller tile."
        )
    tiles = [tile for tile in _lattice(valid.shape, rule.size, rule.size // 2) if _seen(valid, tile, rule.size)]
    rng = np.random.default_rng(rule.seed)
    blocks = tiles
    if rule.kind == "blocks":
        blocks = [tile for tile in _lattice(valid.shape, rule.size, rule.size) if _seen(valid, tile, rule.size)]
    count = max(1, round(rule.validation * len(blocks)))
    held = [blocks[i] for i in sorted(rng.permutation(len(blocks))[:count])]
    apart = 1 if rule.kind == "random" else rule.size
    learnt = [tile for tile in tiles if all(_distance(tile, block) >= apart for block in held)]
    if not learnt or not held:
        raise BadInput(
            f"The images share {width} x {height} px with {int(valid.sum())} pixels where all values are known, too "
            f"few tiles of {rule.size} px to learn and to validate: fill the gaps, or take a larger area."
        )
    return tuple(learnt), tuple(held)


def _lattice(shape: tuple[int, ...], size: int, step: int) -> list[Origin]:
    """Tiles from the upper left on; the last of a row or column ends with the raster."""
    rows, cols = ([*range(0, length - size, step), length - size] for length in shape)
    return [(row, col) for row in rows for col in cols]


def _seen(valid: NDArray[np.bool_], tile: Origin, size: int) -> bool:
    return bool(valid[tile[0] : tile[0] + size, tile[1] : tile[1] + size].any())


def _distance(one: Origin, other: Origin) -> int:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))
