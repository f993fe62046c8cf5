"""Law of all that the engine reads: what is made wrong ends in a result or in one sentence, in bounded time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.shared.errors import CropClassifierError
from kits.mutations.sources import SOURCES, Source, make_place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_place(tmp_path_factory.mktemp("sources"))


@pytest.mark.filterwarnings("ignore")  # libraries warn of what they are given
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
@given(rng=st.randoms(use_true_random=False))
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=5000)
def test_a_mutated_source_ends_in_a_result_or_in_one_sentence(source: Source, place: Path, rng: Any) -> None:
    read, told = source(place, rng), "read"
    try:
        read()
    except CropClassifierError as error:
        told = error.sentence
    assert told.strip()
    assert told.encode("utf-8")
