"""The parts of a model card: values that belong together and travel together. Standard library only."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import BadInput
from .calibration import Calibration

_AS_IT_CAME = Calibration()
RADAR_UNITS = ("decibel", "power")
SURFACE = "surface reflectance"
TOA = "top-of-atmosphere reflectance"  # level 1: the atmosphere is in it
LEVELS = (SURFACE, TOA)
REDUCTIONS = ("clearest", "median", "mean")
Box = tuple[float, float, float, float]  # west, south, east, north in degrees


def check_range(what: str, value: float, least: float, most: float) -> None:
    """A card is read before it is trusted. Raises BadInput for a value outside the range, and for not-a-number."""
    if not least <= value <= most:  # so written, not-a-number fails too
        raise BadInput(f"the card's {what} is {value}, which is outside {least:g}..{most:g}")


def check_choice(what: str, value: str, known: Sequence[str]) -> None:
    """Raises BadInput for a value that is none of the known ones."""
    if value not in known:
        raise BadInput(f"the card's {what} is {value!r}, which is none of {', '.join(known)}")


@dataclass(frozen=True)
class DayWindow:
    """A stretch of the season in days of year, counted from 1 January of the season's year.

    Days below 1 or above 365 lie in the year before or after, so a season may cross the new year.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not -366 <= self.first <= self.last <= 731:
            raise BadInput(f"The window of days {self.first}..{self.last} is not in order: correct the card.")


@dataclass(frozen=True)
class DateSpec:
    """How the scenes of a season become the dates that a model takes.

    `reduce`: how the scenes in a window of days become one date: the clearest scene, or each pixel's median or mean of
    all of them. `min_dates` 0: every window must have a scene, and a pixel needs all of them; n > 0: windows may be
    empty, and a pixel is mapped where at least n dates are usable in either series. `monthly`: the windows are the
    calendar months up to a target month.
    """

    windows: tuple[DayWindow, ...] = ()  # one a date the model takes, in order; () = any dates
    reduce: str = "clearest"  # one of REDUCTIONS
    min_dates: int = 0
    monthly: bool = False

    def __post_init__(self) -> None:
        check_choice("reduce", self.reduce, REDUCTIONS)
        check_range("min_dates", self.min_dates, 0, len(self.windows))

    def describe(self) -> str:
        """The season in calendar days: '2 dates of one season, one in each of: 5 April to 15 May, 1 to 30 June'."""
        if self.monthly:
            return self._describe_months()
        spans = ", ".join(f"{_calendar_day(w.first)} to {_calendar_day(w.last)}" for w in self.windows)
        if self.reduce != "clearest" or self.min_dates:
            return f"scenes of one season in the stretches {spans}"
        return f"{len(self.windows)} dates of one season, one in each of: {spans}"

    def describe_days(self) -> str:
        """The season in days of the year: '3 dates (day of year 95-135, 150-195, 210-260)'."""
        if self.monthly:
            return self._describe_months()
        spans = ", ".join(f"{w.first}-{w.last}" for w in self.windows)
        return f"{len(self.windows)} dates (day of year {spans})"

    def _describe_months(self) -> str:
        return f"{len(self.windows)} months up to the one that is mapped"


@dataclass(frozen=True)
class RadarSpec:
    """The second series that a model takes, on the dates of the first, and how VV and VH of either series are told.

    Radar is averaged in linear power: all scenes of a window, or with reduce="clearest" those of the `days` around the
    first series' scene.
    """

    bands: tuple[str, ...] = ()  # () = the model takes one series
    unit: str = "decibel"  # one of RADAR_UNITS, whatever unit the files have; power is at most 1
    days: int = 6

    def __post_init__(self) -> None:
        check_choice("radar_unit", self.unit, RADAR_UNITS)
        check_range("radar_days", self.days, 0, 183)


