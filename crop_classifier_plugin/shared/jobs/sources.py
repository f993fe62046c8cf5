"""What jobs are made of: scenes, their dates, masks and places. Standard library only: both sides import this."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Optional

from ..choices import MASKS
from ..class_choice import ClassChoice
from ..errors import BadInput
from .job_values import ANY_NUMBER

_EVERY_CLASS = ClassChoice()
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_DAYS = re.compile(r"(-?\d+)\s*(?:-|\.\.|to)\s*(-?\d+)")
_NEXT_SETTING = re.compile(r"[;\n]|,(?=\s*\w+\s*=)")  # a comma inside a value parts its numbers


def one_of(what: str, value: str, allowed: Iterable[str]) -> None:
    """Refuses a value that is none of the allowed ones."""
    if value not in allowed:
        raise BadInput(f"The {what} {value!r} is unknown: choose one of {', '.join(allowed)}.")


def at_least(spec: object, limit: int, *names: str) -> None:
    """Refuses a field of `spec` below the limit."""
    for name in names:
        if not limit <= getattr(spec, name) < math.inf:
            raise BadInput(f"{name}={getattr(spec, name)} is too small or no number: give at least {limit}.")


@dataclass(frozen=True)
class BandNoData:
    """What QGIS shows of one band as no data, beside what its file says or in place of it."""

    band: int  # from 1
    more: tuple[tuple[float, float], ...] = field(
        default=(), metadata=ANY_NUMBER
    )  # numbers of the file, from .. to, both included
    of_file: bool = True  # whether the file's own no-data value counts


@dataclass(frozen=True)
class SceneSource:
    """One raster as the user gave it: anything GDAL opens. A folder, archive or STAC item stands for what is in it."""

    path: str
    name: str = ""  # the layer's name, for messages and for the table of dates; default: the file's name
    dates: tuple[
        str, ...
    ] = ()  # ISO dates from the layer's temporal properties: one, or one a band; () and "" = unknown
    crs: str = ""  # authority id or WKT that the user assigned to the layer; "" = the file's own
    no_data: tuple[BandNoData, ...] = ()  # of the bands for which the layer has another than its file
    addresses: tuple[str, ...] = ()  # on the network, that the user's layer, a VRT, shows already

    def paths(self) -> tuple[str, ...]:
        """The files and addresses that are read."""
        return (self.path, *self.addresses)


def check_masks(mask: str, layers: tuple[SceneSource, ...]) -> None:
    """Refuses mask layers that would not be used, and their absence where they are asked for."""
    one_of("mask", mask, MASKS)
    if layers and mask != "layer":
        raise BadInput(
            f"Mask layers were given, but the cloud mask is {mask!r}: choose 'layer' ('The mask layers' in QGIS), or "
            "leave the layers out."
        )
    if mask == "layer" and not layers:
        raise BadInput("The cloud mask 'layer' needs mask layers, none was given: give them, or choose another mask.")


@dataclass(frozen=True)
class DateEntry:
    """A row of the user's table of dates: what is told of a band, or of all bands, of the layers of a name."""

    layer: str  # layer name, file name or path; * and ? stand for any text and any sign
    date: str  # "" = not told by this row
    band: int = 0  # 0 = every band
    name: str = ""  # of the band; "" = not told
    crs: str = ""  # authority id or WKT of layers without one; "" = not told


