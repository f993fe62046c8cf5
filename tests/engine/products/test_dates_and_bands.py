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


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("LC08_CU_003010_20190421_20210503_02_SR_B4.TIF", "2019-04-21"),
        ("LC08_CU_003010_20190421_20190505_C01_V01_SRB4.tif", "2019-04-21"),
        ("LC81990242019136LGN00_sr_band4.tif", "2019-05-16"),
        ("S1A_IW_GRDH_1SDV_20190516T055015_20190516T055040_027249_031268_AB12_Orb_Cal_TC_20190601.tif", "2019-05-16"),
        ("S1A_IW_SLC__1SDV_20190516T235950_20190517T000017_027249_031268_AB12.tif", "2019-05-16"),
        ("s1a-iw-grd-vv-20190516t235950-20190517t000017-027249-031268-001.tiff", "2019-05-16"),
        ("OPERA_L2_RTC-S1_T069-147170-IW1_20190516T055015Z_20231002T120000Z_S1A_30_v1.0_VV.tif", "2019-05-16"),
        ("S2A_MSIL2A_20190516T105621_N0500_R051_T31UFS_20221224T134256.SAFE", "2019-05-16"),
        ("subset_0_of_S2A_MSIL2A_20190516T105621_N0500_R051_T31UFS_20221224T134256_resampled.tif", "2019-05-16"),
        ("S2A_OPER_PRD_MSIL1C_PDMC_20160505T162535_R051_V20160504T105917_20160504T105917.SAFE", "2016-05-04"),
        ("2019-05-16-00:00_2019-05-16-23:59_Sentinel-2_L2A_B04_(Raw).tiff", "2019-05-16"),
        ("SENTINEL2A_20190516-105621-123_L2A_T31UFS_C_V2-2_FRE_B4.tif", "2019-05-16"),
        ("20190516_105621_1032_3B_AnalyticMS_SR.tif", "2019-05-16"),
        ("MCD43A4.A2019136.h18v03.061.2020303132244.hdf", "2019-05-16"),
        ("VNP09GA.A2019136.h18v03.001.2019137082411.h5", "2019-05-16"),
        ("HLSS30.020_B04_doy2019136_aid0001_31N.tif", "2019-05-16"),
        ("ga_ls8c_nbart_3-0-0_089079_2019-05-16_final_band04.tif", "2019-05-16"),
        ("VI_20190516T105621_S2A_T31UFS-010m_V101_NDVI.tif", "2019-05-16"),
        ("c_gls_NDVI300_201905110000_GLOBE_PROBAV_V1.0.1.nc", "2019-05-11"),
        ("20190516_LEVEL2_SEN2A_BOA.tif", "2019-05-16"),
        ("2019-2019_001-365_HL_TSA_SEN2L_NDV_TSI.tif", None),
        ("planet_medres_normalized_analytic_2019-06_2019-11_mosaic_B4.tif", None),
        ("ga_ls8c_nbart_gm_cyear_3_x30y23_2019--P1Y_final_red.tif", None),
        ("crop_2018_2019.tif", None),
        ("stack_201904.tif", None),
    ],
)
def test_of_true_names_with_several_numbers_the_day_of_acquisition_is_read(name: str, day: str | None) -> None:
    assert dates.in_name(name) == (day and dt.date.fromisoformat(day))
