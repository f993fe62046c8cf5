"""Every card survives JSON, and other tools accept it."""

import copy
import json
import re

import pystac
import pytest
from hypothesis import HealthCheck, given, settings
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from stac_model.schema import MLModelProperties

from crop_classifier_plugin.shared.cards.deepness import onnx_metadata
from crop_classifier_plugin.shared.cards.model_json import item_of, read_item
from kits.strategies.cards import cards


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
