"""The stretches of days that a model's dates stand for, in the year (or up to the month) that a series has them of."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from ....shared.errors import BadInput
from .periods import Period, periods

Span = tuple[Period, ...]
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")


def seasons(windows: Sequence[tuple[int, int]], days: Sequence[dt.date]) -> list[Span]:
    """Windows of days of the year, in every year that could hold one of `days`, by year."""
    years = [day.year for day in days]
    return [_season(windows, year) for year in range(min(years) - 1, max(years) + 2)] if years else []


def _season(windows: Sequence[tuple[int, int]], year: int) -> Span:
    start = dt.date(year, 1, 1)
    return tuple(Period(start + dt.timedelta(a - 1), start + dt.timedelta(b - 1)) for a, b in windows)


def months_until(month: str, count: int) -> Span:
    """`count` calendar months, the last of them `month` (YYYY-MM)."""
    last = read_month(month)
    number = last.year * 12 + last.month - 1 - (count - 1)
    return periods("month", 0, dt.date(number // 12, number % 12 + 1, 1), last)


def read_month(text: str) -> dt.date:
    """The first day of a month written as 2020-03. Raises BadInput."""
    found = _MONTH.fullmatch(text.strip())
    if not found or not 1 <= int(found[2]) <= 12 or not 1900 <= int(found[1]) <= 2200:
        raise BadInput(f"The month {text!r} cannot be read: write it as 2020-03.")
    return dt.date(int(found[1]), int(found[2]), 1)


def members(span: Span, days: Sequence[dt.date]) -> tuple[tuple[int, ...], ...]:
    """For each stretch, which of the days (by index) lie in it."""
    return tuple(tuple(i for i, day in enumerate(days) if day in period) for period in span)


def fullest(spans: Sequence[Span], *days_of_series: Sequence[dt.date]) -> Span:
    """The season in which most stretches have a scene, counted in each series; of equals the latest."""
    return max(reversed(spans), key=lambda span: sum(bool(m) for days in days_of_series for m in members(span, days)))
