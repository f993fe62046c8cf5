"""The layout of model.json: a card as a STAC Item with the machine learning, classification and raster extensions.

Standard library only, as the card itself.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from ..codec import text_of
from ..legend import CropClass, Legend
from .calibration import Calibration
from .card import Card
from .parts import (
    SURFACE,
    Box,
    DateSpec,
    DayWindow,
    InputSpec,
    RadarSpec,
    Statistics,
    Terms,
    TilingSpec,
    TrainingFacts,
    WeightsFacts,
)

_EXTENSIONS = [
    "https://stac-extensions.github.io/mlm/v1.6.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
]


# --- reading ---------------------------------------------------------------------------------------------------------


def read_item(item: dict[str, Any]) -> Card:
    """The card in a STAC Item dictionary. Raises BadInput, and what a dictionary that is none leads to."""
    p = item["properties"]
    own = p["crop:model"]
    images = [entry for entry in p["mlm:input"] if str(entry["name"]).startswith("x")]
    first, *others = [entry["value_scaling"] for entry in images]
    second = others[0] if others else []
    return Card(
        name=text_of(item["id"]),
        network=text_of(p["mlm:architecture"]),
        settings=dict(p.get("mlm:hyperparameters", {})),
        inputs=_read_inputs(item, images),
        statistics=Statistics(*(tuple(float(v[key]) for v in (*first, *second)) for key in ("mean", "stddev"))),
        legend=_legend(p["mlm:output"][0]["classification:classes"], own.get("aliases", {})),
        weights=WeightsFacts(
            sha256=str(own["sha256"]),
            size=int(p.get("file:size", 0)),
            parameters=int(p.get("mlm:total_parameters", 0)),
            framework_version=str(p.get("mlm:framework_version", "")),
            calibration=Calibration.from_dict(own.get("calibration", {})),
        ),
        tiling=TilingSpec(
            tile=int(own["tile"]),
            overlap=int(own["overlap"]),
            multiple=int(own["multiple"]),
            receptive_radius=int(own.get("receptive_radius", 0)),
        ),
        training=_read_training(item),
        accuracy=tuple(dict(a) for a in own.get("accuracy", ())),
        terms=Terms(str(own.get("limits", "")), str(p.get("license", "")), str(own.get("citation", ""))),
        extra=dict(own.get("extra", {})),
    )


def _read_inputs(item: dict[str, Any], images: list[dict[str, Any]]) -> InputSpec:
    """`images`: the inputs of images, one a series."""
    p = item["properties"]
    own = p["crop:model"]
    bands = [tuple(text_of(b["name"] if isinstance(b, dict) else b) for b in entry["bands"]) for entry in images]
    return InputSpec(
        model=text_of(p.get("title", item["id"])),
        bands=bands[0],
        dates=DateSpec(
            windows=tuple(DayWindow(int(first), int(last)) for first, last in own["windows"]),
            reduce=str(own.get("reduce", "clearest")),
            min_dates=int(own.get("min_dates", 0)),
            monthly=bool(own.get("monthly", False)),
        ),
        radar=RadarSpec(
            bands=bands[1] if bands[1:] else (),
            unit=str(own.get("radar_unit", "decibel")),
            days=int(own.get("radar_days", 6)),
        ),
        pixel_size=float(own["pixel_size"]),
        pixel_tolerance=float(own["pixel_tolerance"]),
        scale=float(own["scale"]),
        level=str(own.get("level", SURFACE)),
        nodata=float(own["nodata"]),
        tensors=tuple(str(entry["name"]) for entry in p["mlm:input"]),
    )


def _read_training(item: dict[str, Any]) -> TrainingFacts:
    p = item["properties"]
    own = p["crop:model"]
    return TrainingFacts(
        training_data=str(own.get("training_data", "")),
        region=str(own.get("region", "")),
        season=str(own.get("season", "")),
        bbox=_box(item["bbox"]),
        start=str(p.get("start_datetime", "")),
        end=str(p.get("end_datetime", "")),
        simulated=bool(own["simulated"]),
        seasons=tuple((_day(first), _day(last)) for first, last in own.get("seasons", ())),
        sensors=tuple(str(sensor) for sensor in own.get("sensors", ())),
        levels=tuple(str(level) for level in own.get("levels", ())),
        places=tuple(_box(place) for place in own.get("places", ())),
        recipe=str(own.get("recipe", "")),
    )


def _box(values: Any) -> Box:
    west, south, east, north = (float(value) for value in values)
    return west, south, east, north


def _day(text: Any) -> dt.date:
    return dt.date.fromisoformat(str(text))


# --- writing ---------------------------------------------------------------------------------------------------------


def item_of(card: Card, weights: str) -> dict[str, Any]:
    """A card as a STAC Item dictionary; `weights` is the weights' file beside it."""
    west, south, east, north = card.training.bbox
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": _EXTENSIONS,
        "id": card.name,
        "bbox": list(card.training.bbox),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": _properties(card),
        "links": [],
        "assets": {
            "model": {
                "href": f"./{weights}",
                "type": "application/octet-stream; application=onnx",
                "title": "ONNX weights",
                "roles": ["mlm:model", "mlm:weights"],
                "mlm:artifact_type": "onnx",
                "bands": _bands(card.inputs),  # STAC 1.1 allows them in the properties only when an asset has some
            }
        },
    }


def _bands(inputs: InputSpec) -> list[dict[str, Any]]:
    resolution = {"raster:spatial_resolution": inputs.pixel_size}
    first = [{"name": band, **resolution, "raster:scale": 1 / inputs.scale} for band in inputs.bands]
    return first + [{"name": band, **resolution} for band in inputs.radar.bands]


