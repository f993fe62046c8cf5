"""Sentinel-1: ESA's products, and the terrain-corrected ones of ASF and OPERA."""

from __future__ import annotations

import re

from ..spec import RADAR, Product, ProductSpec

# ASF's RTC products: S1A_IW_20190516T055021_DVP_RTC10_G_gpuned_5B3E; the second letter of gpuned is the unit.
_RTC_UNIT = re.compile(r"_RTC\d0_[A-Z]_[gsb]([pda])\w{4}_")
_BANDS = {band: band for band in RADAR}
_UNITS = {"p": "power", "d": "dB", "a": "amplitude"}


def _unit(name: str) -> str:
    """power, dB or amplitude; "" where the name does not tell."""
    found = _RTC_UNIT.search(name)
    return _UNITS[found[1]] if found else ""


PRODUCT = ProductSpec(
    sensors=(
        (re.compile(r"S1([A-D])[_-]", re.IGNORECASE), "Sentinel-1{}"),
        (re.compile(r"(?<![A-Za-z0-9])S1(?![A-Za-z0-9])"), "Sentinel-1"),
    ),
    dates=(
        re.compile(r"S1[A-D]_\w{2}_\w{4}_\w{4}_(?P<ymd>\d{8})T\d{6}"),
        re.compile(r"s1[a-d]-\w+-\w+-\w\w-(?P<ymd>\d{8})t\d{6}-\d{8}t\d{6}-"),  # of the files in them
        re.compile(r"S1[A-D]_\w{2}_(?P<ymd>\d{8})T\d{6}_\w{3}_RTC"),
        re.compile(r"RTC-S1_T\w+-\w+-IW\d_(?P<ymd>\d{8})T\d{6}Z"),
    ),
    products=(
        Product(
            "Sentinel-1 RTC of ASF",
            re.compile(r"S1[A-D]_\w{2}_\d{8}T\d{6}_\w{3}_RTC"),
            bands=_BANDS,
            examples=(
                "S1A_IW_20190516T055021_DVP_RTC10_G_gpuned_5B3E/S1A_IW_20190516T055021_DVP_RTC10_G_gpuned_5B3E_{band}.tif",
            ),
        ),
        Product(
            "Sentinel-1 RTC of OPERA",
            re.compile(r"RTC-S1_T\w+-\w+-IW\d_"),
            bands=_BANDS,
            examples=("OPERA_L2_RTC-S1_T069-147174-IW1_20190516T055021Z_20230104T100233Z_S1A_30_v1.0_{band}.tif",),
        ),
        Product(
            "Sentinel-1 GRD on a map (SNAP, the cloud stores)",
            re.compile(r"S1[A-D]_\w{2}_GRD\w_"),
            bands=_BANDS,
            examples=("S1A_IW_GRDH_1SDV_20190516T055021_20190516T055046_027249_031268_AB12_{band}.tif",),
        ),
    ),
    radar_unit=_unit,
    title="Sentinel-1",
    rank=2,
)
