"""Model cards: what is saved is read again, other tools accept it, and what is broken is refused in a sentence."""

import copy
import json
import math
import os
import re
from dataclasses import replace

import pystac
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from stac_model.schema import MLModelProperties

from crop_classifier_plugin.shared.cards.deepness import onnx_metadata
from crop_classifier_plugin.shared.cards.files import checked_weights, list_models, load_card, save_card, sha256_of
from crop_classifier_plugin.shared.cards.parts import REDUCTIONS, DayWindow, RadarSpec
from crop_classifier_plugin.shared.cards.stac import item_of, read_item
from crop_classifier_plugin.shared.errors import BadInput, BadModel, ModelAltered
from crop_classifier_plugin.shared.legend import CropClass, Legend, plain
from kits.cards import card_of, changed
from kits.rasters import BANDS

positive = st.floats(1e-6, 1e6)
words = st.text(min_size=1, max_size=12).filter(lambda t: t.strip())
colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
classes = st.builds(CropClass, st.integers(1, 65534), words, colours, st.lists(words, max_size=2).map(tuple))
legends = st.lists(
    classes, min_size=1, max_size=4, unique_by=(lambda c: c.code, lambda c: plain(c.name))
).map(lambda found: Legend(tuple(found)))  # fmt: skip
windows = st.tuples(st.integers(-366, 731), st.integers(-366, 731)).map(lambda days: DayWindow(*sorted(days)))
keys = st.from_regex(r"[0-9a-zA-Z_.-]{1,6}", fullmatch=True)
names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_. \-]{1,8}[a-zA-Z0-9]", fullmatch=True)
plain_json = st.dictionaries(keys, st.integers() | st.text(max_size=5) | st.booleans(), max_size=3)


one_series = st.sampled_from([("x",), ("x", "doy"), ("x", "doy", "valid"), ("x_s2", "valid_s2"), ("x_s1", "valid_s1")])
two_series = st.sampled_from([("x_s2", "x_s1", "valid_s2", "valid_s1"), ("x_s2", "x_s1")])


@st.composite
def cards(draw):
    bands = tuple(draw(st.lists(words, min_size=1, max_size=4, unique=True)))
    more = tuple(draw(st.lists(words.filter(lambda b: b not in bands), max_size=2, unique=True)))
    spans = tuple(draw(st.lists(windows, min_size=1, max_size=3)))
    numbers = st.tuples(*[positive] * len(bands + more))
    multiple = draw(st.sampled_from([1, 8, 32]))
    overlap = multiple * draw(st.integers(0, 3))
    return card_of(
        name=draw(names),
        title=draw(words),
        network=draw(words),
        settings=draw(plain_json),
        bands=bands,
        windows=spans,
        mean=draw(numbers),
        std=draw(numbers),
        legend=draw(legends),
        sha256=draw(st.text("0123456789abcdef", min_size=64, max_size=64)),
        tile=2 * overlap + multiple * draw(st.integers(1, 4)),
        overlap=overlap,
        receptive_radius=draw(st.integers(0, 500)),
        multiple=multiple,
        pixel_size=draw(st.floats(0.01, 1e5)),
        pixel_tolerance=draw(st.floats(0, 10)),
        scale=draw(st.floats(1e-6, 1e9)),
        nodata=draw(st.floats(-1e9, 1e9)),
        parameters=draw(st.integers(0, 10**9)),
        size=draw(st.integers(0, 10**9)),
        simulated=draw(st.booleans()),
        training_data=draw(words),
        region=draw(st.text(max_size=9)),
        season=draw(st.text(max_size=9)),
        bbox=draw(st.tuples(st.floats(-180, 0), st.floats(-90, 0), st.floats(0, 180), st.floats(0, 90))),
        start="2018-10-01T00:00:00Z",
        end="2019-10-01T00:00:00Z",
        accuracy=tuple(draw(st.lists(plain_json, max_size=2))),
        limits=draw(st.text(max_size=9)),
        licence="CC-BY-4.0",
        citation=draw(st.text(max_size=9)),
        framework_version=draw(st.sampled_from(["", "1.23.2"])),
        extra=draw(plain_json),
        tensors=draw(two_series if more else one_series),
        radar=RadarSpec(more, draw(st.sampled_from(["decibel", "power"])), draw(st.integers(0, 183))),
        reduce=draw(st.sampled_from(REDUCTIONS)),
        min_dates=draw(st.integers(0, len(spans))),
        monthly=draw(st.booleans()),
    )


