"""A model card as a STAC Item with the machine learning, classification and raster extensions, and back.

Standard library only, as the card itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..legend import CropClass, Legend

if TYPE_CHECKING:
    from .card import Card, Radar

_EXTENSIONS = [
    "https://stac-extensions.github.io/mlm/v1.6.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
]


def read(item: dict[str, Any]) -> dict[str, Any]:
    """A card's fields from a STAC Item dictionary; windows as pairs of days."""
    p = item["properties"]
    taken, given = p["mlm:input"], p["mlm:output"][0]
    own = p["crop:model"]
    images = [entry for entry in taken if str(entry["name"]).startswith("x")]
    first, *others = images
    return {
        "name": item["id"],
        "title": p.get("title", item["id"]),
        "network": p["mlm:architecture"],
        "settings": dict(p.get("mlm:hyperparameters", {})),
        **_series(first),
        "inputs": tuple(str(entry["name"]) for entry in taken),
        "radar": _series(others[0]) if others else None,
        "radar_unit": str(own.get("radar_unit", "decibel")),
        "radar_days": int(own.get("radar_days", 6)),
        "reduce": str(own.get("reduce", "clearest")),
        "least_dates": int(own.get("least_dates", 0)),
        "monthly": bool(own.get("monthly", False)),
        "windows": [(int(a), int(b)) for a, b in own["windows"]],
        "legend": _legend(given["classification:classes"], own.get("aliases", {})),
        "sha256": str(own["sha256"]),
        "tile": int(own["tile"]),
        "overlap": int(own["overlap"]),
        "receptive_radius": int(own.get("receptive_radius", 0)),
        "multiple": int(own["multiple"]),
        "pixel_size": float(own["pixel_size"]),
        "pixel_tolerance": float(own["pixel_tolerance"]),
        "scale": float(own["scale"]),
        "nodata": float(own["nodata"]),
        "parameters": int(p.get("mlm:total_parameters", 0)),
        "file_size": int(p.get("file:size", 0)),
        "simulated": bool(own["simulated"]),
        "training_data": str(own.get("training_data", "")),
        "region": str(own.get("region", "")),
        "season": str(own.get("season", "")),
        "bbox": tuple(float(v) for v in item["bbox"]),
        "start": str(p.get("start_datetime", "")),
        "end": str(p.get("end_datetime", "")),
        "accuracy": tuple(dict(a) for a in own.get("accuracy", ())),
        "limits": str(own.get("limits", "")),
        "licence": str(p.get("license", "")),
        "citation": str(own.get("citation", "")),
        "framework_version": str(p.get("mlm:framework_version", "")),
        "extra": dict(own.get("extra", {})),
    }


def _series(entry: dict[str, Any]) -> dict[str, Any]:
    """Bands, mean and std of an input of images."""
    return {
        "bands": tuple(b["name"] if isinstance(b, dict) else str(b) for b in entry["bands"]),
        "mean": tuple(float(v["mean"]) for v in entry["value_scaling"]),
        "std": tuple(float(v["stddev"]) for v in entry["value_scaling"]),
    }


def write(card: Card, weights: str) -> dict[str, Any]:
    """A card as a STAC Item dictionary; `weights` is the weights' file beside it."""
    west, south, east, north = card.bbox
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": _EXTENSIONS,
        "id": card.name,
        "bbox": list(card.bbox),
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
                "bands": _bands(card),  # STAC 1.1 allows them in the properties only when an asset has some
            }
        },
    }


def _bands(card: Card) -> list[dict[str, Any]]:
    resolution = {"raster:spatial_resolution": card.pixel_size}
    first = [{"name": band, **resolution, "raster:scale": 1 / card.scale} for band in card.bands]
    return first + [{"name": band, **resolution} for band in (card.radar.bands if card.radar else ())]


def _properties(card: Card) -> dict[str, Any]:
    return {
        "title": card.title,
        "description": card.training_data or card.title,
        "datetime": None,
        "start_datetime": card.start,
        "end_datetime": card.end,
        "license": card.licence,
        "bands": _bands(card),  # what the input's band names refer to
        "mlm:name": card.name,
        "mlm:architecture": card.network,
        "mlm:tasks": ["semantic-segmentation"],
        "mlm:framework": "ONNX",
        **({"mlm:framework_version": card.framework_version} if card.framework_version else {}),
        "mlm:pretrained": True,
        "mlm:pretrained_source": card.training_data,
        "mlm:total_parameters": card.parameters,
        "mlm:accelerator": "cuda",
        "mlm:accelerator_constrained": False,
        **({"mlm:hyperparameters": card.settings} if card.settings else {}),
        "file:size": card.file_size,
        "mlm:input": [_input(card, name) for name in card.inputs],
        "mlm:output": [_output(card)],
        "crop:model": _own(card),
    }


def _input(card: Card, name: str) -> dict[str, Any]:
    """One input of the network's file: images of a series, or a number a date."""
    series: Card | Radar | None = None
    if name.startswith("x"):
        series = card.radar if card.radar and name == "x_s1" else card
    pixels = ("bands", "height", "width") if series else ()
    return {
        "name": name,
        "bands": list(series.bands) if series else [],
        "input": {
            "shape": [-1, card.dates, *((len(series.bands), card.tile, card.tile) if series else ())],
            "dim_order": ["batch", "time", *pixels],
            "data_type": "int64" if name == "doy" else "float32",
        },
        **({"value_scaling": _scaling(series)} if series else {}),
        "pre_processing_function": None,
    }


def _scaling(series: Card | Radar) -> list[dict[str, Any]]:
    return [{"type": "z-score", "mean": m, "stddev": s} for m, s in zip(series.mean, series.std)]


def _output(card: Card) -> dict[str, Any]:
    return {
        "name": "logits",
        "tasks": ["semantic-segmentation"],
        "bands": [],
        "result": {
            "shape": [-1, len(card.legend), card.tile, card.tile],
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
    return {
        "windows": [[w.first, w.last] for w in card.windows],
        "tile": card.tile,
        "overlap": card.overlap,
        "receptive_radius": card.receptive_radius,
        "multiple": card.multiple,
        "pixel_size": card.pixel_size,
        "pixel_tolerance": card.pixel_tolerance,
        "scale": card.scale,
        "unit": f"surface reflectance x {card.scale:g}",
        "nodata": card.nodata,
        "sha256": card.sha256,
        "simulated": card.simulated,
        "training_data": card.training_data,
        "region": card.region,
        "season": card.season,
        "accuracy": list(card.accuracy),
        "limits": card.limits,
        "citation": card.citation,
        "aliases": {str(c.code): list(c.aliases) for c in card.legend if c.aliases},
        "extra": card.extra,
        **card.series_facts(),
    }


def _identifier(name: str) -> str:
    """A class name as the classification extension wants it: letters, digits, - and _."""
    kept = "".join(ch if ch.isascii() and (ch.isalnum() or ch in "-_") else "_" for ch in name)
    return kept or "class"


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