def _properties(card: Card) -> dict[str, Any]:
    weights, training = card.weights, card.training
    return {
        "title": card.title,
        "description": training.training_data or card.title,
        "datetime": None,
        "start_datetime": training.start,
        "end_datetime": training.end,
        "license": card.terms.licence,
        "bands": _bands(card.inputs),  # what the input's band names refer to
        "mlm:name": card.name,
        "mlm:architecture": card.network,
        "mlm:tasks": ["semantic-segmentation"],
        "mlm:framework": "ONNX",
        **({"mlm:framework_version": weights.framework_version} if weights.framework_version else {}),
        "mlm:pretrained": True,
        "mlm:pretrained_source": training.training_data,
        "mlm:total_parameters": weights.parameters,
        "mlm:accelerator": "cuda",
        "mlm:accelerator_constrained": False,
        **({"mlm:hyperparameters": card.settings} if card.settings else {}),
        "file:size": weights.size,
        "mlm:input": [_input(card, name) for name in card.inputs.tensors],
        "mlm:output": [_output(card)],
        "crop:model": _own(card),
    }


def _input(card: Card, name: str) -> dict[str, Any]:
    """One input of the network's file: images of a series, or a number a date."""
    image, tile = name.startswith("x"), card.tiling.tile
    part = card.inputs.slice_of(name) if image else slice(0)
    bands, statistics = card.inputs.all_bands[part], card.statistics.of(part)
    scaling = [{"type": "z-score", "mean": m, "stddev": s} for m, s in zip(statistics.mean, statistics.std)]
    return {
        "name": name,
        "bands": list(bands),
        "input": {
            "shape": [-1, card.dates, *((len(bands), tile, tile) if image else ())],
            "dim_order": ["batch", "time", *(("bands", "height", "width") if image else ())],
            "data_type": "int64" if name == "doy" else "float32",
        },
        **({"value_scaling": scaling} if image else {}),
        "pre_processing_function": None,
    }


def _output(card: Card) -> dict[str, Any]:
    return {
        "name": "logits",
        "tasks": ["semantic-segmentation"],
        "bands": [],
        "result": {
            "shape": [-1, len(card.legend), card.tiling.tile, card.tiling.tile],
            "dim_order": ["batch", "class", "height", "width"],
            "data_type": "float32",
        },
        "classification:classes": [
            {
                "value": c.code,
                "name": _identifier(c.name),
                "description": c.name,
                "color_hint": c.colour[1:].upper(),
            }
            for c in card.legend
        ],
        "post_processing_function": None,
    }


def _own(card: Card) -> dict[str, Any]:
    """What no extension has a word for."""
    inputs, tiling, training = card.inputs, card.tiling, card.training
    return {
        "windows": [[w.first, w.last] for w in inputs.dates.windows],
        "tile": tiling.tile,
        "overlap": tiling.overlap,
        "receptive_radius": tiling.receptive_radius,
        "multiple": tiling.multiple,
        "pixel_size": inputs.pixel_size,
        "pixel_tolerance": inputs.pixel_tolerance,
        "scale": inputs.scale,
        "unit": f"surface reflectance x {inputs.scale:g}",
        "nodata": inputs.nodata,
        "sha256": card.weights.sha256,
        **({"calibration": told} if (told := card.weights.calibration.to_dict()) else {}),
        "simulated": training.simulated,
        "training_data": training.training_data,
        "region": training.region,
        "season": training.season,
        **_measured(training),
        "accuracy": list(card.accuracy),
        "limits": card.terms.limits,
        "citation": card.terms.citation,
        "aliases": {str(c.code): list(c.aliases) for c in card.legend if c.aliases},
        "extra": card.extra,
        **_unusual(inputs),
    }


def _measured(training: TrainingFacts) -> dict[str, Any]:
    """What a training finds in its scenes and labels: cards from before it have none of these entries."""
    seasons = [[first.isoformat(), last.isoformat()] for first, last in training.seasons]
    named = {name: getattr(training, name) for name in ("sensors", "levels", "places", "recipe")}
    return {key: value for key, value in {"seasons": seasons, **named}.items() if value}


def _unusual(inputs: InputSpec) -> dict[str, Any]:
    """How scenes become dates, where that is not the usual way: most cards have none of these entries."""
    entries = (
        ("radar_unit", inputs.radar.unit, RadarSpec().unit),
        ("radar_days", inputs.radar.days, RadarSpec().days),
        ("level", inputs.level, SURFACE),
        ("reduce", inputs.dates.reduce, DateSpec().reduce),
        ("min_dates", inputs.dates.min_dates, DateSpec().min_dates),
        ("monthly", inputs.dates.monthly, DateSpec().monthly),
    )
    return {key: value for key, value, usual in entries if value != usual}


def _identifier(name: str) -> str:
    """A class name as the classification extension wants it: letters, digits, - and _."""
    return "".join(ch if ch.isascii() and (ch.isalnum() or ch in "-_") else "_" for ch in name) or "class"


def _legend(rows: list[dict[str, Any]], aliases: dict[str, list[str]]) -> Legend:
    return Legend(
        tuple(
            CropClass(
                code=int(row["value"]),
                name=str(row.get("title") or row.get("description") or row["name"]),
                colour="#" + str(row["color_hint"]).lower(),
                aliases=tuple(aliases.get(str(row["value"]), ())),
            )
            for row in rows
        )
    )