@settings(max_examples=50, suppress_health_check=list(HealthCheck), deadline=None)
@given(cards())
def test_a_card_survives_json(card):
    assert read_item(json.loads(json.dumps(item_of(card, "model.onnx")))) == card


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(cards())
def test_other_tools_accept_every_card(card):
    """Offline: the STAC core schemas that pystac carries, and the machine learning extension as stac-model reads it."""
    item = json.loads(json.dumps(item_of(card, "model.onnx")))
    pystac.Item.from_dict(copy.deepcopy(item))
    JsonSchemaSTACValidator().validate_core(item, pystac.STACObjectType.ITEM, item["stac_version"])
    read = MLModelProperties(**item["properties"])
    assert [entry.name for entry in read.input] == list(card.inputs.tensors)
    for entry in read.input:
        bands = card.inputs.all_bands[card.inputs.slice_of(entry.name)] if entry.name.startswith("x") else ()
        pixels = [len(bands), card.tiling.tile, card.tiling.tile] if bands else []
        assert entry.input.shape == [-1, card.dates, *pixels]
        assert [b if isinstance(b, str) else b.name for b in entry.bands] == list(bands)
    assert [c.value for c in read.output[0].classes] == list(card.legend.codes)
    assert [v.mean for v in read.input[0].value_scaling] == list(card.statistics.mean[: len(card.inputs.bands)])


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(cards())
def test_what_the_extensions_schema_asks_beyond_stac_model(card):
    """The rules of the mlm 1.6 and raster 2.0 schemas that stac-model does not check: tests have no network."""
    properties = item_of(card, "model.onnx")["properties"]
    named = [band for entry in properties["mlm:input"] for band in entry["bands"]]
    assert sorted(band["name"] for band in properties["bands"]) == sorted(named)
    for number, band in enumerate(properties["bands"]):
        if number < len(card.inputs.bands):
            assert band["raster:scale"] * card.inputs.scale == pytest.approx(1)
        assert band["raster:spatial_resolution"] == card.inputs.pixel_size
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_.\-\s]+[a-zA-Z0-9]", properties["mlm:name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties.get("mlm:framework_version", "0.0.0"))
    assert properties.get("mlm:hyperparameters") != {}
    for crop in properties["mlm:output"][0]["classification:classes"]:
        assert re.fullmatch(r"[0-9A-Za-z_-]+", crop["name"])
        assert re.fullmatch(r"[0-9A-F]{6}", crop["color_hint"])


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(cards())
def test_the_other_plugins_facts_are_the_cards(card):
    facts = {key: json.loads(value) for key, value in onnx_metadata(card).items()}
    assert list(facts["class_names"].values()) == list(card.legend.names)
    assert facts["tile_size"] == card.tiling.tile
    assert facts["standardization_std"] == list(card.statistics.std[: len(card.inputs.bands)])
    assert facts["resolution"] == pytest.approx(100 * card.inputs.pixel_size)  # cm


