"""Model cards: what is saved is read again, and what is broken is refused in a sentence."""

import copy
import json
import math
import os
import sys
from dataclasses import replace

import pytest

from crop_classifier_plugin.shared.cards.deepness import onnx_metadata
from crop_classifier_plugin.shared.cards.files import checked_weights, list_models, load_card, save_card, sha256_of
from crop_classifier_plugin.shared.cards.model_json import item_of
from crop_classifier_plugin.shared.cards.parts import DayWindow, RadarSpec
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BadModel,
    ModelAltered,
)
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.cards import changed
from kits.rasters import BANDS


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


def test_listing_models_loads_neither_torch_nor_rasterio() -> None:
    import subprocess

    code = (
        "import sys; from crop_classifier_plugin.engine.cli.main import cli;"
        "cli(['models'], standalone_mode=False);"
        "print([m for m in ('torch', 'rasterio', 'onnxruntime', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
