"""A series is described in QGIS before anything is mapped: its dates, and the models of the plugin held against it."""

import json
from pathlib import Path

from qgis.core import QgsRasterLayer

from kits.plugin.qgis import run


def described(context, tmp_path, inputs):
    results = run("describe_series", {**inputs, "REPORT_JSON": str(tmp_path / "d.json")}, context)
    return json.loads(Path(results["REPORT_JSON"]).read_text(encoding="utf-8"))


def test_layers_are_described_with_the_models_that_fit(provider, season, card, context, tmp_path):
    scenes = [QgsRasterLayer(path, f"layer {number}") for number, path in enumerate(season["SCENES"])]
    found = described(context, tmp_path, {"INPUT": scenes, "MODEL_FOLDER": str(Path("models", card.name).absolute())})
    assert {path for row in found["dates"] for path in row["files"]} == {layer.source() for layer in scenes}
    assert all(0 <= row["clear"] <= 1 for row in found["dates"])
    [own] = [row for row in found["models"] if row["name"] == card.name]
    assert not own["refused"]
    assert not own["against"]
    assert [len(window["dates"]) for window in own["windows"]] == [1] * card.dates
    assert found["forecast"]["model"] == card.title


def test_headers_alone_are_read_where_that_is_asked_for(provider, season, context, tmp_path):
    found = described(context, tmp_path, {"INPUT": season["SCENES"], "CLEAR": False, "MODELS": False})
    assert [row["clear"] for row in found["dates"]] == [None] * len(found["dates"])
    assert found["models"] == []
