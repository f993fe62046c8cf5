"""The job that finds clouds where a product brings no mask. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..errors import BadInput
from .base import Job
from .sources import Series


@dataclass(frozen=True)
class CloudMasksJob(Job):
    """Series of Sentinel-2 L1C -> a mask of clouds of each date, one stack; it serves other jobs as mask layer."""

    kind: ClassVar[str] = "cloud_masks"
    entry: ClassVar[str] = "series.operations.cloud_masks.job:cloud_masks"
    writes_rasters = ("output", "probability")
    reads = ("series",)
    series: Series
    output: str  # 1 = cloud, 0 = clear
    probability: str = ""  # of cloud, in percent
    threshold: float = 0.4  # of the mean probability around a pixel, above which it is cloud
    resolution: float = 60.0  # metres; that of the bands of finer pixels is lowered

    def __post_init__(self) -> None:
        if not self.output:
            raise BadInput("No output was named: say where the cloud masks go.")
        if not 0 < self.threshold < 1:
            raise BadInput(f"The threshold {self.threshold:g} is no probability: give one between 0 and 1.")
        if not self.resolution > 0:
            raise BadInput("The resolution is above 0 metres.")
