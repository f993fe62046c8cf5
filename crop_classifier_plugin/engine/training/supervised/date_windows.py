"""The date windows of a model whose user gives none: whole months, or some days around each scene."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ....shared.errors import BadInput

MOST_SCENES = 6  # with more, each date its own window would ask too much of the next season (choice)
MOST_MONTHS = 24  # likewise (choice)
MONTHS = 12  # up to a labelled month, as VUnetConvLSTM's paper takes
AROUND = 20  # days on either side of a scene's date that its window takes (choice)


def months_of(dates: Sequence[dt.date]) -> tuple[tuple[int, int], ...]:
    """The calendar months from the first date to the last, in days of the year of the middle between them."""
    first, last = min(dates), max(dates)
    year = (first + (last - first) / 2).year
    count = 12 * (last.year - first.year) + last.month - first.month + 1
    if count > MOST_MONTHS:
        raise BadInput(
            f"The scenes reach from {first} to {last}, {count} months: give the date windows, as '95-135, 150-195', or "
            "fewer scenes."
        )
    return _whole_months(12 * first.year + first.month - 1, count, year)


def months_until(month: str, count: int) -> tuple[tuple[int, int], ...]:
    """The `count` calendar months up to `month` (YYYY-MM), in days of its year."""
    year, number = map(int, month.split("-"))
    return _whole_months(12 * year + number - count, count, year)


def _whole_months(first: int, count: int, year: int) -> tuple[tuple[int, int], ...]:
    """`first`: months since January of year 0. First and last day of each month, counted from 1 January of `year`."""
    starts = [divmod(first + i, 12) for i in range(count + 1)]
    days = [(dt.date(y, m + 1, 1) - dt.date(year, 1, 1)).days + 1 for y, m in starts]
    return tuple((a, b - 1) for a, b in zip(days, days[1:]))


def windows_around(dates: Sequence[dt.date]) -> tuple[tuple[int, int], ...]:
    """A window of 20 days on either side of each date, in days of the last date's year (choice).

    Windows of neighbouring dates part in the middle between them, so that each takes its own scene.
    Raises BadInput for more than six dates, or for dates of more than one season.
    """
    days = sorted(set(dates))
    if len(days) > MOST_SCENES:
        raise BadInput(
            f"The series has {len(days)} dates, too many for a window around each: give the date windows, as "
            "'95-135, 150-195, 210-260'."
        )
    if (days[-1] - days[0]).days > 366:
        raise BadInput(
            f"The scenes reach from {days[0]} to {days[-1]}, more than one season: give the date windows, or fewer "
            "scenes."
        )
    count = [(day - dt.date(days[-1].year, 1, 1)).days + 1 for day in days]
    breaks = [(a + b) // 2 for a, b in zip(count, count[1:])]
    firsts = [count[0] - AROUND, *(max(day - AROUND, b + 1) for day, b in zip(count[1:], breaks))]
    lasts = [*(min(day + AROUND, b) for day, b in zip(count, breaks)), count[-1] + AROUND]
    return tuple(zip(firsts, lasts))
