"""Landsat 4 to 9: Collection 2 (product guide LSDS-1619), Collection 1 (LSDS-1368, LSDS-1370), US tiles (ARD)."""

from __future__ import annotations

import re

from ..spec import NUMBERS, OPTICAL, SURFACE, TOA, BandCoding, Coding, MaskSpec, Product, ProductSpec, numbered

# Numbers by the Sentinel-2 band of about the same wavelength (HLS user guide v2, table 6). Panchromatic, cirrus and
# thermal bands have none.
_OLI = {1: "B01", 2: "B02", 3: "B03", 4: "B04", 5: "B8A", 6: "B11", 7: "B12"}  # Landsat-8/9
_TM = {1: "B02", 2: "B03", 3: "B04", 4: "B8A", 5: "B11", 7: "B12"}  # Landsat-4/5/7; 6 is thermal
_SENSORS = (("8/9", "L[CO]0[89]", _OLI, "LC08"), ("4/5/7", "L[TE]0[4-7]", _TM, "LE07"))
_KEYS = {"blue": "B02", "green": "B03", "red": "B04", "nir08": "B8A", "swir16": "B11", "swir22": "B12"}  # of STAC items
_C2 = (BandCoding(OPTICAL, Coding(2.75e-5, -0.2, 0)),)  # LSDS-1619, table 6-1
_C1 = (BandCoding(OPTICAL, Coding(1e-4, 0, -9999)),)  # LSDS-1368, table 7-1

_QA_PIXEL_BITS = 0b00111111  # fill, dilated cloud, cirrus, cloud, shadow, snow
# Collection 1 counts otherwise: fill, (clear, water,) shadow, snow, cloud, ... and cirrus of high confidence (bit 9).
_PIXEL_QA_BITS = 0b1000111001


def _of_collection_2(which: str, code: str, bands: dict[int, str], example: str) -> tuple[Product, ...]:
    scene = example + "_L2SP_199024_20190516_20200828_02_T1"
    tile = example + "_CU_003010_20190516_20210504_02"
    return (
        Product(
            f"Landsat {which} Collection 2 level 2",
            re.compile(rf"{code}_L2S[PR]_"),
            bands=numbered("SR_B{}", bands) | _KEYS,
            level=SURFACE,
            codings=_C2,
            examples=(f"{scene}/{scene}_{{band}}.TIF",),
        ),
        Product(
            f"Landsat {which} Collection 2 tiles of the US (ARD), at the surface",
            re.compile(rf"{code}_(?:CU|AK|HI)_\d{{6}}_\d{{8}}_\d{{8}}_02(?!_TA)"),
            bands=numbered("SR_B{}", bands),
            level=SURFACE,
            codings=_C2,
            examples=(f"{tile}_{{band}}.TIF",),
        ),
        Product(
            f"Landsat {which} Collection 2 tiles of the US (ARD), top of atmosphere",
            re.compile(rf"{code}_(?:CU|AK|HI)_\d{{6}}_\d{{8}}_\d{{8}}_02_TA"),
            bands=numbered("TA_B{}", bands),
            level=TOA,
            examples=(f"{tile}_{{band}}.TIF",),
        ),
    )


def _of_collection_1(which: str, code: str, bands: dict[int, str], example: str) -> tuple[Product, ...]:
    scene = example + "_L1TP_199024_20190516_20190521_01_T1"
    tile = example + "_CU_003010_20190516_20190604_C01_V01"
    ordered = rf"{code}_L1\w\w_\d{{6}}_\d{{8}}_\d{{8}}_01_\w\w_"
    return (
        Product(
            f"Landsat {which} Collection 1 level 2",
            re.compile(ordered + r"(?:sr_|pixel_qa)", re.IGNORECASE),
            bands=numbered("sr_band{}", bands),
            level=SURFACE,
            codings=_C1,
            examples=(f"{scene}_{{band}}.tif",),
        ),
        Product(
            f"Landsat {which} Collection 1 top of atmosphere",
            re.compile(ordered + "toa_", re.IGNORECASE),
            bands=numbered("toa_band{}", bands),
            level=TOA,
            codings=_C1,
            examples=(f"{scene}_{{band}}.tif",),
        ),
        Product(
            f"Landsat {which} Collection 1 tiles of the US (ARD)",
            re.compile(rf"{code}_(?:CU|AK|HI)_\d{{6}}_\d{{8}}_\d{{8}}_C01_V\d\d_(?:SR|PIXELQA)"),
            bands=numbered("SRB{}", bands),
            level=SURFACE,
            codings=_C1,
            examples=(f"{tile}_{{band}}.tif",),
        ),
    )