@dataclass(frozen=True)
class Extent:
    """A rectangle in the coordinates of `crs` (authority id or WKT)."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float
    crs: str

    def __post_init__(self) -> None:
        if not (self.xmin < self.xmax and self.ymin < self.ymax):
            raise BadInput(f"The extent {self.xmin}, {self.ymin}, {self.xmax}, {self.ymax} is empty: draw it again.")


@dataclass(frozen=True)
class Series:
    """Dated scenes with their masks: what every job about a whole series starts from."""

    scenes: tuple[SceneSource, ...]
    dates: tuple[DateEntry, ...] = ()
    mask: str = "auto"  # one of MASKS
    mask_layers: tuple[SceneSource, ...] = ()  # with mask="layer": non-zero = do not use; dated, or one for all dates
    extent: Optional[Extent] = None
    scale: float = 0.0  # reflectance (or index) = number x scale + the file's offset; 0 = by the files' own scale

    def __post_init__(self) -> None:
        check_masks(self.mask, self.mask_layers)
        if not 0 <= self.scale < math.inf:
            raise BadInput(
                f"The scale {self.scale:g} is negative or no number: give what makes numbers reflectance 0-1."
            )
        if not self.scenes:
            raise BadInput("No raster was given: choose the dated scenes of the series.")

    def paths(self) -> tuple[str, ...]:
        """The files that are read: scenes and masks."""
        return tuple(path for each in (*self.scenes, *self.mask_layers) for path in each.paths())


def optical_and_radar(
    scenes: tuple[SceneSource, ...],
    radar: tuple[SceneSource, ...],
    dates: tuple[DateEntry, ...],
    mask: str,
    mask_layers: tuple[SceneSource, ...],
    extent: Optional[Extent],
    scale: float = 0.0,
) -> tuple[Optional[Series], Optional[Series]]:
    """Two series as a user gives them at once, None for one without scenes: the dates and the extent are of both, the
    masks and the scale of the first."""
    first = Series(scenes, dates, mask, mask_layers, extent, scale) if scenes else None
    if not scenes:
        check_masks(mask, mask_layers)
    return first, Series(radar, dates, extent=extent) if radar else None


@dataclass(frozen=True)
class MonthRaster:
    """A class raster of one month."""

    month: str  # YYYY-MM
    path: str
    band: int = 1

    @property
    def dataset(self) -> str:
        """As GDAL opens that band alone."""
        return self.path if self.band == 1 else f"vrt://{self.path}?bands={self.band}"


@dataclass(frozen=True)
class LabelSource:
    """What the user knows of the ground: polygons or points with a class field, or one a month; or a class raster."""

    path: str  # vector file, table of points, or class raster
    layer: str = ""  # inside a vector file; "" = the first
    class_field: str = ""  # of polygons whose class is one for all dates; "" with a class raster
    month_fields: tuple[tuple[str, str], ...] = ()  # (YYYY-MM, field) of labels that change by month, for class_field
    crs: str = ""  # authority id or WKT that the user gave the labels; "" = the file's own
    legend: str = ""  # JSON file of classes, for jobs that learn; "" = one class a name in the labels
    choice: ClassChoice = _EVERY_CLASS  # classes that are left out, and those that count as one
    month_rasters: tuple[MonthRaster, ...] = ()  # class rasters of labels that change by month; `path`: of the first

    def __post_init__(self) -> None:
        if not self.path:
            raise BadInput("No labels were given: choose polygons or points with a class field, or a class raster.")
        if self.month_rasters and (self.month_fields or self.class_field):
            raise BadInput("Labels by month are fields of polygons or class rasters: give one of both.")
        for month in self._all_months:
            if not _MONTH.fullmatch(month):
                raise BadInput(f"The month {month!r} of the labels cannot be read: write it as YYYY-MM.")
        if len(set(self.months)) < len(self.months):
            raise BadInput(f"One month is given twice (months: {', '.join(self.months)}): give each once.")

    @property
    def fields(self) -> tuple[str, ...]:
        """The field of each column of classes: one, or one a month, in their order; ("",) where none is named."""
        return tuple(field for _, field in sorted(self.month_fields)) or (self.class_field,)

    @property
    def months(self) -> tuple[str, ...]:
        """YYYY-MM of each column of classes, rising; () = one column for all dates."""
        return tuple(sorted(self._all_months))

    @property
    def rasters(self) -> tuple[str, ...]:
        """The class raster of each column of classes, as GDAL opens it, where the labels are such."""
        return tuple(raster.dataset for raster in sorted(self.month_rasters, key=lambda r: r.month)) or (self.path,)

    @property
    def _all_months(self) -> list[str]:
        return [month for month, _ in self.month_fields] + [raster.month for raster in self.month_rasters]

    @property
    def label_files(self) -> tuple[str, ...]:
        """The files that hold the labels."""
        return tuple(dict.fromkeys((self.path, *(raster.path for raster in self.month_rasters))))

    def paths(self) -> tuple[str, ...]:
        """The files that are read."""
        return tuple(filter(None, (*self.label_files, self.legend)))

    def check_one_class(self, what: str) -> None:
        """Refuses what a job would not read whose labels are compared and not learnt; `what` names them to the user."""
        if self.months:
            raise BadInput(f"The {what} has classes by month, but one is compared: name one class field.")
        if self.legend:
            raise BadInput(f"The {what} names its classes itself: leave the legend {self.legend} out.")


@dataclass(frozen=True)
class ParcelSource:
    """Outlines of parcels, whatever grows there."""

    path: str  # vector file of polygons
    layer: str = ""  # inside it; "" = the first

    def __post_init__(self) -> None:
        if not self.path:
            raise BadInput("No parcels were given: choose a vector file of polygons, or leave them out.")

    def paths(self) -> tuple[str, ...]:
        """Of the files that are read."""
        return (self.path,)


@dataclass(frozen=True)
class LabelledSeries:
    """A series of one place and season, and what grows there."""

    series: Series
    labels: LabelSource
    radar: Optional[Series] = None  # a second series of the place, for networks that take two

    def paths(self) -> tuple[str, ...]:
        """The files that are read: series and labels."""
        return (*self.series.paths(), *(self.radar.paths() if self.radar else ()), *self.labels.paths())


def read_windows(text: str) -> tuple[tuple[int, int], ...]:
    """Windows of days of the year from text such as "95-135, 150-195"; "" gives none."""
    windows = []
    for part in filter(None, (p.strip() for p in text.replace(";", ",").split(","))):
        found = _DAYS.fullmatch(part)
        if not found or int(found[1]) > int(found[2]):
            raise BadInput(f"The date window {part!r} cannot be read: write first-last day of the year, as 95-135.")
        windows.append((int(found[1]), int(found[2])))
    return tuple(windows)


def read_settings(text: str) -> tuple[tuple[str, str], ...]:
    """A network's settings from text such as "widths=8,16,24, dropout=0.1", parted by commas or semicolons."""
    settings = []
    for part in filter(None, (p.strip(" \t,") for p in _NEXT_SETTING.split(text))):
        name, sign, value = part.partition("=")
        if not sign:
            raise BadInput(f"The setting {part!r} of the network has no value: write it as NAME=VALUE.")
        settings.append((name.strip(), value.strip()))
    return tuple(settings)
