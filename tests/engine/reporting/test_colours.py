"""One crop, one colour: told apart by everybody's eyes, taken by its name wherever it appears, edited in one file."""

from __future__ import annotations

import json
from itertools import combinations

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin import assets
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.class_map import CropMap, opened
from crop_classifier_plugin.engine.labels.legend_from_labels import legend_of
from crop_classifier_plugin.engine.reporting.colours import (
    VARIABLE,
    Uncoloured,
    colours_of,
    distinct_colour,
    recoloured,
)
from crop_classifier_plugin.engine.simulate.crops import LEGEND as DEMO
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.legend import CropClass, Legend, plain
from kits.diagnosis import UTM, run, write_map
from kits.paths import DATA

# Machado, Oliveira and Fernandes (2009), IEEE Transactions on Visualization and Computer Graphics 15, table of
# severity 1.0, for linear RGB
EYES = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
# IEC 61966-2-1: linear sRGB to CIE XYZ, white D65
XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE = (0.9505, 1.0, 1.089)
CROPS = Legend.load(assets.legend("crops"))


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def lab(rgb, eye):
    """CIE 1976 L*a*b* (CIE 15:2004, 8.2.1.1) of what such an eye sees."""
    parts = [part / 255 for part in rgb]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    seen = [min(max(c, 0), 1) for c in times(EYES[eye], linear)]
    ratios = [value / white for value, white in zip(times(XYZ, seen), WHITE)]
    x, y, z = (r ** (1 / 3) if r > (6 / 29) ** 3 else r / (3 * (6 / 29) ** 2) + 4 / 29 for r in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def nearest(colours, eye):
    """Smallest CIE76 difference of two of them."""
    places = [lab(colour, eye) for colour in colours]
    return min(sum((a - b) ** 2 for a, b in zip(*pair)) ** 0.5 for pair in combinations(places, 2))


def test_the_formula_is_that_of_the_standard():
    assert lab((255, 255, 255), "normal") == pytest.approx((100, 0, 0), abs=0.02)
    assert lab((255, 0, 0), "normal") == pytest.approx((53.24, 80.09, 67.20), abs=0.05)
    assert lab((0, 0, 255), "normal") == pytest.approx((32.30, 79.19, -107.86), abs=0.05)


@pytest.mark.parametrize("eye", EYES)
def test_the_first_twelve_and_the_demo_are_told_apart_by_every_eye(eye):
    assert nearest([distinct_colour(index) for index in range(12)], eye) >= 12
    assert nearest([crop.rgb for crop in DEMO], eye) >= 12


@pytest.mark.parametrize("eye", EYES)
def test_no_two_crops_of_the_table_look_alike(eye):
    assert nearest([crop.rgb for crop in CROPS], eye) >= 6


def test_a_word_means_one_crop_and_has_one_colour():
    words = [plain(word) for crop in CROPS for word in {plain(crop.name), *map(plain, crop.aliases)}]
    assert len(words) == len(set(words))
    assert len({crop.colour for crop in CROPS}) == len(CROPS)


@given(st.lists(st.sampled_from([w for c in CROPS for w in (c.name, *c.aliases)]), min_size=1, max_size=30))
def test_a_class_has_its_crops_colour_and_no_other_class_has_it(names):
    found = colours_of([Uncoloured((name,)) for name in names])
    assert len(set(found)) == len(found)
    for name in names:
        crop = CROPS.named(name)
        assert crop is not None
        assert crop.colour in found
        if [CROPS.named(other) for other in names].count(crop) == 1:
            assert found[names.index(name)] == crop.colour


@given(st.integers(1, 300))
def test_classes_without_a_crop_have_colours_of_their_own(number):
    found = colours_of([Uncoloured((f"class {k}",)) for k in range(number)], {"#c0843c"})
    assert len({*found, "#c0843c"}) == number + 1


@pytest.mark.parametrize(
    "name", ["crops", "cdl", "pastis", "lem", "worldcereal", "eurocrops", "flanders", "simulated_season"]
)
def test_legends_that_ship_are_legends(name):
    with open(assets.legend(name), encoding="utf-8") as file:
        data = json.load(file)
    legend = Legend.load(assets.legend(name))
    assert len(legend) == len(data["classes"])
    for crop in legend:
        for word in (crop.name, *crop.aliases):
            assert legend.named(word) == crop  # no alias is another class's name, or said of two


@pytest.mark.parametrize("name", ["pastis", "lem", "worldcereal", "flanders", "simulated_season"])
def test_our_legends_colour_a_crop_as_the_table_does(name):
    for crop in Legend.load(assets.legend(name)):
        known = CROPS.named(crop.name)
        same = [c for c in Legend.load(assets.legend(name)) if CROPS.named(c.name) == known]
        if known and len(same) == 1:
            assert crop.colour == known.colour


def test_eurocrops_classes_answer_to_the_codes_and_names_of_its_files():
    legend = Legend.load(assets.legend("eurocrops"))
    codes = [code for crop in legend for code in crop.aliases]
    assert all(len(code) == 10 and code.isdecimal() and code.startswith("33") for code in codes)
    assert codes == sorted(codes)  # the taxonomy's order: parents before what they hold
    assert legend.find("winter_common_soft_wheat") == legend.find("3301010101")
    assert legend.find("3301010101").colour == CROPS.named("Winter wheat").colour
    assert legend.find("grain_maize_corn_popcorn") == legend.find("3301010600")
    assert len({crop.colour for crop in legend}) == len(legend)


def test_the_labels_of_lem_are_in_its_legend():
    path = DATA / "lem_plus" / "lem_plus_monthly_crops.gpkg"
    if not path.is_file():
        pytest.skip(f"no real data at {path}: set CROP_DATA")
    frame = geopandas.read_file(path)
    months = [column for column in frame.columns if column.endswith(("2019", "2020"))]
    said = {label for month in months for label in frame[month].dropna()}
    legend = Legend.load(assets.legend("lem"))
    assert all(legend.named(label) for label in said)
    assert {legend.named(label) for label in said} == set(legend)


@pytest.fixture
def own_legend(tmp_path, monkeypatch):
    path = tmp_path / "own.json"
    classes = [{"code": 1, "name": "corn", "colour": "#123456", "aliases": ["maize"]}]
    path.write_text(json.dumps({"classes": classes}), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(path))
    return "#123456"


def test_a_colour_is_edited_once(tmp_path, own_legend):
    """In a legend of the user's own: new legends, maps that are read, maps that are written."""
    maize = Legend((CropClass(1, "Maize", "#ffffff"), CropClass(2, "Rye", "#000001")))
    assert [crop.colour for crop in recoloured(maize)] == [own_legend, "#000001"]
    assert legend_of({"Maize": 3, "Rye": 2}).find("Maize").colour == own_legend
    with opened(write_map(tmp_path / "map.tif", np.array([[1, 2]], np.uint8), maize)) as dataset:
        assert [crop.colour for crop in CropMap("map.tif", dataset, Silent()).legend] == [own_legend, "#000001"]


def test_a_class_that_the_map_lacks_has_its_crops_colour_in_the_report(tmp_path):
    wheat = Legend((CropClass(1, "Winter wheat", "#c0843c"),))
    path = write_map(tmp_path / "map.tif", np.ones((4, 4), np.uint8), wheat)
    frame = {"crop": ["Winter wheat", "Milho"]}
    shapes = [shapely.box(600000, 5599960, 600020, 5600000), shapely.box(600020, 5599960, 600040, 5600000)]
    geopandas.GeoDataFrame(frame, geometry=shapes, crs=UTM).to_file(tmp_path / "fields.gpkg")
    _, document = run(tmp_path, path, tmp_path / "fields.gpkg", class_field="crop")
    assert [row["colour"] for row in document["classes"]] == ["#c0843c", CROPS.find("Maize").colour]


def test_an_own_legend_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone.json"))
    with pytest.raises(BadInput, match=r"gone\.json cannot be read"):
        legend_of({"Maize": 3})
