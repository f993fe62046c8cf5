"""The facts of a card that travel in the ONNX file: those that the Deepness plugin reads, and this plugin's own."""

from __future__ import annotations

import json
from typing import Any

from .card import Card
from .parts import DateSpec, RadarSpec


def onnx_metadata(card: Card) -> dict[str, str]:
    """The metadata of a model's ONNX file."""
    inputs, first = card.inputs, slice(0, len(card.inputs.bands))
    statistics = card.statistics.of(first)
    facts: dict[str, Any] = {
        "model_type": "Segmentor",
        "class_names": dict(enumerate(card.legend.names)),
        "resolution": inputs.pixel_size * 100,
        "tile_size": card.tiling.tile,
        "tiles_overlap": round(100 * card.tiling.overlap / card.tiling.tile),
        "standardization_mean": list(statistics.mean),
        "standardization_std": list(statistics.std),
        "crop_bands": list(inputs.bands),
        "crop_windows": [[w.first, w.last] for w in inputs.dates.windows],
        "crop_scale": inputs.scale,
        **_unusual(card),
    }
    return {key: json.dumps(value) for key, value in facts.items()}


def _unusual(card: Card) -> dict[str, Any]:
    """How scenes become dates and inputs, where that is not the usual way: most files have none of these entries."""
    inputs, dates, radar = card.inputs, card.inputs.dates, card.inputs.radar
    statistics = card.statistics.of(slice(len(inputs.bands), None))
    second = {"bands": list(radar.bands), "mean": list(statistics.mean), "std": list(statistics.std)}
    entries = (
        ("crop_radar_unit", radar.unit, RadarSpec().unit),
        ("crop_radar_days", radar.days, RadarSpec().days),
        ("crop_reduce", dates.reduce, DateSpec().reduce),
        ("crop_least_dates", dates.min_dates, DateSpec().min_dates),  # the name that files have from before the card's
        ("crop_monthly", dates.monthly, DateSpec().monthly),
        ("crop_inputs", list(inputs.tensors), ["x"]),
        ("crop_radar", second if radar.bands else None, None),
    )
    return {key: value for key, value, usual in entries if value != usual}
