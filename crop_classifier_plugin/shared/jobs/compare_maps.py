"""Jobs about several maps of one place. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Optional

from ..errors import BadInput
from .base import Job
from .sources import LabelSource

MOST_MAPS = 12  # each pair of them is held against each other, and a table has to be read (choice)


@dataclass(frozen=True)
class ClassMap:
    """A crop map as the user gave it."""

    path: str
    crs: str = ""  # authority id or WKT that the user gave the map; "" = the file's own

    def __post_init__(self) -> None:
        if not self.path:
            raise BadInput("A crop map is needed: choose one.")

    @property
    def name(self) -> str:
        """As it is called in sentences."""
        return Path(self.path).name

    def paths(self) -> tuple[str, ...]:
        """The files that are read."""
        return (self.path,)


@dataclass(frozen=True)
class CompareMapsJob(Job):
    """Crop maps of one place (and a reference) -> their figures on exactly the same pixels, their agreement with each
    other, and which of two is right more often than chance would have it."""

    kind: ClassVar[str] = "compare_maps"
    entry: ClassVar[str] = "accuracy.side_by_side.compare_maps:compare_maps"
    writes_files = ("report_html", "report_json", "report_csv")
    reads = ("maps", "reference", "area")
    maps: tuple[ClassMap, ...]  # all are read on the grid of the first
    report_html: str
    report_json: str
    report_csv: str
    reference: Optional[LabelSource] = None
    mapping: tuple[tuple[str, str], ...] = ()  # (class of a map or of the reference, class of the first map)
    area: str = ""  # vector file: only pixels inside its polygons; "" = the whole first map

    def __post_init__(self) -> None:
        if not 2 <= len(self.maps) <= MOST_MAPS:
            given = {0: "none was", 1: "one was"}.get(len(self.maps), f"{len(self.maps)} were")
            raise BadInput(f"Two to {MOST_MAPS} crop maps can be compared, {given} given: choose as many.")
        if len({each.path for each in self.maps}) < len(self.maps):
            raise BadInput("A crop map was given twice: give each once.")
        if self.reference is not None:
            self.reference.check_one_class("reference")


@dataclass(frozen=True)
class MapChangeJob(Job):
    """Crop maps of two seasons -> a raster of what became what, and the hectares from each crop to each."""

    kind: ClassVar[str] = "map_change"
    entry: ClassVar[str] = "accuracy.side_by_side.map_change:map_change"
    writes_rasters = ("change",)
    writes_files = ("report_html", "report_json", "report_csv")
    reads = ("before", "after", "area")
    before: ClassMap
    after: ClassMap  # read on the grid of the map before
    change: str
    report_html: str = ""  # "" = not asked for
    report_json: str = ""
    report_csv: str = ""
    mapping: tuple[tuple[str, str], ...] = ()  # (class of the map after, class of the map before)
    area: str = ""  # vector file: only pixels inside its polygons; "" = the whole map

    def __post_init__(self) -> None:
        if self.before.path == self.after.path:
            raise BadInput("The map before and the map after are the same file: choose two.")
