"""Surface reflectance of Digital Earth Australia, collection 3, of Landsat and Sentinel-2 (its product pages)."""

from __future__ import annotations

import re

from ..spec import OPTICAL, SURFACE, BandCoding, Coding, MaskSpec, Product, ProductSpec, numbered

_COLOURS = {"blue": "B02", "green": "B03", "red": "B04"}
_LANDSAT = _COLOURS | {"nir": "B8A", "swir_1": "B11", "swir_2": "B12"}
_SENTINEL2 = _COLOURS | {
    "coastal_aerosol": "B01", "red_edge_1": "B05", "red_edge_2": "B06", "red_edge_3": "B07", "nir_1": "B08",
    "nir_2": "B8A", "swir_2": "B11", "swir_3": "B12",
}  # fmt: skip
_FILES = {  # of Sentinel-2; Landsat's files bear the sensor's own numbers
    f"band{band[1:].lower()}": band for band in OPTICAL if band not in ("B09", "B10")
}
_OLI = numbered("band{:02}", {1: "B01", 2: "B02", 3: "B03", 4: "B04", 5: "B8A", 6: "B11", 7: "B12"})
_TM = numbered("band{:02}", {1: "B02", 2: "B03", 3: "B04", 4: "B8A", 5: "B11", 7: "B12"})
_FMASK_BAD = (0, 2, 3, 4)  # no data, cloud, shadow, snow; not clear land (1) and water (5)


def _of(title: str, code: str, example: str, files: dict[str, str], measured: dict[str, str]) -> Product:
    return Product(
        title,
        re.compile(rf"ga_{code}_"),
        bands=files | {f"nbart_{name}": band for name, band in measured.items()} | {"fmask": "oa_fmask"},
        level=SURFACE,
        codings=(BandCoding(OPTICAL, Coding(1e-4, 0, -999)),),
        instead=("_nbar_", "_nbart_"),  # nbart: corrected for slopes too
        examples=(f"ga_{example}_nbart_3-2-1_55HGA_2019-05-16_final_{{band}}.tif",),
    )


PRODUCT = ProductSpec(
    sensors=(
        (re.compile(r"ga_s2([a-d])m_"), "Sentinel-2{}"),
        (re.compile(r"ga_ls(\d)[ctemo]_"), "Landsat {}"),
    ),
    dates=(re.compile(r"ga_(?:s2[a-d]m|ls\d\w)_\w+_\d-\d-\d_\w+_(?P<ymd>\d{4}-\d{2}-\d{2})"),),
    products=(
        _of("DEA Sentinel-2", "s2[a-d]m", "s2am", _FILES, _SENTINEL2),
        _of("DEA Landsat 8/9", "ls[89]c", "ls8c", _OLI, _LANDSAT | {"coastal_aerosol": "B01"}),
        _of("DEA Landsat 5/7", "ls[57][te]", "ls7e", _TM, _LANDSAT),
    ),
    masks=(MaskSpec("fmask_dea", "oa_fmask", fill=0, bad_values=_FMASK_BAD),),
    title="Digital Earth Australia",
    rank=9,
)
