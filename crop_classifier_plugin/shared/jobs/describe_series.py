"""The describe_series job. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..devices import AUTO, DEVICES
from ..errors import BadInput
from .base import Job
from .sources import Series, one_of


@dataclass(frozen=True)
class DescribeSeriesJob(Job):
    """Series (and models) -> what is read of it, which models fit and why others do not, and what a run would take."""

    kind: ClassVar[str] = "describe_series"
    entry: ClassVar[str] = "inference.describe_series:describe_series"
    writes_files = ("report_json", "report_csv")
    writes_folders = ("thumbnails",)
    reads = ("optical", "radar", "candidates", "model")
    optical: Optional[Series]
    radar: Optional[Series] = None
    candidates: tuple[str, ...] = ()  # model folders that are held against the series
    model: str = ""  # folder of the model whose run is foreseen: pixels, time, memory, holes; "" = none
    fill: bool = False  # as in a classification
    clear: bool = True  # whether each date's clear share is counted, which reads samples of its pixels
    device: str = AUTO
    report_json: str = ""
    report_csv: str = ""  # one row a date
    thumbnails: str = ""  # folder for a picture of the area's middle on each date

    def __post_init__(self) -> None:
        one_of("device", self.device, DEVICES)
        if not (self.optical or self.radar):
            raise BadInput("No raster was given: choose the dated scenes of the season.")
        if not (self.report_json or self.report_csv):
            raise BadInput("No output was named: say where the description goes, as JSON or as CSV.")
