"""Scenes that reach only parts of a field of 40 x 56 px, and the same as plain arrays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from affine import Affine
from hypothesis import strategies as st

from kits.rasters import write_raster

HEIGHT, WIDTH = 40, 56
BANDS = ("B04", "B08")
LEFT, TOP = 500_000, 5_650_000
FIRST = dt.date(2024, 4, 1)

Rectangle = tuple[int, int, int, int]  # row, col, height, width


def place(row: int, col: int) -> Affine:
    return Affine(10, 0, LEFT + 10 * col, 0, -10, TOP - 10 * row)


@dataclass(frozen=True, eq=False)
class Picture:
    """One image of a day."""

    day: int
    where: Rectangle
    seed: int

    @property
    def values(self) -> np.ndarray:
        """(2, h, w) uint16."""
        return np.random.default_rng(self.seed).integers(300, 5000, (2, *self.where[2:])).astype(np.uint16)

    @property
    def cloud(self) -> np.ndarray:
        """(h, w) bool."""
        return np.random.default_rng(self.seed + 1).random(self.where[2:]) < 0.3

    def write(self, folder: Path, name: str) -> Path:
        """With the mask as a band of its own."""
        mask = np.where(self.cloud, 9, 4).astype(np.uint16)[None]
        path = folder / f"{name}_{self.date:%Y%m%d}.tif"
        data = np.concatenate([self.values, mask])
        return write_raster(path, data, names=(*BANDS, "SCL"), nodata=0, transform=place(*self.where[:2]))

    @property
    def date(self) -> dt.date:
        return FIRST + dt.timedelta(self.day)

    def on_field(self) -> np.ndarray:
        """(2, HEIGHT, WIDTH) float32, NaN outside it and where it is cloud."""
        row, col, height, width = self.where
        found = np.full((2, HEIGHT, WIDTH), np.nan, np.float32)
        found[:, row : row + height, col : col + width] = np.where(self.cloud, np.nan, self.values)
        return found


@dataclass(frozen=True, eq=False)
class Field:
    """Pictures of several days, at most one at a place and day."""

    pictures: tuple[Picture, ...]
    days: list[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "days", sorted({p.day for p in self.pictures}))

    def write(self, folder: Path) -> list[Path]:
        return [p.write(folder, f"p{n}") for n, p in enumerate(self.pictures)]

    @property
    def hull(self) -> tuple[slice, slice]:
        """Rows and columns of all that any picture covers."""
        boxes = np.array([p.where for p in self.pictures])
        (row, col), (bottom, right) = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
        return slice(row, bottom), slice(col, right)

    def cube(self) -> np.ndarray:
        """(T, 2, HEIGHT, WIDTH): where pictures of a day overlap, of the first that is clear."""
        cube = np.full((len(self.days), 2, HEIGHT, WIDTH), np.nan, np.float32)
        for picture in self.pictures:
            into = cube[self.days.index(picture.day)]
            np.copyto(into, picture.on_field(), where=np.isnan(into))
        return cube


@st.composite
def rectangles(draw: st.DrawFn) -> Rectangle:
    row, col = draw(st.integers(0, HEIGHT - 4)), draw(st.integers(0, WIDTH - 4))
    return row, col, draw(st.integers(4, HEIGHT - row)), draw(st.integers(4, WIDTH - col))


@st.composite
def fields(draw: st.DrawFn) -> Field:
    """One picture a day, somewhere."""
    days = draw(st.lists(st.integers(0, 80), min_size=1, max_size=4, unique=True))
    return Field(tuple(Picture(day, draw(rectangles()), draw(st.integers(0, 999))) for day in days))
