"""Where a model learnt: it is surer of these parcels than of others, so that no calibration rests on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from ....shared.cards.card import Card
from ...execution.reporter import Reporter
from ...raster.geodesy import degrees_of
from ...raster.grid import Grid
from ...series.cube.model_series import ModelSeries
from ...splits.parcel_overlap import LEARNT, AssignedParcels, ParcelIndex
from ...splits.split_file import SPLIT_FILE, SplitUnusable, read_split
from .labelled_map import LabelledMap


class LearntGround:
    """The parcels that a model learnt from in the season of a series. In another season they are new to it, and so is
    invented ground, which all simulations share."""

    def __init__(self, model: str, card: Card, labelled: LabelledMap, reporter: Reporter) -> None:
        self._index: ParcelIndex | None = None
        self._parcels: NDArray[np.int64] = np.zeros(0, np.int64)  # those that a point was learnt from lies in
        self.pixels = 0  # labelled ones that were left out
        if labelled.simulated or card.training.simulated or not _meets(card, labelled.series):
            return
        try:
            found = read_split(Path(model) / SPLIT_FILE, card.training.simulated)
        except SplitUnusable as error:
            reporter.log(
                f"The model was trained in the place and season of this series, and its {SPLIT_FILE} {error}: where "
                "it learnt is not known. Give labels of parcels that it did not learn from, else it looks surer than "
                "it is right.",
                "warning",
            )
            return
        self._index = ParcelIndex(found.grounds, labelled.grid, False)
        self._parcels = np.unique([labelled.parcel_at(x, y) for x, y in _points(found.grounds, labelled.grid)])

    def fresh(self, place: Grid, labelled: NDArray[np.bool_], parcel: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(H, W) the labelled pixels of a part of the grid that the model did not learn from."""
        if self._index is None:
            return labelled
        left = labelled & ~self._index.burnt(place, LEARNT) & ~np.isin(parcel, self._parcels)
        self.pixels += int(labelled.sum() - left.sum())
        return left

    def tell(self, reporter: Reporter) -> None:
        """How much was left out."""
        if self.pixels:
            reporter.log(f"{self.pixels:,} labelled px were left out: the model learnt from parcels there.")


def _points(grounds: Sequence[AssignedParcels], grid: Grid) -> list[tuple[float, float]]:
    """Of parcels that were learnt from and whose outlines are not known: a place inside each."""
    found: list[tuple[float, float]] = []
    for ground in grounds:
        here = ground.on(grid)
        shapes = here.shapes[np.isin(here.parts, LEARNT)]
        dots = shapes[shapely.area(shapes) == 0]
        found += list(zip(shapely.get_x(dots).tolist(), shapely.get_y(dots).tolist()))
    return found


def _meets(card: Card, series: ModelSeries) -> bool:
    """Whether place and season are among those of the training, or not known not to be."""
    seasons, places = card.training.known_seasons, card.training.known_places
    box = degrees_of(series.grid.crs, series.grid.bounds)
    then = not seasons or any(first <= day <= last for first, last in seasons for day in series.dates)
    return then and (not places or box is None or any(_share(box, place) for place in places))


def _share(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes of degrees share ground; those across 180 are taken to."""
    if one[0] > one[2] or other[0] > other[2]:
        return True
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
