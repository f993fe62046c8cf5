"""A random forest trained in QGIS on a series of NDVI, and used."""

import json
from pathlib import Path

from qgis.core import QgsRasterLayer

from kits.plugin.qgis import run


def test_a_forest_of_ndvi_is_trained_and_used(provider, season, context, tmp_path):
    series = str(tmp_path / "ndvi.tif")
    run("index", {"INPUT": season["SCENES"], "INDICES": ["NDVI"], "OUTPUT": series}, context)
    labels = {"LABELS": season["PARCELS"], "FIELD": "crop_name", "MIN_PARCELS": 1, "TREES": 10}
    folder = str(tmp_path / "forest")
    results = run(
        "train_random_forest", {"INPUT": [series], "BANDS": "NDVI", "MODEL_FOLDER": folder, **labels}, context
    )
    assert results["MODEL_FOLDER"] == folder
    assert 0 <= results["OA"] <= 1
    card = json.loads((Path(folder) / "model.json").read_text())["properties"]
    assert card["mlm:architecture"] == "random_forest"
    assert [(band["name"], band.get("raster:scale", 1)) for band in card["bands"]] == [("NDVI", 1)]
    crop_map = str(tmp_path / "map.tif")
    run("classify_model", {"INPUT": [series], "MODEL_FOLDER": folder, "OUTPUT": crop_map}, context)
    assert QgsRasterLayer(crop_map).isValid()
