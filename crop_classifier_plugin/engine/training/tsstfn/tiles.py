"""What TSSTFN learns from: a year's images in files, the tiles cut of them, and which of these choose the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...execution.reporter import Reporter
from ...execution.scratch import check_room, disk_array
from ...fusion.image_pairs import Images
from ...fusion.tsstfn.predictor import network_input
from ...raster.writer import BLOCK
from ...splits.tiles import Origin

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
    check_room(folder, shape[0] * shape[1] * (2 * count * 4 + 1))
    year = Year(
        disk_array(folder / "fine.f4", (count, *shape), np.float32),
        disk_array(folder / "coarse.f4", (count, *shape), np.float32),
        disk_array(folder / "valid.u1", shape, np.bool_),
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
class Sampling:
    """In which order, and how, tiles are shown."""

    batch: int
    seed: int
    augment: bool = False  # turned and mirrored at random


class Tiles:
    """Every tile in order: `INPUT` (n+1, 2, size, size) and `FINE`, the target's fine image (size, size), NaN where
    nothing is learnt."""

    def __init__(self, year: Year, origins: Sequence[Origin], size: int) -> None:
        self._year, self._origins, self._size = year, origins, size

    def __len__(self) -> int:
        return len(self._origins)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return _item(*self._cut(index))

    def _cut(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        row, col = self._origins[index]
        part = (slice(None), slice(row, row + self._size), slice(col, col + self._size))
        fine, coarse = self._year.fine[part], self._year.coarse[part]
        x, known = network_input(fine[:-1], coarse)
        return x, np.where(known, fine[-1], np.float32(np.nan))


class TrainingTiles(Tiles):
    """Whole batches of the tiles in another order each epoch, or one smaller batch where there are too few.

    Item i of epoch e is the same for the same seed, whatever the order of the calls. A last batch of few tiles would
    shake the batch statistics: its tiles wait for another epoch.
    """

    def __init__(self, year: Year, origins: Sequence[Origin], size: int, sampling: Sampling) -> None:
        super().__init__(year, origins, size)
        self._sampling, self.epoch = sampling, 0

    def __len__(self) -> int:
        count, batch = len(self._origins), self._sampling.batch
        return count if count <= batch else count // batch * batch

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        seed = self._sampling.seed
        order = np.random.default_rng((seed, self.epoch)).permutation(len(self._origins))
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