def _of_others(which: str, code: str, bands: dict[int, str], example: str) -> tuple[Product, ...]:
    scene = example + "_L1TP_199024_20190516_20200828_02_T1"
    digits, letters = ("89", "COS") if which == "8/9" else ("457", "TES")
    old = example.replace("0", "", 1)  # LC8 before there were collections
    return (
        Product(
            f"Landsat {which} before the collections",
            re.compile(rf"{code.replace('0', '')}\d{{13}}[A-Z]{{3}}\d\d_(?:sr_|cfmask|pixel_qa)"),
            bands=numbered("sr_band{}", bands),
            level=SURFACE,
            codings=_C1,
            examples=(f"{old}1990242019136LGN00_{{band}}.tif",),
        ),
        Product(
            f"Landsat {which} level 1",
            re.compile(rf"{code}_L1(?:TP|GT|GS)_"),
            bands=numbered("B{}", bands),
            level=NUMBERS,
            examples=(f"{scene}/{scene}_{{band}}.TIF",),
        ),
        Product(
            f"Landsat {which} of AppEEARS (ARD)",
            re.compile(rf"(?<![A-Za-z0-9])L0[{digits}]\.002"),
            bands=numbered("SR_B{}", bands),
            level=SURFACE,
            codings=_C2,
            examples=(f"L0{digits[-1]}.002_{{band}}_CU_doy2019136_aid0001.tif",),
        ),
        Product(
            f"Landsat {which}, level not told",  # as Earth Engine indexes its scenes, and as people name files
            re.compile(
                rf"{code}_\d{{6}}_\d{{8}}|{code}(?![0-9])|(?<![A-Za-z0-9])L[{letters}]?[{digits}](?![A-Za-z0-9])"
                rf"|landsat[-_ ]?0?[{digits}](?!\d)",
                re.IGNORECASE,
            ),
            bands=numbered("B{}", bands) | numbered("SR_B{}", bands),
            examples=(f"Landsat{digits[0]}_2019-05-16.tif", f"{example}_199024_20190516.tif"),
            loose=True,
        ),
    )


def _products() -> tuple[Product, ...]:
    """The published ones of both sensors first."""
    kinds = (_of_collection_2, _of_collection_1, _of_others)
    return tuple(product for kind in kinds for sensor in _SENSORS for product in kind(*sensor))


PRODUCT = ProductSpec(
    sensors=(
        (re.compile(r"L[COTE]0(\d)_(?:L\w{3}|\w\w)_\d"), "Landsat {}"),
        (re.compile(r"L[COTE]([4-9])\d{13}[A-Z]{3}\d\d"), "Landsat {}"),
        (re.compile(r"(?<![A-Za-z0-9])L0([4-9])\.002"), "Landsat {}"),
        (re.compile(r"L[COTE]0([4-9])(?![0-9])"), "Landsat {}"),
        (re.compile(r"landsat[-_ ]?0?([4-9])(?!\d)", re.IGNORECASE), "Landsat {}"),
        (re.compile(r"(?<![A-Za-z0-9])L[COTES]?([4-9])(?![A-Za-z0-9])"), "Landsat {}"),
    ),
    dates=(
        re.compile(r"L[COTE]\d{2}_L\w{3}_\d{6}_(?P<ymd>\d{8})_(?:\d{8}_)?\d{2}_"),
        re.compile(r"L[COTE]\d{2}_(?:CU|AK|HI)_\d{6}_(?P<ymd>\d{8})_\d{8}_"),
        re.compile(r"L[COTE]\d\d{6}(?P<yj>\d{7})[A-Z]{3}\d\d"),
        re.compile(r"L[COTE]\d{2}_\d{6}_(?P<ymd>\d{8})"),
    ),
    products=_products(),
    masks=(
        MaskSpec("qa_pixel", "QA_PIXEL", fill=1, bad_bits=_QA_PIXEL_BITS, title="QA_PIXEL (Landsat)"),
        MaskSpec("qa_pixel_c1", "pixel_qa", fill=1, bad_bits=_PIXEL_QA_BITS),
    ),
    title="Landsat",
    rank=4,
)
