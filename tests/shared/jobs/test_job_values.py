"""Law of every job: a number that is none, or text that is none, ends in one sentence wherever it stands."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs import registry
from kits.strategies.least_jobs import LEAST

Place = tuple[Any, Any]
ODD = {
    float: (math.nan, math.inf, -math.inf, 1e300, -1e300),
    int: (2**31, -(2**40), 10**30),
    str: ("a\x00b", "\ud800", "x\udcff.tif"),
}


def places(value: Any, of: type) -> Iterator[Place]:
    """Where in lists and objects a value of the type stands."""
    for key, each in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        if type(each) is of:
            yield value, key
        elif isinstance(each, dict | list):
            yield from places(each, of)


@pytest.mark.parametrize("kind", sorted(LEAST))
@pytest.mark.parametrize("of", list(ODD), ids=lambda of: of.__name__)
def test_no_field_of_a_job_takes_what_is_no_number_or_no_text(kind: str, of: type) -> None:
    facts = json.loads(registry.dump(registry.parse({"kind": kind, **LEAST[kind]})))
    for holder, key in places(facts, of):
        for odd in ODD[of]:
            kept, holder[key] = holder[key], odd
            with pytest.raises(BadInput):
                registry.parse(facts)
            holder[key] = kept
    assert registry.parse(facts)


def test_the_numbers_that_a_raster_holds_as_no_data_may_be_any() -> None:
    """QGIS hides an open range with an infinite end."""
    scene = {"path": "a.tif", "no_data": [{"band": 1, "more": [[-math.inf, -1e30]]}]}
    job = registry.parse({"kind": "index", "series": {"scenes": [scene]}, "output": "o.tif"})
    assert registry.parse(json.loads(registry.dump(job))) == job


def test_a_pre_training_names_a_band() -> None:
    with pytest.raises(BadInput, match="No band"):
        registry.parse({"kind": "pretrain_cropsts", **LEAST["pretrain_cropsts"], "bands": []})
