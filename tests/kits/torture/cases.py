"""A small job of every kind on the inputs of kits.torture.place, by name; some kinds have several.

"<a/b" is a path among the inputs, in a list every file of that pattern; ">a" one among the outputs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crop_classifier_plugin.shared.jobs import registry

PROBABLE = {"class_map": "<made/classify/map.tif", "probabilities": "<made/classify/p.tif"}
MAP = "<made/classify/map.tif"
PARCELS = {"path": "<parcels.gpkg", "declared_field": "crop", "id_field": "nr"}
CROPS = {"path": "<parcels.gpkg", "class_field": "crop"}
CLOUDED = {"scenes": ["<clouded/s2/*"]}
TOY = {"scenes": ["<toy/S2_*.tif"], "mask": "none"}
LEARNT = [{"series": TOY, "labels": {"path": "<toy/parcels.gpkg", "class_field": "code", "legend": "<toy/legend.json"}}]
INPUTS = {"bands": ["B04", "B8A"], "windows": [[95, 135], [150, 195], [210, 260]], "tile": 32, "overlap": 16}
FINE_2020, FINE_2021 = ({"scenes": [f"<fusion/fine{year}/*"]} for year in (2020, 2021))
COARSE_2020, COARSE_2021 = ({"scenes": [f"<fusion/coarse{year}/*"]} for year in (2020, 2021))
REPORTS = {f"report_{kind}": f">report.{kind}" for kind in ("html", "json", "csv")}


def _settings(text: str) -> list[list[str]]:
    return [each.split("=") for each in text.split()]


FACTS: dict[str, dict[str, Any]] = {
    "simulate_season": {"folder": ">", "width": 64, "height": 48, "dates": ["2024-04-25", "2024-06-20"]},
    "classify": {
        "optical": {"scenes": ["<season/*"]},
        "model": "<network",
        "written": {
            "class_map": ">map.tif",
            "probabilities": ">p.tif",
            **{name: f">{name}.tif" for name in ("confidence", "entropy", "margin", "valid_dates")},
        },
    },
    "classify: forest": {
        "optical": TOY,
        "model": "<made/train",
        "written": {"class_map": ">map.tif", "confidence": ">confidence.tif"},
    },
    "train": {
        "data": LEARNT,
        "model": ">",
        "network": {"name": "random_forest", "settings": _settings("preset=small trees=9")},
        "model_inputs": INPUTS,
    },
    "train: network": {
        "data": LEARNT,
        "model": ">",
        "network": {
            "name": "lrtacf_net",
            "settings": _settings("widths=8,8 cfma_blocks=1 cfma_width=8 heads=2 key_dim=2"),
        },
        "model_inputs": INPUTS,
        "optim": {"epochs": 2, "steps": 2, "patch": 32, "batch": 2},
    },
    "pretrain_cropsts": {
        "series": [TOY],
        "folder": ">",
        "bands": ["B04", "B8A"],
        "settings": _settings("grid=4 width=16 depth=2 heads=2 taps=1,1,2,2 pixel_heads=2"),
        "optim": {"epochs": 1, "batch": 1},
    },
    "probe": {
        "encoder": "<made/pretrain_cropsts",
        "data": {"series": {"scenes": ["<season/*"]}, "labels": CROPS},
        "report_json": ">p.json",
        "report_csv": ">p.csv",
        **{"draws": 2, "support": 0.4, "neighbours": 3, "sequences": 6},
    },
    "train_tsstfn": {
        "fine": FINE_2020,
        "coarse": COARSE_2020,
        "model": ">",
        "network": {"settings": _settings("widths=4,6,8 chunks=16 paths=1 dropout=0")},
        "model_inputs": {"pairs": 3, "tile": 16},
        "optim": {"epochs": 2, "batch": 4},
    },
    "fuse_tsstfn": {
        "fine": FINE_2021,
        "coarse": COARSE_2021,
        "model": "<made/train_tsstfn",
        "output": ">fused.tif",
        "targets": ["2021-08-20"],
        "overlap": 4,
    },
    "fuse_starfm": {
        "fine": {"scenes": ["<fusion/fine2021/*0731*"]},
        "coarse": {"scenes": ["<fusion/coarse2021/*0731*", "<fusion/coarse2021/*0820*"]},
        "output": ">fused.tif",
        "starfm": {"window": 9},
    },
    "evaluate_fusion": {
        "fused": {"path": "<made/fuse_tsstfn/fused.tif"},
        "truth": {"path": "<fusion/fine2021/LC_20210820_NDVI.tif"},
        "fine": ["<fusion/fine2021/LC_20210612_NDVI.tif"],
        "coarse": {"path": "<fusion/coarse2021/MOD_20210820_NDVI.tif"},
        **REPORTS,
    },
    "crop_gain": {
        "early": {"scenes": ["<gain/early/*"]},
        "predictions": [{"source": {"path": "<gain/NDVI_real_20240715.tif"}}],
        "labels": {"path": "<gain/fields.gpkg", "class_field": "crop"},
        "seeds": 1,
        "forest": {"trees": 4, "leaf": 5},
        **REPORTS,
    },
    "calibrate": {
        "model": "<network",
        "data": [{"series": {"scenes": ["<season/*"]}, "labels": CROPS}],
        "calibrated": ">",
    },
    "build_series": {"series": CLOUDED, "output": ">built.tif", "table": ">built.csv"},
    "composite": {"series": CLOUDED, "folder": ">", "stack": ">stack.tif", "valid_dates": ">valid.tif"},
    "index": {"series": CLOUDED, "output": ">index.tif", "valid_dates": ">valid.tif"},
    "fill_gaps": {"series": CLOUDED, "output": ">filled.tif", "valid_dates": ">valid.tif"},
    "phenology": {"series": CLOUDED, "output": ">seasons.tif", "min_dates": 3},
    "cloud_masks": {"series": {"scenes": ["<l1c/*"]}, "output": ">clouds.tif", "probability": ">probability.tif"},
    "align_series": {
        "training": FINE_2020,
        "prediction": FINE_2021,
        "training_output": ">training.tif",
        "prediction_output": ">prediction.tif",
        "table": ">dates.csv",
        "count": 3,
    },
    "describe_series": {
        "optical": {"scenes": ["<season/*"]},
        "model": "<network",
        "report_json": ">series.json",
        "report_csv": ">series.csv",
        "thumbnails": ">thumbnails",
    },
    "diagnose": {"class_map": MAP, "reference": CROPS, "folder": ">", "agreement": ">agreement.tif", **REPORTS},
    "parcel_summary": {"maps": PROBABLE, "parcels": PARCELS, "summary": ">summary.gpkg", **REPORTS},
    "check_declarations": {"maps": PROBABLE, "parcels": PARCELS, "checked": ">checked.gpkg", **REPORTS},
    "review_list": {"maps": PROBABLE, "parcels": PARCELS, "review": ">review.gpkg"},
    "apply_review": {
        "class_map": MAP,
        "review": "<review.gpkg",
        "corrected": ">corrected.tif",
        "labels": ">labels.gpkg",
        **REPORTS,
    },
    "sample_design": {"class_map": MAP, "sample": ">sample.gpkg", "size": 60, "least": 10},
    "area_estimate": {"sample": {"path": "<sample.gpkg"}, **REPORTS},
    "clean_map": {"maps": PROBABLE, "cleaned": ">cleaned.tif", "reference": CROPS, **REPORTS},
    "clean_map: bayes": {"maps": PROBABLE, "cleaned": ">cleaned.tif", "cleaning": {"method": "bayes"}},
    "compare_maps": {"maps": [MAP, "<made/clean_map/cleaned.tif"], "reference": CROPS, **REPORTS},
    "map_change": {
        "before": {"path": MAP},
        "after": {"path": "<made/clean_map/cleaned.tif"},
        "change": ">change.tif",
        **REPORTS,
    },
}
ONLINE = ("search_scenes",)  # tried with a catalogue of its own: tests/engine/acquisition


def job_of(name: str, place: Path, out: Path, **changes: Any) -> Any:
    """The job `name` of FACTS; `changes` of its outermost entries."""
    facts = {"kind": name.partition(":")[0], **FACTS[name], **changes}
    return registry.parse(_resolved(facts, place, out))


def _resolved(value: Any, place: Path, out: Path) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(each, place, out) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [found for each in value for found in _listed(each, place, out)]
    if isinstance(value, str) and value[:1] in ("<", ">"):
        return str((place if value[0] == "<" else out) / value[1:])
    return value


def _listed(value: Any, place: Path, out: Path) -> list[Any]:
    if isinstance(value, str) and value.startswith("<"):
        return [{"path": str(path)} for path in sorted(place.glob(value[1:]))]
    return [_resolved(value, place, out)]
