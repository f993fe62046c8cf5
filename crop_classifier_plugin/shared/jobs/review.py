"""Jobs about looking at a map unit by unit. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..choices import GAINS
from ..errors import BadInput
from .accuracy import DeclaredParcels, MapRasters, check_geopackage
from .base import Job
from .sources import LabelSource, one_of


@dataclass(frozen=True)
class ReviewListJob(Job):
    """Crop map + parcels, or a reference -> the units to look at, those first where a look gains most."""

    kind: ClassVar[str] = "review_list"
    small_arrays: ClassVar[bool] = True
    entry: ClassVar[str] = "accuracy.review.review_list:review_list"
    writes_files = ("review",)
    reads = ("maps", "parcels", "reference")
    maps: MapRasters
    review: str  # GeoPackage: the review table
    parcels: Optional[DeclaredParcels] = None
    reference: Optional[LabelSource] = None  # without parcels: units are where the map differs from it
    gain: str = "hectares"
    most: int = 0  # units in the list; 0 = all
    least_pixels: float = 4.0  # smaller regions of disagreement are left out (choice)
    declared_right: float = 0.9  # share of declarations that are right, as far as is known (choice)
    mapping: tuple[tuple[str, str], ...] = ()  # (declared or reference value, map class)

    def __post_init__(self) -> None:
        check_geopackage("review list", self.review)
        one_of("gain", self.gain, GAINS)
        if (self.parcels is None) == (self.reference is None):
            raise BadInput("Units to look at are parcels, or where the map differs from a reference: give one of both.")
        if self.reference is not None:
            self.reference.check_one_class("reference")
        if not 0 < self.declared_right < 1:
            raise BadInput(f"A share of {self.declared_right:g} right declarations is none: give one between 0 and 1.")
        if self.most < 0:
            raise BadInput(f"A list of {self.most} units is none: give 0 for all of them.")


@dataclass(frozen=True)
class ApplyReviewJob(Job):
    """Crop map + answered review -> corrected map, cleaned labels, and what the review changed."""

    kind: ClassVar[str] = "apply_review"
    small_arrays: ClassVar[bool] = True
    entry: ClassVar[str] = "accuracy.review.apply_review:apply_review"
    writes_rasters = ("corrected",)
    writes_files = ("labels", "cleaned_labels", "report_html", "report_json", "report_csv")
    reads = ("class_map", "review")
    class_map: str
    review: str  # GeoPackage with the review table
    corrected: str  # crop map
    labels: str  # GeoPackage: the answered units with the class that they have
    cleaned_labels: str = ""  # GeoPackage: all units, as answered, else as declared: for the next training
    report_html: str = ""
    report_json: str = ""
    report_csv: str = ""
    other_map: bool = False  # answers made on another map are applied to this one
    map_crs: str = ""  # authority id or WKT that the user gave the map; "" = the file's own

    def __post_init__(self) -> None:
        if not self.class_map or not self.review:
            raise BadInput("A crop map and an answered review are needed: choose both.")
        check_geopackage("labels", self.labels)
        if self.cleaned_labels:
            check_geopackage("cleaned labels", self.cleaned_labels)