@dataclass(frozen=True)
class InputSpec:
    """What a model, or an operation, asks of a series. Values are delivered as reflectance x `scale`, radar in
    `radar.unit`.

    `tensors`: the inputs of the network's file: x, doy and valid, or x_s2, x_s1, doy, valid_s2 and valid_s1.
    """

    model: str  # its title, for messages
    bands: tuple[str, ...]  # of the first series
    dates: DateSpec = DateSpec()
    radar: RadarSpec = RadarSpec()
    pixel_size: float = 10.0  # m
    pixel_tolerance: float = 0.5  # share of pixel_size by which a series may differ
    scale: float = 10000.0
    level: str = SURFACE  # one of LEVELS, of the optical bands; "" = any, as an operation takes it
    nodata: float = 0.0  # raw value that means no data where a file declares none
    tensors: tuple[str, ...] = ("x",)

    def __post_init__(self) -> None:
        check_range("pixel size", self.pixel_size, 0.01, 1e5)
        check_range("pixel tolerance", self.pixel_tolerance, 0, math.inf)
        check_range("scale", self.scale, 1e-6, 1e9)
        check_choice("level", self.level, (*LEVELS, ""))
        if math.isinf(self.nodata):  # not-a-number is the no data of some float rasters
            raise BadInput("the card has an infinite no-data value")

    @property
    def all_bands(self) -> tuple[str, ...]:
        """The bands of both series, the radar series' last."""
        return (*self.bands, *self.radar.bands)

    @property
    def only_month(self) -> int:
        """1..12: the one calendar month that a monthly model can name crops in; 0 = any.

        A model that does not read the day of the year knows that of its last window only.
        """
        if not self.dates.monthly or "doy" in self.tensors:
            return 0
        last = self.dates.windows[-1]
        return _date((last.first + last.last) // 2).month

    @property
    def images(self) -> tuple[str, ...]:
        """The tensors of images, one a series, the radar series' last."""
        if self.radar.bands:
            return "x_s2", "x_s1"
        return tuple(name for name in self.tensors if name.startswith("x"))[:1]

    def slice_of(self, tensor: str) -> slice:
        """Which of all bands a tensor is about: x_s1 and valid_s1 mean the second series, where there are two."""
        first = len(self.bands)
        second = self.radar.bands and tensor.endswith("_s1")
        return slice(first, first + len(self.radar.bands)) if second else slice(0, first)


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of each band of both series, in the units that an InputSpec tells."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if not all(0 < v < math.inf for v in self.std) or not all(map(math.isfinite, self.mean)):
            raise BadInput("the card has a mean that is no number, or a std that is not positive")

    def of(self, bands: slice) -> Statistics:
        """Those of some of the bands."""
        return Statistics(self.mean[bands], self.std[bands])


@dataclass(frozen=True)
class TilingSpec:
    """The tiles that a model is run on."""

    tile: int = 128  # px
    overlap: int = 32  # px between neighbouring tiles
    multiple: int = 32  # tile sides and strides are multiples of this
    receptive_radius: int = 0  # px a value may travel; 0 = unknown or the whole tile

    def __post_init__(self) -> None:
        check_range("tile", self.tile, 1, 4096)
        check_range("multiple", self.multiple, 1, 4096)
        check_range("receptive radius", self.receptive_radius, 0, math.inf)
        if self.tile % self.multiple or self.overlap % self.multiple or not 0 <= self.overlap <= self.tile // 2:
            raise BadInput(
                f"the card's tile {self.tile} and overlap {self.overlap} are no multiples of {self.multiple}, "
                "or the overlap is more than half a tile"
            )


@dataclass(frozen=True)
class WeightsFacts:
    """What is known of a model's file."""

    sha256: str
    size: int = 0  # bytes
    parameters: int = 0
    framework_version: str = ""
    calibration: Calibration = _AS_IT_CAME


@dataclass(frozen=True)
class TrainingFacts:
    """What a model was trained on."""

    training_data: str = ""
    region: str = ""
    season: str = ""
    bbox: Box = (-180.0, -90.0, 180.0, 90.0)  # of all places; west > east where it crosses 180
    start: str = ""  # ISO date-times of the training series
    end: str = ""
    simulated: bool = False  # whether any of it was
    seasons: tuple[tuple[dt.date, dt.date], ...] = ()  # first and last scene of each stretch that it was trained on
    sensors: tuple[str, ...] = ()  # as the names of the scenes' files told them; () = they told none
    levels: tuple[str, ...] = ()  # of the products, likewise: surface reflectance ...
    places: tuple[Box, ...] = ()  # of the labels, those that lie near each other in one
    recipe: str = ""  # how a network learnt, in one phrase

    @property
    def known_places(self) -> tuple[Box, ...]:
        """The places, or the `bbox` of cards from before them; () where it is the whole world, or not told."""
        return self.places or (() if self.bbox == TrainingFacts.bbox else (self.bbox,))

    @property
    def known_seasons(self) -> tuple[tuple[dt.date, dt.date], ...]:
        """The seasons, or the one from `start` to `end` that cards from before them tell; () where it is not told."""
        if self.seasons or not (self.start and self.end):
            return self.seasons
        return ((_iso_day(self.start), _iso_day(self.end)),)


@dataclass(frozen=True)
class Terms:
    """On what terms a model may be used."""

    limits: str = ""  # what it is not good for
    licence: str = ""
    citation: str = ""


def _iso_day(text: str) -> dt.date:
    """Raises BadInput for a date-time that is none."""
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        raise BadInput(f"the card's date {text!r} is none") from None


def _calendar_day(day_of_year: int) -> str:
    day = _date(day_of_year)
    return f"{day.day} {day:%B}"


def _date(day_of_year: int) -> dt.date:
    return dt.date(2023, 1, 1) + dt.timedelta(day_of_year - 1)
