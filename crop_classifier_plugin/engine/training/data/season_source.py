"""A labelled season as a classification reads it: with all there is of the series around it, whatever its extent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...raster.grid import Grid, Window


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The series without its extent, of which a window within reach of the extent's tiles is held."""

    grid: Grid
    window: Window
    image: NDArray[np.float32]  # (T,C,h,w) of the window; NaN marks no data

    def inner(self, grid: Grid) -> Window:
        """Where a grid on the same lattice lies in the image."""
        return self.grid.window_of(grid).shifted(-self.window.row, -self.window.col)


@dataclass(frozen=True, eq=False)
class SeasonSource:
    """What the tile pipeline reads of a season."""

    around: Surroundings
    part: Window  # of the grid, where the season lies
    days: NDArray[np.int64]  # (T,) day of the year, 0..365
    present: NDArray[np.bool_]  # (T,): the date has a scene

    @property
    def grid(self) -> Grid:
        return self.around.grid

    @property
    def shape(self) -> tuple[int, int]:
        return self.grid.height, self.grid.width

    def read(self, window: Window) -> NDArray[np.float32]:
        """(T,C,h,w); a copy."""
        held = self.around.window
        rows, cols = window.shifted(-held.row, -held.col).slices
        cube = np.array(self.around.image[:, :, rows, cols])
        cube[~self.present] = np.nan
        return cube

    def inside(self, window: Window) -> Window:
        """What of a window of the grid lies on the season, as a window of the season."""
        return window.shifted(-self.part.row, -self.part.col).clipped(self.part.height, self.part.width)


def grown(widest: Grid, grid: Grid, margin: int) -> Window:
    """The window of the widest grid that reaches `margin` px around another on its lattice."""
    inner = widest.window_of(grid)
    wide = Window(inner.row - margin, inner.col - margin, inner.height + 2 * margin, inner.width + 2 * margin)
    return wide.clipped(widest.height, widest.width)
