"""How much of a map says nothing, and what would fill it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....labels.constants import NO_DATA
from ....raster.grid import Grid
from ....raster.pixel_area import pixel_areas
from ..comparison import Seen

MANY = 0.1  # of the area without a class: a warning (choice)
FILLING = (
    "What fills holes: the other scenes of the model's dates (classify with fill), more scenes of them (search "
    "scenes), or a composite over longer stretches of days (composite) in place of single scenes."
)


@dataclass(frozen=True)
class Holes:
    """Of the map, or of the area asked for."""

    pixels: int
    of: int  # pixels
    hectares: float  # NaN in a system without an ellipsoid

    @property
    def share(self) -> float:
        return self.pixels / self.of if self.of else float("nan")


class HoleCount:
    """Counts pixels without a class."""

    def __init__(self, grid: Grid) -> None:
        self._areas = pixel_areas(grid)
        self._pixels = self._of = 0
        self._hectares = 0.0

    def see(self, seen: Seen) -> None:
        """Counts the window's."""
        empty = int(np.count_nonzero((seen.mapped == NO_DATA) & ~seen.outside))
        self._pixels += empty
        self._of += seen.outside.size - int(np.count_nonzero(seen.outside))
        self._hectares += empty * self._areas.of(seen.window) if empty else 0.0

    @property
    def holes(self) -> Holes:
        return Holes(self._pixels, self._of, self._hectares)
