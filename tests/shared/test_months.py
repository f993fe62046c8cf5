"""Months in names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.shared.months import month_of

MONTHS = st.tuples(st.integers(1950, 2049), st.integers(1, 12))
NAMES = ("January", "feb", "MAR", "april", "May", "jun", "July", "aug", "sept", "Oct", "nov", "December")


@given(
    MONTHS, st.sampled_from(["{y}-{m:02}", "{y}_{m:02}", "labels_{y}{m:02}", "crop {y}.{m:02}.15", "x{y}{m:02}31_v2"])
)
def test_numbered_months_are_found(month: tuple[int, int], form: str) -> None:
    year, number = month
    assert month_of(form.format(y=year, m=number)) == f"{year}-{number:02}"


@given(MONTHS, st.sampled_from(["{n}_{y}", "{n}{y}", "crop {n} {y}"]))
def test_named_months_are_found(month: tuple[int, int], form: str) -> None:
    year, number = month
    assert month_of(form.format(y=year, n=NAMES[number - 1])) == f"{year}-{number:02}"


@pytest.mark.parametrize("name", ["crop", "2019", "201913", "T31UES_120319", "band 1", "1234567890"])
def test_other_names_have_none(name: str) -> None:
    assert month_of(name) == ""
