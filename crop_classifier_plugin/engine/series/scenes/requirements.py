"""What a model, or an operation, asks of a series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from ....shared.cards.card import Card, DayWindow
from .scene import Scene

ClearShare = Callable[[Scene], float]


@dataclass(frozen=True)
class InputSpec:
    """What a model asks of a series. Values are delivered as reflectance x `scale`, radar in `radar_unit`.

    The fields from `reduce` on mean what they mean in a Card; a Stack does not read them.
    """

    model: str  # its name, for messages
    bands: tuple[str, ...]
    windows: tuple[DayWindow, ...]
    pixel_size: float  # m
    pixel_tolerance: float  # share of pixel_size
    scale: float
    nodata: float  # raw value that means no data where a file declares none

    reduce: str = "clearest"
    least_dates: int = 0
    monthly: bool = False
    only_month: int = 0  # 1..12: the one calendar month that a monthly model can name crops in; 0 = any
    radar: tuple[str, ...] = ()  # bands of the second series; () = there is none
    radar_unit: str = "decibel"
    radar_days: int = 6

    @classmethod
    def from_card(cls, card: Card) -> InputSpec:
        last = card.windows[-1]
        fixed = card.monthly and "doy" not in card.inputs
        return cls(
            card.title,
            card.bands,
            card.windows,
            card.pixel_size,
            card.pixel_tolerance,
            card.scale,
            card.nodata,
            card.reduce,
            card.least_dates,
            card.monthly,
            _date((last.first + last.last) // 2).month if fixed else 0,
            card.radar.bands if card.radar else (),
            card.radar_unit,
            card.radar_days,
        )

    def describe(self) -> str:
        if self.monthly:
            return f"{len(self.windows)} months up to the one that is mapped"
        spans = ", ".join(f"{_day(w.first)} to {_day(w.last)}" for w in self.windows)
        if self.reduce != "clearest" or self.least_dates:
            return f"scenes of one season in the stretches {spans}"
        return f"{len(self.windows)} dates of one season, one in each of: {spans}"


def _day(day_of_year: int) -> str:
    return f"{_date(day_of_year):%-d %B}"


def _date(day_of_year: int) -> dt.date:
    return dt.date(2023, 1, 1) + dt.timedelta(day_of_year - 1)
