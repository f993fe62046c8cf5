"""Dates and bands by name: true product names, laws, and sentences."""

from __future__ import annotations

import datetime as dt
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.products import bands, dates
from crop_classifier_plugin.engine.products.band_names import band_of
from crop_classifier_plugin.shared.errors import DateAmbiguous

days = st.dates(dt.date(1972, 1, 1), dt.date(2099, 12, 31))
words = st.text(string.ascii_letters + "_-. ", max_size=12)


@given(days, words, words, st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d", "%Y%j", "%Y%jT103021"]))
def test_a_date_is_found_wherever_it_stands_in_a_name(day: dt.date, before: str, after: str, form: str) -> None:
    assert dates.in_name(f"{before}_{day.strftime(form)}_{after}") == day


@given(st.text(string.ascii_letters + "_-. ", max_size=30))
def test_names_without_digits_have_no_date(name: str) -> None:
    assert dates.in_name(name) is None


@given(st.dates(dt.date(1972, 1, 1), dt.date(2099, 12, 31)), st.dates(dt.date(1972, 1, 1), dt.date(2099, 12, 31)))
def test_two_dates_are_ambiguous_unless_equal(first: dt.date, second: dt.date) -> None:
    name = f"mosaic_{first:%Y%m%d}_{second:%Y%m%d}.tif"
    if first == second:
        assert dates.in_name(name) == first
    else:
        with pytest.raises(DateAmbiguous, match="several dates"):
            dates.in_name(name)


@pytest.mark.parametrize(
    ("name", "day", "band"),
    [
        ("S2A_MSIL2A_20190516T105621_N0212_R051_T31UFS_20190517T134256.SAFE", "2019-05-16", None),
        ("T31UFS_20190516T105621_B8A_20m.jp2", "2019-05-16", "B8A"),
        ("S2B_33UVR_20190516_0_L2A_B04.tif", "2019-05-16", "B04"),
        ("LC08_L2SP_198025_20190516_20200828_02_T1_SR_B4.TIF", "2019-05-16", "B04"),
        ("LC09_L2SP_198025_20220516_20220828_02_T1_SR_B5.TIF", "2022-05-16", "B8A"),
        ("LC09_L2SP_198025_20220516_20220828_02_T1_QA_PIXEL.TIF", "2022-05-16", "QA_PIXEL"),
        ("HLS.S30.T31UFS.2019136T105621.v2.0.B8A.tif", "2019-05-16", "B8A"),
        ("HLS.L30.T31UFS.2019136T105621.v2.0.B05.tif", "2019-05-16", "B8A"),
        ("HLS.L30.T31UFS.2019136T105621.v2.0.Fmask.tif", "2019-05-16", "Fmask"),
        ("MOD13Q1.A2019129.h18v03.006.2019153001.hdf", "2019-05-09", None),
        ("S1A_IW_GRDH_1SDV_20190516T055015_20190516T055040_027249_031268_AB12_VV.tif", "2019-05-16", "VV"),
        ("S2_10m_20190426.tif", "2019-04-26", None),
    ],
)
def test_true_product_names(name: str, day: str, band: str | None) -> None:
    assert dates.in_name(name) == dt.date.fromisoformat(day)
    assert (band_of(name) or None) == band


@pytest.mark.parametrize(
    ("text", "band"),
    [("red", "B04"), ("Red", "B04"), ("B4", "B04"), ("B04", "B04"), ("SWIR 1", "B11"), ("nir08", "B8A"),
     ("narrow NIR", "B8A"), ("B04 2019-05-16", "B04"), ("scl", "SCL"), ("vh", "VH"), ("NIR", "B08"),
     ("Band 4", None), ("", None), ("red green", None), ("B13", None)],
)  # fmt: skip
def test_band_descriptions(text: str, band: str | None) -> None:
    assert bands.name_of(text) == band


def test_numbers_that_are_no_dates_are_not_taken_for_dates() -> None:
    for text in ("20191340", "2019367", "19001301", "31122019", "scene_123456789", "2019-02-30"):
        assert dates.in_text(text) == ()
