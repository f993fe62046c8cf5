"""Tiles: overlapping squares that cover a raster, and the weights that blend them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...shared.cards.parts import TilingSpec
from ...shared.errors import BadInput
from .grid import Window

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Tiling:
    """Squares of `size` px that overlap by `overlap`; the outermost `margin` px of a tile are never used.

    The lattice starts `margin` px outside the raster, so that edge pixels have context (reflected) like all others.
    Law: with margin >= the radius by which a network's values travel, tiles blended equal the whole raster at once.
    """

    size: int
    overlap: int
    margin: int

    def __post_init__(self) -> None:
        if not 0 <= self.overlap <= self.size // 2:
            raise BadInput(f"The overlap of {self.overlap} px must lie between 0 and half the tile ({self.size} px).")
        if not 0 <= 2 * self.margin <= max(self.overlap - 1, 0):
            raise BadInput(
                f"The margin of {self.margin} px leaves nothing of an overlap of {self.overlap} px to blend."
            )

    @classmethod
    def for_network(cls, size: int, overlap: int, radius: int) -> Tiling:
        """The margin is the network's radius where the overlap has room for it, else a quarter of it (choice)."""
        fits = radius > 0 and 2 * radius + 1 <= overlap
        return cls(size, overlap, radius if fits else overlap // 4)

    @classmethod
    def of(cls, spec: TilingSpec) -> Tiling:
        """The tiles that a card asks for: the one way to cut a raster for a model."""
        return cls.for_network(spec.tile, spec.overlap, spec.receptive_radius)

    @property
    def stride(self) -> int:
        return self.size - self.overlap

    def starts(self, length: int) -> list[int]:
        """First row (or column) of each tile along an axis of `length` px; every pixel lies inside some margin."""
        count = 1
        while -self.margin + (count - 1) * self.stride + self.size - self.margin < length:
            count += 1
        return [-self.margin + i * self.stride for i in range(count)]

    def centres(self, length: int) -> list[tuple[int, int]]:
        """Of each tile the pixels [first, end) of the axis where it weighs most; each pixel is in one of them."""
        middles = [start + self.overlap // 2 for start in self.starts(length)[1:]]
        return list(zip([0, *middles], [*middles, length]))

    def used(self, row: int, col: int, shape: tuple[int, int]) -> Window:
        """The pixels of the raster that the tile at (row, col) says something of."""
        inner = self.size - 2 * self.margin
        return Window(row + self.margin, col + self.margin, inner, inner).clipped(*shape)

    def touching(self, length: int, span: tuple[int, int]) -> list[int]:
        """Starts of the tiles along an axis whose used part touches the pixels [first, end)."""
        inner = self.size - self.margin
        return [s for s in self.starts(length) if s + inner > span[0] and s + self.margin < span[1]]

    def ramp(self) -> NDArray[np.float32]:
        """(size,) float32 weights: 0 in the margin, rising over the rest of the overlap, 1 inside.

        Neighbouring tiles' weights sum to 1 at each pixel they share.
        """
        distance = np.minimum(np.arange(self.size), np.arange(self.size)[::-1]) - self.margin
        width = max(self.overlap - 2 * self.margin, 1)
        return np.clip((distance + 0.5) / width, 0, 1).astype(np.float32)

    def weights(self) -> NDArray[np.float32]:
        """(size, size) float32."""
        ramp = self.ramp()
        return np.outer(ramp, ramp)


def reflected(start: int, size: int, length: int) -> NDArray[np.int64]:
    """Indices into an axis of `length` px for positions start..start+size-1, mirrored at both ends.

    The end pixel itself is not repeated, as in numpy's pad mode 'reflect'; works for any distance outside.
    """
    positions = np.arange(start, start + size)
    if length == 1:
        return np.zeros(size, np.int64)
    period = 2 * (length - 1)
    folded = np.mod(positions, period)
    return np.where(folded < length, folded, period - folded).astype(np.int64)


def mirrored(read: Callable[[Window], NDArray[Scalar]], window: Window, shape: tuple[int, int]) -> NDArray[Scalar]:
    """(...,h,w): what `read` gives of a raster of this shape in a window anywhere on, or over the edge of, it; beyond
    the edge the raster is mirrored."""
    rows, cols = reflected(window.row, window.height, shape[0]), reflected(window.col, window.width, shape[1])
    inside = window_of(rows, cols)
    pixels = read(inside)
    if inside == window:
        return pixels
    return pixels[..., (rows - inside.row)[:, None], (cols - inside.col)[None, :]]


def strips(width: int, limit: int) -> list[tuple[int, int]]:
    """Column ranges of at most `limit` px that cover `width` px, about equally wide."""
    count = -(-width // limit)
    edges = [round(i * width / count) for i in range(count + 1)]
    return list(zip(edges, edges[1:]))


def window_of(rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Window:
    """The smallest window that holds all these rows and columns."""
    return Window(int(rows.min()), int(cols.min()), int(rows.max() - rows.min()) + 1, int(cols.max() - cols.min()) + 1)
