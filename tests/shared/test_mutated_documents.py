"""Law of what both sides read: a document made wrong ends in a value of its type, or in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.shared.cards.files import CARD_FILE, card_text, load_card
from crop_classifier_plugin.shared.cards.fusion_card import FUSION_CARD, FusionCard
from crop_classifier_plugin.shared.errors import CropClassifierError
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.legend import Legend
from kits.mutations import documents
from kits.paths import REPOSITORY
from kits.strategies.least_jobs import LEAST

MODELS = REPOSITORY / "models"
LEGEND = [
    {"code": 1, "name": "Maize", "colour": "#ffd400", "aliases": ["Corn"]},
    {"code": 2, "name": "Wheat", "colour": "#aa5500"},
]
SCENES = {
    "scenes": [{"path": "a.tif", "no_data": [{"band": 1, "more": [[0, 1]]}]}],
    "dates": [{"layer": "a", "date": ""}],
}
JOBS = [{"kind": kind, **facts} for kind, facts in LEAST.items()] + [
    {"kind": "index", "series": SCENES, "output": "o.tif"}
]


def _card(path: Path) -> str:
    card = load_card(path.parent)
    return card_text(card) + card.title + card.inputs.dates.describe()


def _legend(path: Path) -> str:
    return "".join(Legend.load(path).names)


KINDS: dict[str, tuple[str, list[Any], Callable[[Path], str]]] = {
    "card": (CARD_FILE, [json.loads(path.read_text("utf-8")) for path in MODELS.glob(f"*/{CARD_FILE}")], _card),
    "fusion card": (
        FUSION_CARD,
        [json.loads(path.read_text("utf-8")) for path in MODELS.glob(f"*/{FUSION_CARD}")],
        lambda path: FusionCard.load(path.parent).text(),
    ),
    "legend": ("legend.json", [LEGEND, {"classes": LEGEND}], _legend),
    "job": ("job.json", JOBS, lambda path: registry.dump(registry.load(path))),
}


@pytest.mark.parametrize("kind", KINDS)
@given(rng=st.randoms(use_true_random=False))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=2000)
def test_a_mutated_document_ends_in_its_value_or_in_one_sentence(kind: str, tmp_path: Path, rng: Any) -> None:
    name, valid, read = KINDS[kind]
    path = tmp_path / name
    path.write_bytes(documents.mutated_text(rng.choice(valid), rng).encode("utf-8", "surrogatepass"))
    try:
        told = read(path)
    except CropClassifierError as error:
        told = error.sentence
    assert told.strip()
    told.encode("utf-8")  # whatever is told can be written
