"""The job that multiplies a raster."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import BadInput
from .base import Job
from .sources import SceneSource


@dataclass(frozen=True)
class TinyMapJob(Job):
    """Raster -> the same, multiplied."""

    kind = "tiny_map"
    entry = "accuracy.tiny_map:tiny_map"
    writes_rasters = ("output",)
    reads = ("raster",)
    raster: SceneSource
    output: str
    factor: float = 2.0

    def __post_init__(self) -> None:
        if not self.output:
            raise BadInput("No output was named: say where the raster goes.")
