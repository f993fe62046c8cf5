"""Jobs about whole series, from composites to phenology. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..choices import ALIGN_RULES, ALIGNED_DAYS, COMPOSITES, EMPTY, FILLERS, PERIODS, STRATEGIES
from ..errors import BadInput
from .base import Job
from .sources import Series, one_of


@dataclass(frozen=True)
class CompositeJob(Job):
    """Series -> one cloud-masked composite a period: one GeoTIFF a period in `folder`, or one `stack`, or both."""

    kind: ClassVar[str] = "composite"
    entry: ClassVar[str] = "series.operations.composite.job:composite"
    writes_rasters = ("stack", "valid_dates")
    writes_folders = ("folder",)
    reads = ("series",)
    series: Series
    folder: str = ""
    stack: str = ""
    valid_dates: str = ""  # one band a period
    bands: tuple[str, ...] = ()  # () = those of the most complete scene
    period: str = "month"  # one of PERIODS
    days: int = 10  # length of a period="days"
    method: str = "median"  # one of COMPOSITES
    empty: str = "nodata"  # one of EMPTY: what becomes of a period without a scene
    first: str = ""  # ISO dates; "" = of the series' own first and last scene
    last: str = ""

    def __post_init__(self) -> None:
        one_of("period", self.period, PERIODS)
        one_of("method", self.method, COMPOSITES)
        one_of("treatment of empty periods", self.empty, EMPTY)
        if not 1 <= self.days <= 366_000:  # a thousand years: calendars end
            raise BadInput(f"A period of {self.days} days is none: give at least 1, and no more than 366000.")
        if not (self.folder or self.stack):
            raise BadInput("No output was asked for: give a folder, a stack, or both.")


@dataclass(frozen=True)
class FillGapsJob(Job):
    """Series with gaps -> the same dates without, one stack."""

    kind: ClassVar[str] = "fill_gaps"
    entry: ClassVar[str] = "series.operations.gap_filling.job:fill_gaps"
    writes_rasters = ("output", "valid_dates")
    reads = ("series",)
    series: Series
    output: str
    valid_dates: str = ""  # one band a band: how many dates were clear
    bands: tuple[str, ...] = ()  # () = those of the most complete scene
    method: str = "whittaker"  # one of FILLERS
    smooth_all: bool = False  # also values that were observed
    hold: bool = True  # before the first and after the last clear date: its value, else no data
    max_gap: float = 0.0  # days between the clear dates beside a gap; longer ones stay open; 0 = no limit
    window: float = 85.0  # days, Savitzky-Golay
    order: int = 2  # of Savitzky-Golay's polynomials
    smoothness: float = 10.0  # Whittaker's lambda, for dates a dekad apart

    def __post_init__(self) -> None:
        one_of("method", self.method, FILLERS)
        if not self.output:
            raise BadInput("No output was named: say where the filled series goes.")
        if not (self.order >= 0 and self.window > 0 and self.smoothness > 0 and self.max_gap >= 0):
            raise BadInput("The window and the smoothness are above 0, the order and the longest gap at least 0.")


@dataclass(frozen=True)
class IndexJob(Job):
    """Series of bands -> the same dates as indices, one stack."""

    kind: ClassVar[str] = "index"
    entry: ClassVar[str] = "series.operations.indices.job:compute_indices"
    writes_rasters = ("output", "valid_dates")
    reads = ("series",)
    series: Series
    output: str
    indices: tuple[str, ...] = ("NDVI",)  # of INDICES; all optical or all radar
    valid_dates: str = ""  # one band an index: how many dates have a value

    def __post_init__(self) -> None:
        if not self.output:
            raise BadInput("No output was named: say where the series of indices goes.")


@dataclass(frozen=True)
class AlignLimits:
    """ISO dates that part base dates from the target; "" = none."""

    training_before: str = ""  # only earlier dates are base dates; "" = all
    prediction_before: str = ""
    target: str = ""  # the day of the prediction year that is to be predicted; "" = no target
    training_target: str = ""  # of the training year's image for the target; "" = by the strategy


_NO_LIMITS = AlignLimits()


@dataclass(frozen=True)
class AlignSeriesJob(Job):
    """The series of two years -> the same days in both, by a date strategy of TSSTFN's paper or a rule of one's own."""

    kind: ClassVar[str] = "align_series"
    entry: ClassVar[str] = "series.operations.alignment.job:align_series"
    writes_rasters = ("training_output", "prediction_output")
    writes_files = ("table",)
    reads = ("training", "prediction")
    training: Series  # the year that is learnt from
    prediction: Series  # the year that is predicted
    training_output: str
    table: str  # CSV: where each value comes from
    prediction_output: str = ""
    bands: tuple[str, ...] = ()  # () = those of the prediction series' most complete scene
    strategy: str = "B"  # one of STRATEGIES
    days: str = "prediction"  # one of ALIGNED_DAYS, with strategy="custom"
    rule: str = "linear"  # one of ALIGN_RULES, with strategy="custom"
    count: int = 7  # base dates
    limits: AlignLimits = _NO_LIMITS

    def __post_init__(self) -> None:
        one_of("strategy", self.strategy, STRATEGIES)
        one_of("days", self.days, ALIGNED_DAYS)
        one_of("rule", self.rule, ALIGN_RULES)
        if self.count < 1:
            raise BadInput(f"{self.count} base dates are none: ask for at least 1.")
        if not (self.training_output and self.table):
            raise BadInput("No output was named: say where the training series and the table of dates go.")


MOST_SEASONS = 6  # of a pixel and year: irrigated rice has three (choice)


@dataclass(frozen=True)
class SeasonRule:
    """What a season is, and how many of a pixel are told."""

    start_share: float = 0.2  # of the rise before the peak, at which the season starts
    end_share: float = 0.2  # of the fall after the peak, at which it ends
    min_amplitude: float = 0.1  # a smaller rise or fall is none
    smoothness: float = 10.0  # Whittaker's lambda, for dates a dekad apart
    seasons: int = 1  # most of a pixel that are told; of more the highest peaks

    def __post_init__(self) -> None:
        if not (0 < self.start_share < 1 and 0 < self.end_share < 1):
            raise BadInput(
                f"The shares of the amplitude {self.start_share} and {self.end_share} must lie between 0 and 1: "
                "choose others."
            )
        if not (self.min_amplitude > 0 and self.smoothness > 0):
            raise BadInput("The least amplitude and the smoothness are above 0: correct the one that is not.")
        if not 1 <= self.seasons <= MOST_SEASONS:
            raise BadInput(f"{self.seasons} seasons of a pixel cannot be told: ask for 1 to {MOST_SEASONS}.")


_USUAL = SeasonRule()


@dataclass(frozen=True)
class PhenologyJob(Job):
    """Series -> start, peak, end, length, amplitude, base and peak value of each pixel's seasons, one raster."""

    kind: ClassVar[str] = "phenology"
    entry: ClassVar[str] = "series.operations.phenology.job:phenology"
    small_arrays: ClassVar[bool] = True
    writes_rasters = ("output", "valid_dates")
    reads = ("series",)
    series: Series
    output: str
    valid_dates: str = ""  # how many dates were clear
    index: str = "NDVI"  # of INDICES: taken as it is where the scenes have it, else computed
    first: str = ""  # ISO dates between which the season lies; "" = of the series' own first and last scene
    last: str = ""
    year: int = 0  # whose 1 January is day 1; 0 = of the middle; of a series over 18 months: in which seasons peak
    rule: SeasonRule = _USUAL
    min_dates: int = 6  # fewer clear dates give no data

    def __post_init__(self) -> None:
        if not self.output:
            raise BadInput("No output was named: say where the phenology goes.")
        if not (self.min_dates >= 3 and 0 <= self.year <= 9998):
            raise BadInput("The clear dates are at least 3 and the year is not negative: correct the one that is not.")
