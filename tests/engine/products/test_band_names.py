"""Which band a name means: for every product of the tables, for names that people give, and where two readings are."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.products import bands, dates
from crop_classifier_plugin.engine.products.band_names import band_of, bands_of
from crop_classifier_plugin.engine.products.encodings import level_of, product_of, sensor_of
from crop_classifier_plugin.engine.products.spec import LEVELS, OPTICAL, Product, specs
from crop_classifier_plugin.engine.products.vocabulary import UNSURE, fold, vocabulary_of
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.errors import BandAmbiguous
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.rasters import write_raster

PRODUCTS = [(p, name) for spec in specs() for p in spec.products for name in p.examples]
EVERYWHERE = vocabulary_of(None)
letters = st.text(string.ascii_letters, min_size=1, max_size=8)


def read(path: str, descriptions: Sequence[str] = ("",)) -> list[str]:
    return [named.band for named in bands_of(path, descriptions)]


# --- laws of the tables ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("product", "name"), PRODUCTS)
def test_a_true_name_tells_product_sensor_date_and_level(product: Product, name: str) -> None:
    path = name.replace("{band}", next(iter(product.bands), ""))
    assert product_of(path) is product
    assert level_of(path) == product.level
    assert product.level in (*LEVELS, "")
    assert sensor_of(path)
    day = dates.in_name(Path(path).name) or next(filter(None, map(dates.of_product, Path(path).parts)))
    assert str(day) in ("2019-05-16", "2019-05-10")


@pytest.mark.parametrize(("product", "name"), PRODUCTS)
def test_every_band_is_found_by_its_published_name_and_no_other(product: Product, name: str) -> None:
    named = list(product.bands.items())
    known = {fold(published) for published in product.bands}
    foreign = [code for code in OPTICAL if fold(code) not in known]
    if "{band}" in name:
        assert [(published, band_of(name.format(band=published))) for published, _ in named] == named
        others = [path for code in foreign if product_of(path := name.format(band=code)) is product]
        assert [band_of(path) for path in others] == [""] * len(others)
    elif named:
        stack = [published for published, _ in named]
        assert read(name, stack) == [band for _, band in named]
        assert read(name, [*stack, *foreign])[len(stack) :] == [""] * len(foreign)
    if product.order:
        assert read(name, [""] * len(product.order)) == [product.bands[each] for each in product.order]
        assert read(name, [""] * (len(product.order) + 1)) == [""] * (len(product.order) + 1)


@given(st.sampled_from(sorted(EVERYWHERE.names)), st.sampled_from(["", "_", "-", " ", "."]), st.booleans())
def test_names_do_not_heed_case_and_signs(name: str, sign: str, small: bool) -> None:
    parted = sign.join(name)  # the whole text: any sign may stand between any letters
    assert bands.readings(parted.upper() if small else parted.title(), EVERYWHERE) == bands.readings(name, EVERYWHERE)


@given(st.sampled_from(sorted(EVERYWHERE.names)), letters, letters)
@example("red", "inf", "")
@example("nir", "", "vana")
def test_a_name_glued_into_a_word_names_no_band(name: str, before: str, after: str) -> None:
    word = f"{before}{name}{after}"
    if fold(word) not in EVERYWHERE.names:
        assert bands.readings(f"{word}_20190516", EVERYWHERE) == ()


@given(st.sampled_from(OPTICAL), letters, letters)
def test_a_number_is_found_among_any_words(band: str, first: str, last: str) -> None:
    if not {fold(first), fold(last), fold(first + last)} & set(EVERYWHERE.names):
        assert band_of(f"{first}_{last}_20190516_{band}.tif") == band


# --- names that people give ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "band"),
    [
        ("Red_River_20190421_B08.tif", "B08"), ("Red_River_20190421_red.tif", "B04"),
        ("Blue_Nile_20190421_VV.tif", "VV"),
        ("Green_Valley_20190421.tif", ""), ("20190421_Red_River.tif", ""), ("parcels_20190421_green_clip.tif", "B03"),
        ("nir_mosaic_20190421.tif", "B08"), ("red edge 1 20190421.tif", "B05"), ("20190421_red_edge.tif", ""),
        ("B8A (NIR).tif", "B8A"), ("B04 red.tif", "B04"), ("near infrared.tif", "B08"), ("green I.tif", ""),
        ("B08_B04_20190421.tif", ""), ("RT_T31UFS_20190421T105031_B02.tif", "B02"), ("swir-16.tif", "B11"),
        ("field_B8A_20190421.tif", "B8A"), ("openEO_2019-04-21Z_B04.tif", "B04"), ("B10_NIR_2019.tif", ""),
        ("Landsat-9_2022-04-21_SR_B5.tif", "B8A"), ("L5_20100421_SR_B4.tif", "B8A"), ("Landsat8_B10_20190421.tif", ""),
        ("sur_refl_b01_20190421.tif", "B04"), ("nbart_swir_3_2019-04-21.tif", "B12"),
        ("HLS_L30_20190421_B5.tif", "B8A"), ("LC8_2019-04-21_B5.tif", "B8A"), ("LT5_1999-04-21_B4.tif", "B8A"),
    ],
)  # fmt: skip
def test_file_names_of_people(name: str, band: str) -> None:
    assert band_of(name) == band


def test_a_file_that_names_several_bands_says_so() -> None:
    (named,) = bands_of("B08_B04_20190421.tif", [""])
    assert (named.band, named.several) == ("", ("B04", "B08"))


def test_a_name_of_a_file_is_of_all_its_bands_only_where_each_is_of_another_day() -> None:
    assert read("NDVI_2019.tif", [""] * 3) == [""] * 3
    assert [n.band for n in bands_of("NDVI_2019.tif", [""] * 3, distinct_days=True)] == ["NDVI"] * 3


def test_the_narrow_near_infrared_is_told_by_the_broad_one_beside_it() -> None:
    assert read("x_20190421.tif", ["RED", "BROADNIR", "NIR"]) == ["B04", "B08", "B8A"]
    assert read("x_20190421.tif", ["RED", "NIR"]) == ["B04", "B08"]


# --- two readings ----------------------------------------------------------------------------------------------------

LANDSAT_8 = {"SR_B2": "B02", "SR_B4": "B04", "SR_B5": "B8A", "SR_B6": "B11", "SR_B7": "B12"}


def test_landsats_names_without_a_sensor_are_read_where_they_are_of_one_only() -> None:
    assert read("field_2019-04-21.tif", list(LANDSAT_8)) == list(LANDSAT_8.values())
    sentinel = ["nbart_red", "nbart_nir_1", "nbart_swir_2", "nbart_swir_3"]
    assert read("field_2019-04-21.tif", sentinel) == ["B04", "B08", "B11", "B12"]
    assert read("x_2019-04-21.tif", ["sur_refl_b01", "sur_refl_b02"]) == ["B04", "B8A"]


AMBIGUOUS = [
    ["SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7"],
    ["SR_B4", "SR_B5"],
    ["sr_band4"],
    ["B2", "B3", "B4", "B5", "B6", "B7"],
    ["B04", "B05", "B06", "B07", "Fmask"],
    ["B3", "B4", "QA_PIXEL"],
    ["nbart_red", "nbart_swir_2"],
]


@pytest.mark.parametrize("names", AMBIGUOUS)
def test_names_of_several_sensors_are_refused_until_one_is_named(names: list[str]) -> None:
    with pytest.raises(BandAmbiguous, match="put the sensor into the name") as caught:
        bands_of("field_2019-04-21.tif", names)
    assert "field_2019-04-21.tif" in caught.value.sentence
    if not names[0].startswith("nbart"):
        assert read("Landsat8_2019-04-21.tif", ["SR_B5"]) == ["B8A"]
        assert read("Landsat5_2019-04-21.tif", ["SR_B5"]) == ["B11"]
        assert [n.band for n in bands_of("export.tif", ["SR_B5"], hint="Landsat 8 May")] == ["B8A"]


@pytest.mark.parametrize(
    "names", [["B2", "B3", "B4", "B8"], ["B02", "B05", "B06", "B07"], ["B4", "B5", "B6", "B7", "B8A"]]
)
def test_sentinel_2s_own_numbers_are_no_riddle(names: list[str]) -> None:
    assert read("field_2019-04-21.tif", names) == [f"B{int(n[1:]):02}" if n[1:].isdigit() else n for n in names]


def test_single_bands_are_read_together_with_those_beside_them(tmp_path: Path) -> None:
    for name in LANDSAT_8:
        (tmp_path / f"field_2019-04-21_{name}.tif").touch()
    (tmp_path / "other_2019-04-21_SR_B4.tif").touch()
    assert [read(str(tmp_path / f"field_2019-04-21_{name}.tif")) for name in LANDSAT_8] == [
        [band] for band in LANDSAT_8.values()
    ]
    with pytest.raises(BandAmbiguous, match="SR_B4"):
        read(str(tmp_path / "other_2019-04-21_SR_B4.tif"))


def test_no_table_leaves_a_published_name_of_one_word_to_chance() -> None:
    """A number alone, B5, is Sentinel-2's; every other name means one band in all tables, or is asked for."""
    assert {EVERYWHERE.names[fold(name)] for name in ("SR_B1", "SR_B5", "sr_band4", "toa_band4", "TA_B4")} == {UNSURE}
    assert EVERYWHERE.names[fold("SR_B6")] == "B11"


def test_a_place_called_after_a_colour_names_no_band_of_a_scene(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "Red_River_20190516.tif", np.ones((4, 4, 4), np.uint16))
    (scene,) = read_scenes([SceneSource(str(path))], Silent())
    assert scene.bands == ()
