"""Parts of the calendar that composites stand for: months, dekads, or runs of n days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from ....shared.errors import BadInput

_MOST = 2000  # periods; more is a mistyped year


@dataclass(frozen=True)
class Period:
    """From `first` to `last`, both included."""

    first: dt.date
    last: dt.date

    @property
    def middle(self) -> dt.date:
        """The date that a composite goes by."""
        return self.first + (self.last - self.first) // 2

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def periods(kind: str, days: int, first: dt.date, last: dt.date) -> tuple[Period, ...]:
    """The periods that touch first..last, in order, whole and without gaps.

    A dekad is days 1-10, 11-20, and 21 to the month's end (as in FAO's and Copernicus' products). Runs of `days` start
    at `first`.
    """
    if last < first:
        raise BadInput(f"The first date {first} lies after the last date {last}: exchange them.")
    starts = {"month": _months(first, (1,)), "dekad": _months(first, (1, 11, 21)), "days": _runs(first, days)}[kind]
    found: list[Period] = []
    begin = next(starts)
    while begin <= last:
        after = next(starts)
        if after > first:
            found.append(Period(begin, after - dt.timedelta(1)))
        begin = after
        if len(found) > _MOST:
            raise BadInput(f"{first} to {last} would make more than {_MOST} periods: choose other dates or periods.")
    return tuple(found)


def _months(first: dt.date, days: tuple[int, ...]) -> Iterator[dt.date]:
    """The given days of every month from `first`'s month on."""
    year, month = first.year, first.month
    while True:
        for day in days:
            yield dt.date(year, month, day)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _runs(first: dt.date, days: int) -> Iterator[dt.date]:
    while True:
        yield first
        first += dt.timedelta(days)