def two(model):
    """The tiny model's card as one of two series."""
    card = load_card(model)
    return changed(
        card,
        tensors=("x_s2", "x_s1", "valid_s2", "valid_s1"),
        radar=RadarSpec(("VV", "VH")),
        mean=(*card.statistics.mean, -10.0, -17.0),
        std=(*card.statistics.std, 3.0, 3.0),
        min_dates=2,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"tensors": ()},
        {"tensors": ("x", "valid")},
        {"tensors": ("x_s2", "valid_s2", "valid_s1")},  # the second series' images are missing
        {"tensors": ("x_s2", "x_s1", "x_s1")},
        {"tensors": ("x_s2", "x_s1", "weather")},
        {"radar": RadarSpec(), "mean": (0.0,) * 6, "std": (1.0,) * 6},
        {"radar": RadarSpec(("B02",)), "mean": (0.0,) * 7, "std": (1.0,) * 7},  # a band of the first series
        {"mean": (0.0,) * 7},
        {"std": (1.0,) * 7 + (0.0,)},
        {"mean": (0.0,) * 7 + (math.nan,)},
        {
            "radar": RadarSpec(tuple(f"V{i}" for i in range(60))),
            "mean": (0.0,) * 66,
            "std": (1.0,) * 66,
        },  # 66 bands in all
        {"reduce": "brightest"},
        {"unit": "watt"},
        {"days": 184},
        {"days": -1},
        {"min_dates": 4},
        {"min_dates": -1},
    ],
)
def test_a_second_series_fits_its_model(model, change):
    with pytest.raises(BadInput):
        changed(two(model), **change)


@pytest.mark.parametrize("tensors", [("doy",), ("x", "x"), ("x", "x_s2"), ("x", "valid_s2"), ("x_s1", "valid")])
def test_inputs_of_one_series(model, tensors):
    with pytest.raises(BadInput, match="one series"):
        changed(load_card(model), tensors=tensors)


def test_todays_cards_have_no_new_entries(model):
    card = load_card(model)
    own = item_of(card, "model.onnx")["properties"]["crop:model"]
    assert not {"radar_unit", "radar_days", "reduce", "min_dates", "monthly"} & set(own)
    assert not {"crop_inputs", "crop_radar"} & set(onnx_metadata(card))
    facts = onnx_metadata(two(model))
    assert json.loads(facts["crop_least_dates"]) == 2
    assert json.loads(facts["crop_radar"])["bands"] == ["VV", "VH"]
    assert two(model).inputs.all_bands == (*BANDS, "VV", "VH")


@pytest.mark.parametrize("wrong", [None, "x", -1, 1e999, [], {}, "gone"])
def test_any_wrong_entry_of_two_series_is_a_bad_model_or_does_no_harm(model, wrong):
    save_card(two(model), model)
    test_any_wrong_entry_is_a_bad_model_or_does_no_harm(model, wrong)


def test_a_saved_card_is_loaded(model):
    card = load_card(model)
    save_card(card, model)
    assert load_card(model) == card
    assert checked_weights(model, card.weights.sha256) == model / "model.onnx"
    assert card.dates == 3
    assert card.inputs.dates.describe_days() == "3 dates (day of year 95-135, 150-195, 210-260)"


def paths(tree, at=()):
    """Where every value of a JSON document stands."""
    if isinstance(tree, (dict, list)):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield (*at, key)
            yield from paths(tree[key], (*at, key))


@pytest.mark.parametrize("wrong", [None, "x", -1, 0, 1e999, float("nan"), [], {}, [[]], "gone"])
def test_any_wrong_entry_is_a_bad_model_or_does_no_harm(model, wrong):
    whole = json.loads((model / "model.json").read_text())
    for path in paths(whole):
        item = copy.deepcopy(whole)
        place = item
        for key in path[:-1]:
            place = place[key]
        if wrong == "gone":
            del place[path[-1]]
        else:
            place[path[-1]] = wrong
        (model / "model.json").write_text(json.dumps(item))
        sentence = refusal(model)
        assert "\n" not in sentence
        assert ".)" not in sentence


