"""Jobs about how right a map is. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..choices import ALLOCATIONS, SAMPLINGS
from ..errors import BadInput
from .base import Job
from .sources import LabelSource

_WIDEST = 100  # px of a boundary (choice)


@dataclass(frozen=True)
class CompareLimits:
    """Which pixels are compared."""

    area: str = ""  # vector file: only pixels inside its polygons; "" = the whole map
    boundary: int = 0  # px: so close to another class of the reference, a pixel is counted apart
    leave_out_missing: bool = False  # pixels whose class the map never names: not compared, where else they are wrong

    def __post_init__(self) -> None:
        if not 0 <= self.boundary <= _WIDEST:
            raise BadInput(f"A boundary of {self.boundary} pixels is none: give 0 to {_WIDEST}.")

    def paths(self) -> tuple[str, ...]:
        """The files that are read."""
        return tuple(filter(None, (self.area,)))


@dataclass(frozen=True)
class ErrorLayers:
    """Layers over all classes, beside the agreement; "" = not asked for."""

    disagreement: str = ""  # which class is taken for which
    sureness: str = ""  # right or wrong, and sure or unsure of it
    confidence: str = ""  # the map's, in per cent: read for the sureness
    sure_above: float = 80.0  # per cent of confidence from which the map is sure (choice)

    def __post_init__(self) -> None:
        if self.sureness and not self.confidence:
            raise BadInput("The map's confidence is needed to tell where it is sure: choose that of the same run.")

    def paths(self) -> tuple[str, ...]:
        """The files that are read."""
        return tuple(filter(None, (self.confidence,)))


@dataclass(frozen=True)
class DiagnoseJob(Job):
    """Crop map + reference (class raster, or polygons with a class field) -> TP/FP/FN layers, agreement, accuracy."""

    kind: ClassVar[str] = "diagnose"
    small_arrays: ClassVar[bool] = True
    entry: ClassVar[str] = "accuracy.diagnosis.job:diagnose"
    writes_rasters = ("layers.disagreement", "layers.sureness")
    writes_files = ("agreement", "report_html", "report_json", "report_csv")
    writes_folders = ("folder",)
    reads = ("class_map", "reference", "limits", "layers", "area_estimate")
    class_map: str
    reference: LabelSource
    folder: str  # per-class layers go here, as diagnosis_<code>_<name>.tif
    agreement: str
    report_html: str
    report_json: str
    report_csv: str
    mapping: tuple[tuple[str, str], ...] = ()  # (reference value, map class), over the legend's own names and aliases
    area_estimate: str = ""  # the JSON of area_estimate for this map: its hectares and intervals stand in the report
    map_crs: str = ""  # authority id or WKT that the user gave the map; "" = the file's own
    limits: CompareLimits = CompareLimits()
    layers: ErrorLayers = ErrorLayers()

    def __post_init__(self) -> None:
        if not self.class_map:
            raise BadInput("A crop map and a reference are needed: choose both.")
        self.reference.check_one_class("reference")


@dataclass(frozen=True)
class DeclaredParcels:
    """Outlines of parcels, and what was declared for them, if anything."""

    path: str  # vector file of polygons
    layer: str = ""  # inside it; "" = the first
    declared_field: str = ""  # the crop that was declared; "" = none
    id_field: str = ""  # tells the parcels apart; "" = their shapes do
    crs: str = ""  # authority id or WKT that the user gave the layer; "" = the file's own

    def __post_init__(self) -> None:
        if not self.path:
            raise BadInput("No parcels were given: choose a vector file of polygons.")

    def paths(self) -> tuple[str, ...]:
        """Of the files that are read."""
        return (self.path,)


@dataclass(frozen=True)
class MapRasters:
    """A crop map and what its run told beside it."""

    class_map: str
    probabilities: str = ""  # a band a class
    valid_dates: str = ""  # number of usable dates
    crs: str = ""  # authority id or WKT that the user gave the map; "" = the file's own

    def __post_init__(self) -> None:
        if not self.class_map:
            raise BadInput("A crop map is needed: choose one.")

    def paths(self) -> tuple[str, ...]:
        """The files that are read."""
        return tuple(filter(None, (self.class_map, self.probabilities, self.valid_dates)))


@dataclass(frozen=True)
class ParcelSummaryJob(Job):
    """Parcels + crop map (and probabilities, valid dates) -> each parcel's crop, its share, doubt, hectares, agreement
    with what was declared."""

    kind: ClassVar[str] = "parcel_summary"
    small_arrays: ClassVar[bool] = True
    entry: ClassVar[str] = "accuracy.parcels.parcel_summary:parcel_summary"
    writes_files = ("summary", "report_html", "report_json", "report_csv")
    reads = ("maps", "parcels")
    maps: MapRasters
    parcels: DeclaredParcels
    summary: str  # GeoPackage
    mapping: tuple[tuple[str, str], ...] = ()  # (declared value, map class)
    report_html: str = ""  # accuracy of the parcels, where they were declared; "" = not asked for
    report_json: str = ""
    report_csv: str = ""

    def __post_init__(self) -> None:
        check_geopackage("summary", self.summary)


@dataclass(frozen=True)
class CheckDeclarationsJob(Job):
    """Declared parcels + crop map -> a traffic light a parcel, with a stated rate of false alarms."""

    kind: ClassVar[str] = "check_declarations"
    small_arrays: ClassVar[bool] = True
    entry: ClassVar[str] = "accuracy.parcels.check_declarations:check_declarations"
    writes_files = ("checked", "report_html", "report_json", "report_csv")
    reads = ("maps", "parcels")
    maps: MapRasters
    parcels: DeclaredParcels
    checked: str  # GeoPackage
    false_alarms: float = 0.05  # of the right declarations, the share that may turn red
    least_pixels: float = 4.0  # smaller parcels never turn red (choice)
    found_field: str = ""  # the crop that was found on the spot, where somebody was: it sets the limit, and is counted
    mapping: tuple[tuple[str, str], ...] = ()  # (declared or found value, map class)
    report_html: str = ""
    report_json: str = ""
    report_csv: str = ""

    def __post_init__(self) -> None:
        check_geopackage("checked", self.checked)
        if not self.parcels.declared_field:
            raise BadInput("The field with the declared crop is missing: choose it.")
        if not 0 < self.false_alarms < 1:
            raise BadInput(f"A rate of false alarms of {self.false_alarms:g} is none: give one between 0 and 1.")


def check_geopackage(what: str, path: str) -> None:
    """Refuses an output that is none; `what` names it to the user."""
    if not path.lower().endswith(".gpkg"):
        raise BadInput(f"The {what} {path} is no GeoPackage: give its name the ending .gpkg.")


@dataclass(frozen=True)
class SampleDesignJob(Job):
    """Crop map (and parcels) -> a stratified random sample of pixels, or of the parcels, to be looked at: what
    accuracies and areas rest on."""

    kind: ClassVar[str] = "sample_design"
    entry: ClassVar[str] = "accuracy.areas.sample_design:sample_design"
    writes_files = ("sample",)
    reads = ("class_map", "parcels")
    class_map: str
    sample: str  # GeoPackage: the review table, its strata
    size: int = 0  # units; 0 = as many as the standard error asks for
    standard_error: float = 0.01  # of overall accuracy
    expected: float = 0.8  # user's accuracy of a class that `accuracies` does not name
    accuracies: tuple[tuple[str, str], ...] = ()  # (class, user's accuracy that is expected)
    allocation: str = "proportional"
    least: int = 50  # units of each class (Olofsson et al. 2014: 50 to 100)
    seed: int = 0
    parcels: Optional[DeclaredParcels] = None  # the units, in place of pixels
    map_crs: str = ""  # authority id or WKT that the user gave the map; "" = the file's own

    def __post_init__(self) -> None:
        if not self.class_map:
            raise BadInput("A crop map is needed: choose one.")
        check_geopackage("sample", self.sample)
        if self.allocation not in ALLOCATIONS:
            raise BadInput(f"The allocation {self.allocation!r} is unknown: use one of {', '.join(ALLOCATIONS)}.")
        if not 0 < self.standard_error < 0.5:
            raise BadInput(f"A standard error of {self.standard_error:g} is none: give one between 0 and 0.5, as 0.01.")
        if not 0 < self.expected < 1:
            raise BadInput(f"The accuracy {self.expected:g} cannot be expected: give one between 0 and 1, as 0.8.")
        if self.size < 0 or self.least < 2:
            raise BadInput("A sample needs at least two units of each class, or no error can be told: ask for more.")


@dataclass(frozen=True)
class AreaEstimateJob(Job):
    """Looked-at sample -> accuracies and areas of the crops in hectares, each with its 95 % interval."""

    kind: ClassVar[str] = "area_estimate"
    entry: ClassVar[str] = "accuracy.areas.area_estimate:area_estimate"
    writes_files = ("report_html", "report_json", "report_csv")
    reads = ("sample", "class_map")
    sample: LabelSource  # points or parcels; without a class field, the review table with its answers
    report_html: str
    report_json: str
    report_csv: str
    class_map: str = ""  # where the strata of the sample, or its mapped classes, are not told by the sample itself
    sampling: str = "stratified"
    mapping: tuple[tuple[str, str], ...] = ()  # (class of the sample, map class)
    map_crs: str = ""

    def __post_init__(self) -> None:
        if not self.sample.path:
            raise BadInput("A sample is needed: choose one.")
        if self.sampling not in SAMPLINGS:
            raise BadInput(f"The sampling {self.sampling!r} is unknown: use one of {', '.join(SAMPLINGS)}.")
