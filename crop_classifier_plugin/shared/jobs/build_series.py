"""The job that builds a series. Standard library only: both sides import it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from ..errors import BadInput
from .base import Job
from .sources import Series


@dataclass(frozen=True)
class BuildSeriesJob(Job):
    """Layers of any kind -> one analysis-ready series, and the table of what it is made of; or the table alone."""

    kind: ClassVar[str] = "build_series"
    entry: ClassVar[str] = "series.operations.build.job:build_series"
    writes_rasters = ("output",)
    writes_files = ("vrt", "table")
    reads = ("series", "reference")
    series: Series
    output: str = ""  # cloud-optimised GeoTIFF
    vrt: str = ""  # VRT over the files themselves, without masks
    table: str = ""  # CSV; "" = beside the output
    bands: tuple[str, ...] = ()  # () = those of the most complete scene
    resolution: float = 0.0  # pixel size in the unit of the CRS; 0 = that of the finest band
    crs: str = ""  # authority id or WKT; "" = that of the finest band
    reference: str = ""  # raster whose grid is taken, in place of resolution and CRS
    max_gap: int = 30  # days without a scene that are told; 0 = none

    def __post_init__(self) -> None:
        if not (self.output or self.vrt or self.table):
            raise BadInput("No output was named: say where the series goes, or at least its table.")
        if not (0 <= self.resolution < math.inf and 0 <= self.max_gap < math.inf):
            raise BadInput("The resolution and the longest gap are numbers of at least 0.")
        if self.reference and (self.resolution or self.crs):
            raise BadInput(
                "The reference layer gives the grid: leave the resolution and the CRS empty, or leave it out."
            )
        if self.vrt and (self.resolution or self.crs or self.reference):
            raise BadInput("A VRT keeps the grid of its files: ask for a GeoTIFF to have another one.")