def refusal(model):
    """The sentence of a card that cannot be used; "" when it can."""
    try:
        load_card(model)
    except BadModel as error:
        return error.sentence
    return ""


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{}", "\xff\xfe", '{"properties": []}'])
def test_a_file_that_is_no_card(model, text):
    (model / "model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadModel, match=r"tiny.*model\.json"):
        load_card(model)


@pytest.mark.parametrize(
    "entry",
    [
        {"multiple": 0},
        {"tile": 0},
        {"tile": 100, "multiple": 32},
        {"overlap": 60},
        {"scale": 0},
        {"pixel_size": float("nan")},
        {"windows": []},
        {"windows": [[200, 100]]},
        {"windows": [[1]]},
        {"windows": [[1, 2]] * 65},
        {"tile": 4097, "multiple": 1, "overlap": 0},
        {"tile": 2**40, "multiple": 2**40, "overlap": 0},
        {"tile": 4096, "windows": [[1, 2]] * 64},  # each within bounds, together 24 GiB a tile
        {"multiple": -32},
        {"receptive_radius": -1},
        {"pixel_size": 0.009},
        {"pixel_size": 1.1e5},
        {"pixel_tolerance": -0.1},
        {"pixel_tolerance": 11},
        {"pixel_tolerance": float("nan")},
        {"scale": 1e-7},
        {"scale": 1e10},
        {"nodata": float("inf")},
        {"nodata": float("-inf")},
    ],
)
def test_a_card_that_contradicts_itself(model, entry):
    item = json.loads((model / "model.json").read_text())
    item["properties"]["crop:model"] |= entry
    (model / "model.json").write_text(json.dumps(item))
    with pytest.raises(BadModel, match="tiny"):
        load_card(model)


@pytest.mark.parametrize("bands", [BANDS[:5] + BANDS[:1], tuple(f"B{i}" for i in range(65))])
def test_bands_are_unique_and_not_too_many(model, bands):
    card = load_card(model)
    with pytest.raises(BadInput, match="band"):
        changed(card, bands=bands, mean=(0.0,) * len(bands), std=(1.0,) * len(bands))


def test_classes_are_not_too_many(model):
    def some(number):
        return Legend(tuple(CropClass(i, f"class {i}", "#000000") for i in range(1, number + 1)))

    card = load_card(model)
    assert len(replace(card, legend=some(1000)).legend) == 1000
    with pytest.raises(BadInput, match="number of classes is 1001"):
        replace(card, legend=some(1001))


def test_not_a_number_may_mean_no_data(model):
    assert math.isnan(changed(load_card(model), nodata=math.nan).inputs.nodata)


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"properties": ['])
def test_endless_nesting_is_a_bad_model(model, opening):
    (model / "model.json").write_text(opening * 100_000)
    with pytest.raises(BadModel, match="deep"):
        load_card(model)


def test_files_that_are_too_large_are_not_read(model):
    card = load_card(model)
    text = (model / "model.json").read_text()
    (model / "model.json").write_text(text + " " * (5_000_001 - len(text.encode())))
    with pytest.raises(BadModel, match=r"model\.json has more than 5 MB"):
        load_card(model)
    os.truncate(model / "model.onnx", (1 << 31) + 1)  # takes no place on the disk
    with pytest.raises(BadModel, match="2 GiB"):
        checked_weights(model, card.weights.sha256)


def test_a_window_is_in_order():
    with pytest.raises(BadInput):
        DayWindow(10, 9)


def test_a_missing_card_or_weights(tmp_path, model):
    with pytest.raises(BadModel, match=r"no model\.json"):
        load_card(tmp_path)
    card = load_card(model)
    (model / "model.onnx").unlink()
    with pytest.raises(BadModel, match=r"no model\.onnx"):
        checked_weights(model, card.weights.sha256)


def test_altered_weights_are_refused(model):
    card = load_card(model)
    weights = model / "model.onnx"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(ModelAltered, match="sha256") as error:
        checked_weights(model, card.weights.sha256)
    assert card.weights.sha256[:12] in error.value.sentence
    assert sha256_of(weights)[:12] in error.value.sentence


def test_models_are_listed_by_name(tmp_path, model):
    (tmp_path / "models" / "empty").mkdir()
    (tmp_path / "models" / "another").mkdir()
    save_card(load_card(model), tmp_path / "models" / "another")
    found = list_models([tmp_path / "models", tmp_path / "gone"])
    assert [path.name for path in found] == ["another", "tiny"]
