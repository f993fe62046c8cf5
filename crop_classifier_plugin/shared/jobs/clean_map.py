"""The clean_map job. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..choices import CLEANINGS
from ..errors import BadInput
from .accuracy import DeclaredParcels, MapRasters
from .base import Job
from .sources import LabelSource, one_of


@dataclass(frozen=True)
class Cleaning:
    """What is done to the classes."""

    method: str = "sieve"
    least_hectares: float = 0.1  # sieve: smaller regions go
    size: int = 5  # px of the square around a pixel: majority, bayes
    smoothness: float = 10.0  # bayes: variance that a class's logits are trusted with (bayesEO's default)

    def __post_init__(self) -> None:
        one_of("cleaning", self.method, CLEANINGS)
        if self.size < 3 or self.size % 2 == 0:
            raise BadInput(f"A square of {self.size} pixels has no middle: give an odd number of at least 3.")
        if not self.least_hectares > 0:
            raise BadInput(f"Regions below {self.least_hectares:g} ha are none: give hectares above 0, as 0.1.")
        if not self.smoothness > 0:
            raise BadInput(f"A smoothness of {self.smoothness:g} is none: give a number above 0, as 10.")


@dataclass(frozen=True)
class FieldMask:
    """What is a field: the rest of the map becomes no data."""

    only_parcels: bool = False  # what lies in no parcel is no field
    land_cover: str = ""  # class raster, in any grid
    not_fields: tuple[str, ...] = ()  # names or codes of the land cover that are no fields

    def __post_init__(self) -> None:
        if bool(self.land_cover) != bool(self.not_fields):
            raise BadInput("A land cover and its classes that are no fields go together: give both, or neither.")

    def paths(self) -> tuple[str, ...]:
        """The files that are read."""
        return tuple(filter(None, (self.land_cover,)))


@dataclass(frozen=True)
class CleanMapJob(Job):
    """Crop map -> a cleaner one: small regions, single pixels, parcels, what is no field; its accuracy before and
    after, where a reference is given."""

    kind: ClassVar[str] = "clean_map"
    small_arrays: ClassVar[bool] = True
    entry: ClassVar[str] = "accuracy.cleaning.clean_map:clean_map"
    writes_rasters = ("cleaned",)
    writes_files = ("report_html", "report_json", "report_csv")
    reads = ("maps", "parcels", "field_mask", "reference")
    maps: MapRasters
    cleaned: str
    cleaning: Cleaning = Cleaning()
    field_mask: FieldMask = FieldMask()
    parcels: Optional[DeclaredParcels] = None
    reference: Optional[LabelSource] = None
    mapping: tuple[tuple[str, str], ...] = ()  # (reference value, map class)
    report_html: str = ""
    report_json: str = ""
    report_csv: str = ""

    def __post_init__(self) -> None:
        if self.parcels is None and (self.cleaning.method == "parcels" or self.field_mask.only_parcels):
            raise BadInput("Parcels are needed to go by them: choose a layer of polygons.")
        if self.cleaning.method == "bayes" and not self.maps.probabilities:
            raise BadInput("Class probabilities are needed to smooth them: choose those of the same run as the map.")
        if self.reference is not None:
            self.reference.check_one_class("reference")
