"""What a card says of place and season where the user says nothing."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.training.model_folder.card_texts import (
    describe_region,
    describe_seasons,
    seasons_of,
)

D = dt.date


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ([[D(2024, 10, 20), D(2024, 3, 1), D(2024, 6, 1)]], "March to October 2024"),
        ([[D(2019, 5, 16)]], "May 2019"),
        ([[D(2019, 10, 1), D(2020, 7, 31)]], "October 2019 to July 2020"),
        ([[D(2020, 4, 1), D(2020, 9, 1)], [D(2019, 4, 1), D(2019, 9, 1)]], "April to September 2019; April to "
         "September 2020"),
        ([[D(2019, 1, 1), D(2019, 6, 1)], [D(2019, 2, 1), D(2019, 7, 1)]], "January to July 2019"),
        ([[], []], ""),
    ],
)  # fmt: skip
def test_seasons_are_told_by_their_months(series, said):
    assert describe_seasons(seasons_of(series)) == said


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((2.9, 51.0, 2.91, 51.01), "51.00-51.01 N, 2.90-2.91 E"),
        ((-46.02, -12.5, -45.9, -12.1), "12.10-12.50 S, 45.90-46.02 W"),
        ((-0.5, -0.25, 0.5, 0.25), "0.25 S-0.25 N, 0.50 W-0.50 E"),
        ((2.901, 51.001, 2.902, 51.002), "51.00 N, 2.90 E"),
    ],
)
def test_a_region_is_told_in_degrees(box, said):
    assert describe_region(box) == said


@given(st.tuples(st.floats(-180, 179), st.floats(-90, 89)), st.floats(0.01, 1))
def test_a_region_names_its_corners(corner, size):
    west, south = corner
    told = describe_region((west, south, west + size, south + size))
    numbers = {abs(float(v)) for v in re.findall(r"\d+\.\d\d", told)}
    assert {float(f"{abs(v):.2f}") for v in (west, south, west + size, south + size)} == numbers
