"""What TSSTFN learns from: a year's images in files, the tiles cut of them, and which of these choose the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....shared.errors import BadInput
from ...execution.reporter import Reporter
from ...fusion.image_pairs import Images
from ...fusion.tsstfn.predictor import network_input
from ...raster.writer import BLOCK

Place = tuple[int, int]  # first row and column of a tile
INPUT, FINE = "x", "target"  # an item's keys


@dataclass(frozen=True, eq=False)
class Year:
    """The images of the base days and, last, of the target; n pairs, T = n + 1. They lie in files, not in memory."""

    fine: NDArray[np.float32]  # (T, H, W), NaN = no data
    coarse: NDArray[np.float32]  # (T, H, W)
    valid: NDArray[np.bool_]  # (H, W): every input and the target are known

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.valid.shape
        return height, width


def load_year(fine: Images, coarse: Images, count: int, folder: Path, reporter: Reporter) -> Year:
    """Reads `count` dates of both onto their grid."""
    shape = (fine.grid.height, fine.grid.width)
    year = Year(
        np.memmap(folder / "fine.f4", np.float32, "w+", shape=(count, *shape)),
        np.memmap(folder / "coarse.f4", np.float32, "w+", shape=(count, *shape)),
        np.memmap(folder / "valid.u1", np.bool_, "w+", shape=shape),
    )
    blocks = list(fine.grid.blocks(2 * BLOCK))
    for done, window in enumerate(blocks):
        reporter.progress(done / len(blocks), "Reading the images", done, len(blocks))
        rows, cols = window.slices
        year.fine[:, rows, cols], year.coarse[:, rows, cols] = fine.read(window), coarse.read(window)
        both = np.concatenate([year.fine[:, rows, cols], year.coarse[:, rows, cols]])
        year.valid[rows, cols] = ~np.isnan(both).any(axis=0)
    return year


@dataclass(frozen=True)
class SplitRule:
    size: int  # px, side of a tile
    validation: float  # share of the area, or of the tiles
    kind: str  # blocks or random
    seed: int


@dataclass(frozen=True)
class Sampling:
    """In which order, and how, tiles are shown."""

    batch: int
    seed: int
    augment: bool = False  # turned and mirrored at random


def split_tiles(valid: NDArray[np.bool_], rule: SplitRule) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """Tiles to learn from, which overlap by half, and tiles to validate on.

    With blocks, squares of a tile drawn at random validate, and no tile that touches one is learnt from. At random (as
    in the paper), tiles are drawn, whose neighbours show half of them in training.
    """
    height, width = valid.shape
    if min(height, width) < rule.size:
        raise BadInput(
            f"The images share {width} x {height} px, a tile has {rule.size} px: take a larger area or a smaller tile."
        )
    tiles = [place for place in _lattice(valid.shape, rule.size, rule.size // 2) if _seen(valid, place, rule.size)]
    rng = np.random.default_rng(rule.seed)
    blocks = tiles
    if rule.kind == "blocks":
        blocks = [place for place in _lattice(valid.shape, rule.size, rule.size) if _seen(valid, place, rule.size)]
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


def _lattice(shape: tuple[int, ...], size: int, step: int) -> list[Place]:
    """Tiles from the upper left on; the last of a row or column ends with the raster."""
    rows, cols = ([*range(0, length - size, step), length - size] for length in shape)
    return [(row, col) for row in rows for col in cols]


def _seen(valid: NDArray[np.bool_], place: Place, size: int) -> bool:
    return bool(valid[place[0] : place[0] + size, place[1] : place[1] + size].any())


def _distance(one: Place, other: Place) -> int:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


class Tiles:
    """Every tile in order: `INPUT` (n+1, 2, size, size) and `FINE`, the target's fine image (size, size), NaN where
    nothing is learnt."""

    def __init__(self, year: Year, places: Sequence[Place], size: int) -> None:
        self._year, self._places, self._size = year, places, size

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return _item(*self._cut(index))

    def _cut(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        row, col = self._places[index]
        part = (slice(None), slice(row, row + self._size), slice(col, col + self._size))
        fine, coarse = self._year.fine[part], self._year.coarse[part]
        x, known = network_input(fine[:-1], coarse)
        return x, np.where(known, fine[-1], np.float32(np.nan))


class TrainingTiles(Tiles):
    """Whole batches of the tiles in another order each epoch, or one smaller batch where there are too few.

    Item i of epoch e is the same for the same seed, whatever the order of the calls. A last batch of few tiles would
    shake the batch statistics: its tiles wait for another epoch.
    """

    def __init__(self, year: Year, places: Sequence[Place], size: int, sampling: Sampling) -> None:
        super().__init__(year, places, size)
        self._sampling, self.epoch = sampling, 0

    def __len__(self) -> int:
        count, batch = len(self._places), self._sampling.batch
        return count if count <= batch else count // batch * batch

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        seed = self._sampling.seed
        order = np.random.default_rng((seed, self.epoch)).permutation(len(self._places))
        x, target = self._cut(int(order[index]))
        if self._sampling.augment:
            rng = np.random.default_rng((seed, self.epoch, index))
            quarters, mirrored = int(rng.integers(4)), int(rng.integers(2))
            x, target = (np.rot90(each, quarters, (-2, -1)) for each in (x, target))
            x, target = (each[..., ::-1] if mirrored else each for each in (x, target))
        return _item(x, target)


def _item(x: NDArray[np.float32], target: NDArray[np.float32]) -> dict[str, Tensor]:
    return {
        INPUT: torch.from_numpy(np.ascontiguousarray(x)),
        FINE: torch.from_numpy(np.ascontiguousarray(target)),
    }
