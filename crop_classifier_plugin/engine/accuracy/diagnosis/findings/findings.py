"""All that a diagnosis finds out beside the matrix: gathered while the comparison counts, told as JSON knows it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasterio.warp import transform

from .....shared.errors import BadInput, BadRaster
from .....shared.jobs.accuracy import DiagnoseJob
from ....access.rasters import open_raster
from ....raster.geodesy import LONLAT
from ....raster.grid import Grid
from ....raster.writer import GDAL_ERRORS
from ....reporting.templates import defined
from ...confusion import Confusion
from ..comparison import Comparison, Watcher
from .blocks import Blocks, Intervals
from .hectares import Estimate, read_estimate
from .holes import HoleCount, Holes
from .map_record import map_record
from .parcels import ParcelCounts, ParcelTally
from .pictures import MapPicture, densest_place, thumbnail
from .wrong_regions import WrongRegion, WrongRegions

_MOST_CONFUSIONS = 5


@dataclass(frozen=True)
class Mistake:
    """One class taken for another: positions, and where it is densest."""

    reference: int
    mapped: int
    pixels: int
    here: int  # pixels in the square that has most of them
    place: tuple[int, int]  # row, column
    picture: str  # data URI


@dataclass(frozen=True, eq=False)
class Findings:
    """Positions are among all compared classes."""

    intervals: Intervals  # of the used classes
    mistakes: tuple[Mistake, ...]
    regions: tuple[WrongRegion, ...]
    sure: bool  # whether the regions are those in which the map was sure
    parcels: ParcelCounts | None
    holes: Holes
    picture: str  # of the map: data URI
    estimate: dict[str, Estimate] | None  # hectares by plain class name
    record: dict[str, Any] | None  # how the map was made


class Gathering:
    """The watchers of one comparison. Use it in a `with`: it holds the map's confidence open."""

    def __init__(self, job: DiagnoseJob, comparison: Comparison) -> None:
        """Raises BadInput for an area estimate that is none, or a confidence of another grid; BadRaster."""
        grid = comparison.crop_map.grid
        self._comparison, self._job = comparison, job
        self._estimate = read_estimate(job.area_estimate) if job.area_estimate else None
        self._exits = ExitStack()
        path = job.layers.confidence
        confidence = self._exits.enter_context(_confidence(path, grid)) if path else None
        self._blocks, self._holes, self._picture = Blocks(grid), HoleCount(grid), MapPicture(grid)
        self._regions = WrongRegions(grid, confidence, job.layers.sure_above)
        reference = comparison.reference
        parcels = reference.has_parcels and not reference.are_points
        self._parcels = ParcelTally(reference, grid.width) if parcels else None

    def __enter__(self) -> Gathering:
        return self

    def __exit__(self, *error: object) -> None:
        self._exits.close()

    @property
    def watchers(self) -> list[Watcher]:
        watchers: list[Watcher] = [self._blocks, self._holes, self._picture, self._regions]
        return watchers + ([self._parcels] if self._parcels else [])

    def findings(self, confusion: Confusion, used: list[int]) -> Findings:
        """When all was counted. `used`: the classes of the report, by position."""
        classes = self._comparison.classes.all
        return Findings(
            self._blocks.intervals(used),
            tuple(self._mistakes(confusion)),
            tuple(self._regions.largest),
            bool(self._job.layers.confidence),
            self._parcels.counts(len(classes)) if self._parcels else None,
            self._holes.holes,
            self._picture.uri(classes),
            self._estimate,
            map_record(self._job.class_map),
        )

    def _mistakes(self, confusion: Confusion) -> list[Mistake]:
        """The largest cells beside the diagonal."""
        wrong = confusion.n.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_CONFUSIONS]
        cells = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, wrong.shape))]
        return [self._mistake(pair, int(wrong[pair])) for pair in cells if wrong[pair]]

    def _mistake(self, pair: tuple[int, int], pixels: int) -> Mistake:
        densest = self._blocks.densest(*pair)
        place = densest_place(self._comparison, densest.window, pair)
        return Mistake(*pair, pixels, densest.pixels, place, thumbnail(self._comparison, place, pair))


def _confidence(path: str, grid: Grid) -> Any:
    try:
        file = open_raster(path)
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None
    if (file.height, file.width) != (grid.height, grid.width):
        file.close()
        raise BadInput(f"{path} is of another size than the map: give the confidence of the same run.")
    return file


def place_of(grid: Grid, row: int, col: int) -> dict[str, float | None]:
    """The middle of a pixel in the map's system and in degrees, None where that has none."""
    x, y = grid.transform @ (col + 0.5, row + 0.5)
    try:
        longitude, latitude = (side[0] for side in transform(grid.crs, LONLAT, [x], [y]))
    except GDAL_ERRORS:
        longitude = latitude = float("nan")
    degrees = {"longitude": round(float(longitude), 6), "latitude": round(float(latitude), 6)}
    return {"x": float(x), "y": float(y)} | {name: defined(value) for name, value in degrees.items()}
