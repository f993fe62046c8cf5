"""The job of the season simulator. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .base import Job


@dataclass(frozen=True)
class SimulateJob(Job):
    """A seeded season: Sentinel-2 (10 and 20 m, SCL), Sentinel-1, MODIS NDVI, truth raster and parcels in `folder`."""

    kind: ClassVar[str] = "simulate_season"
    entry: ClassVar[str] = "simulate.job:simulate"
    writes_folders = ("folder",)
    folder: str
    width: int = 512  # in 10 m pixels; a multiple of 2
    height: int = 512
    year: int = 2024
    seed: int = 1
    dates: tuple[str, ...] = ()  # Sentinel-2 ISO dates; () = every `revisit_days` from March to October
    revisit_days: int = 10
    cloud_share: float = 0.33  # mean share of pixels under cloud or shadow a date
    crs: str = "EPSG:32631"
    corner: tuple[float, float] = (500000.0, 5650000.0)  # upper left, in `crs`
    sentinel1: bool = True
    modis: bool = True
