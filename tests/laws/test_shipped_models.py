"""Every model that ships: its card is complete, valid and true, and its file classifies."""

from __future__ import annotations

import json
import re

import numpy as np
import onnx
import onnxruntime as ort
import pystac
import pytest
from pystac.validation import validate_dict
from stac_model.schema import MLModelProperties

from crop_classifier_plugin.shared.cards.deepness import onnx_metadata
from crop_classifier_plugin.shared.cards.files import (
    CARD_FILE,
    WEIGHTS_FILE,
    checked_weights,
    list_models,
    load_card,
    save_card,
)
from crop_classifier_plugin.shared.cards.fusion_card import FusionCard
from crop_classifier_plugin.shared.errors import ModelAltered
from crop_classifier_plugin.shared.legend import Legend
from kits.paths import REPOSITORY

MODELS = list_models([REPOSITORY / "models"])
each = pytest.mark.parametrize("folder", MODELS, ids=lambda f: f.name)


NETWORKS = {"attention_3dcnn", "cropsts", "lrtacf_net", "random_forest", "vunet_convlstm"}
_TOLD = ("overall accuracy", "mean F1")
FUSION = REPOSITORY / "models" / "tsstfn_simulated_season"


def feeds(card, batch, high, wide, seed=0):
    """Random z-scores for every input of the model, all dates usable."""
    rng = np.random.default_rng(seed)
    size = high * card.tiling.multiple, wide * card.tiling.multiple
    made = {}
    for name in card.inputs.tensors:
        bands = len(card.inputs.all_bands[card.inputs.slice_of(name)])
        if name.startswith("x"):
            made[name] = rng.standard_normal((batch, card.dates, bands, *size), dtype=np.float32)
        elif name == "doy":
            made[name] = np.tile(np.linspace(5, 340, card.dates).astype(np.int64), (batch, 1))
        else:
            made[name] = np.ones((batch, card.dates), np.float32)
    return made


def test_a_model_of_every_kind_ships_within_60_mb():
    assert {load_card(f).network for f in MODELS} == NETWORKS
    assert checked_weights(FUSION, FusionCard.load(FUSION).sha256).is_file()
    assert sum(f.stat().st_size for f in (REPOSITORY / "models").rglob("*") if f.is_file()) <= 60_000_000


@each
def test_the_card_is_complete(folder):
    card = load_card(folder)
    assert card.name == folder.name
    training, terms = card.training, card.terms
    for text in (card.title, training.training_data, training.region, training.season, terms.limits, terms.licence):
        assert text.strip()
    assert card.terms.licence == "GPL-3.0-or-later"
    assert card.training.start < card.training.end
    assert {"overall accuracy", "mean F1", "kappa"} <= {row["metric"] for row in card.accuracy}
    assert all(row["on"] and 0 <= row["value"] <= 1 for row in card.accuracy)
    assert card.weights.parameters > 10_000 or card.network == "random_forest"
    assert card.dates >= 3


@each
def test_the_file_is_the_one_the_card_means(folder):
    card = load_card(folder)
    path = checked_weights(folder, card.weights.sha256)
    assert path.stat().st_size == card.weights.size <= 3_000_000
    assert sum(f.stat().st_size for f in folder.iterdir()) <= 10_000_000


@each
def test_a_changed_file_is_refused(folder, tmp_path):
    data = bytearray((folder / WEIGHTS_FILE).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / WEIGHTS_FILE).write_bytes(data)
    with pytest.raises(ModelAltered):
        checked_weights(tmp_path, load_card(folder).weights.sha256)


@each
def test_the_card_is_a_valid_stac_item_with_the_mlm_extension(folder):
    """Against the STAC schemas that pystac bundles and stac-model's; no network is needed."""
    text = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    item = pystac.Item.from_dict(text)
    assert item.id == folder.name
    assert validate_dict({**text, "stac_extensions": []})  # the core schema; the extensions' are not bundled
    model = MLModelProperties(**{k: v for k, v in text["properties"].items() if k.startswith("mlm:")})
    assert model.total_parameters == load_card(folder).weights.parameters
    assert any(uri.startswith("https://stac-extensions.github.io/mlm/") for uri in text["stac_extensions"])


@each
def test_saving_a_loaded_card_gives_the_same_file(folder, tmp_path):
    save_card(load_card(folder), tmp_path)
    assert (tmp_path / CARD_FILE).read_text("utf-8") == (folder / CARD_FILE).read_text("utf-8")


@each
def test_the_onnx_file_carries_the_facts_and_no_path(folder):
    model = onnx.load(folder / WEIGHTS_FILE)
    onnx.checker.check_model(model)
    assert {p.key: p.value for p in model.metadata_props} == onnx_metadata(load_card(folder))
    assert "/site-packages/" not in str(model)
    assert "File " not in str(model)


@each
def test_the_model_classifies_tiles_of_any_allowed_size(folder):
    card = load_card(folder)
    session = ort.InferenceSession(folder / WEIGHTS_FILE, providers=["CPUExecutionProvider"])
    for batch, high, wide in ((1, 1, 1), (2, 3, 2), (3, 1, 4)):
        logits, probability = session.run(["logits", "probability"], feeds(card, batch, high, wide))
        size = high * card.tiling.multiple, wide * card.tiling.multiple
        assert logits.shape == probability.shape == (batch, len(card.legend), *size)
        np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-5)


@each
def test_the_order_of_the_dates_is_part_of_the_answer(folder):
    card = load_card(folder)
    session = ort.InferenceSession(folder / WEIGHTS_FILE, providers=["CPUExecutionProvider"])
    given = feeds(card, 1, card.tiling.tile // card.tiling.multiple, card.tiling.tile // card.tiling.multiple, seed=1)
    turned = {name: v[:, ::-1].copy() if name.startswith("x") else v for name, v in given.items()}
    (there,), (back,) = (session.run(["probability"], v) for v in (given, turned))
    assert np.abs(there - back).max() > 0.01


def test_flanders_answers_to_the_codes_of_the_reference():
    legend = load_card(REPOSITORY / "models" / "lrtacfnet_flanders").legend
    assert legend == Legend.load(REPOSITORY / "resources" / "legends" / "flanders.json")
    names = {"1110": "winter wheat", "1200": "maize", "1500": "barley", "1510": "barley"}
    names |= {"5100": "potato", "8100": "sugar beet", "9120": "grassland"}
    for code, name in names.items():
        found = legend.find(code)
        assert found is not None
        assert found.name == name


@each
def test_a_model_of_simulated_seasons_says_that_it_is(folder):
    assert load_card(folder).training.simulated == (folder.name != "lrtacfnet_flanders")


@each
@pytest.mark.parametrize("page", ["models/README.md", "README.md"])
def test_the_pages_tell_the_figures_of_the_cards(folder, page):
    """As overall accuracy / mean F1 in the table's rows of a model: its own first, a second test below."""
    lines = (REPOSITORY / page).read_text(encoding="utf-8").splitlines()
    rows = [i for i, line in enumerate(lines) if folder.name in line and re.search(r"\d\.\d{3} / \d\.\d{3}", line)]
    card = load_card(folder)
    tested = {
        on: " / ".join(f"{row['value']:.3f}" for row in card.accuracy if row["on"] == on and row["metric"] in _TOLD)
        for on in dict.fromkeys(row["on"] for row in card.accuracy)
    }
    if page == "models/README.md":
        assert rows
    for row in rows:
        near = "\n".join(lines[row : row + len(tested)])
        assert all(figures in near for figures in tested.values()), (tested, near)
