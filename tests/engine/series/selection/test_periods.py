"""Periods of a year cover each of its days."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.series.selection.periods import periods

DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2040, 12, 31))


@given(DAYS, st.integers(0, 800), st.sampled_from(["month", "dekad", "days"]), st.integers(1, 40))
def test_periods_cover_each_day_once(first: dt.date, length: int, kind: str, days: int) -> None:
    last = first + dt.timedelta(length)
    found = periods(kind, days, first, last)
    assert found[0].first <= first <= found[0].last
    assert found[-1].first <= last <= found[-1].last
    for a, b in pairwise(found):
        assert b.first - a.last == dt.timedelta(1)
    assert all(p.first <= p.middle <= p.last for p in found)


def test_months_and_dekads_end_with_the_month() -> None:
    year = periods("month", 10, dt.date(2024, 1, 15), dt.date(2024, 12, 1))
    assert [p.last.day for p in year] == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    dekads = periods("dekad", 10, dt.date(2023, 2, 5), dt.date(2023, 3, 12))
    assert [(p.first.day, p.last.day) for p in dekads] == [(1, 10), (11, 20), (21, 28), (1, 10), (11, 20)]
