"""Calibrations in a card: written, read again, those from before too; what cannot be meant is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from crop_classifier_plugin.shared.cards.calibration import Calibration, ParcelCalibration
from crop_classifier_plugin.shared.errors import BadInput
from kits.cards import PLAIN
from kits.strategies.calibrations import calibrations

PARCELS = ParcelCalibration(0.4, 1.3, 0.05, 0.02, 80)


@settings(max_examples=40, deadline=None)
@given(calibrations(3))
def test_a_calibration_is_read_as_it_was_written(found: Calibration) -> None:
    whole = replace(found, error_before=0.08, error_after=0.01, pixels=900, parcels=PARCELS)
    assert Calibration.from_dict(whole.to_dict()) == whole
    assert Calibration.from_dict(found.to_dict()) == found


def test_none_is_nothing_and_a_card_from_before_is_read() -> None:
    assert Calibration().to_dict() == {}
    assert Calibration.from_dict({}) == Calibration()
    before = {"temperature": 1.7, "error_before": 0.08, "error_after": 0.01, "pixels": 900}
    assert Calibration.from_dict(before) == Calibration(1.7, (), (), 0.08, 0.01, 900)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"temperature": 0}, "temperature is 0.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"bias": [float("nan"), 0]}, "bias has nan"),
        ({"weights": [[0, 1e9], [0, 0]]}, "weights has 1000000000"),
        ({"version": 3}, "of version 3, this program reads up to 2"),
        ({"parcels": PARCELS.to_dict() | {"slope": -1}}, "slope of the parcels' confidence is -1"),
        ({"parcels": PARCELS.to_dict() | {"intercept": float("inf")}}, "has inf"),
    ],
)
def test_what_cannot_be_meant_is_refused(entry: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        Calibration.from_dict(entry)


def test_a_card_refuses_the_calibration_of_other_classes() -> None:
    known = PLAIN
    wrong = Calibration(bias=(0.5,) * (len(known.legend) + 1))
    with pytest.raises(BadInput, match=f"classes, the model has {len(known.legend)}"):
        replace(known, weights=replace(known.weights, calibration=wrong))
