"""Jobs about how right a map is. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..errors import BadInput
from .base import Job
from .sources import LabelSource


@dataclass(frozen=True)
class DiagnoseJob(Job):
    """Crop map + reference (class raster, or polygons with a class field) -> TP/FP/FN layers, agreement, accuracy."""

    kind: ClassVar[str] = "diagnose"
    entry: ClassVar[str] = "accuracy.diagnosis.job:diagnose"
    writes_files = ("agreement", "report_html", "report_json", "report_csv")
    writes_folders = ("folder",)
    reads = ("class_map", "reference")
    class_map: str
    reference: LabelSource
    folder: str  # per-class layers go here, as diagnosis_<code>_<name>.tif
    agreement: str
    report_html: str
    report_json: str
    report_csv: str
    mapping: tuple[tuple[str, str], ...] = ()  # (reference value, map class), over the legend's own names and aliases
    leave_out_missing: bool = False  # pixels whose class the map never names: not compared, where else they are wrong
    map_crs: str = ""  # authority id or WKT that the user gave the map; "" = the file's own

    def __post_init__(self) -> None:
        if not self.class_map:
            raise BadInput("A crop map and a reference are needed: choose both.")
        self.reference.check_one_class("reference")
