"""The modeler's chain for a season with a clouded peak, run by qgis_process on a simulated season."""

import itertools
import json
from pathlib import Path

import pytest
from qgis.core import QgsProcessingContext, QgsProcessingModelAlgorithm, QgsRasterLayer

from kits.paths import REPOSITORY
from kits.plugin.qgis import labels, plugged_in, run, values

CHAIN = REPOSITORY / "resources" / "modeler" / "cloudy_season.model3"
STEPS = ["build", "index", "fill", "align", "fuse", "train", "classify", "diagnose"]


@pytest.fixture(scope="module")
def cloudy(engine, tmp_path_factory):
    """Spring scenes with clouds and MODIS of a simulated place; what the modeler's chain is given."""
    plugin, folder = plugged_in(), tmp_path_factory.mktemp("cloudy")
    dates = "2024-04-20,2024-05-14,2024-06-05,2024-06-28"
    asked = {"FOLDER": str(folder), "WIDTH": 120, "HEIGHT": 120, "SENTINEL1": False, "SEED": 4, "CLOUD_SHARE": 0.2}
    found = run("simulate_season", asked | {"DATES": dates}, QgsProcessingContext())
    plugin.unload()
    coarse = sorted(map(str, folder.rglob("MOD13Q1_*.tif")))
    return {
        "SCENES": found["SCENES"],
        "COARSE": [path for path in coarse if "20240401" < Path(path).name[8:16] < "20240715"],
        "PEAK": next(path for path in coarse if "20240727" in path),
        "LABELS": found["PARCELS"],
        "FIELD": "crop_name",
        "REFERENCE_VECTOR": found["PARCELS"],
    }


def test_chain_has_its_steps_in_order(provider):
    model = QgsProcessingModelAlgorithm()
    assert model.fromFile(str(CHAIN)), "run tools/make_model3.py"
    assert list(model.childAlgorithms()) == sorted(STEPS)
    valid, problems = model.validate()
    assert valid, problems
    for before, after in itertools.pairwise(STEPS):
        assert after not in model.dependsOnChildAlgorithms(before)


@pytest.mark.timeout(900)
def test_chain_runs_on_a_simulated_season(qgis_process, cloudy, tmp_path):
    rasters = ("ndvi_of_the_season", "ndvi_of_the_clouded_peak", "crop_map", "confidence", "agreement")
    outputs = {name: str(tmp_path / f"{name}.tif") for name in rasters}
    files = {
        "model": str(tmp_path / "forest"),
        "layers_of_each_class": str(tmp_path / "classes"),
        "report": str(tmp_path / "report.html"),
    }
    status, results, printed = qgis_process(CHAIN, {**cloudy, **outputs, **files}, timeout=800)
    assert status == 0, printed
    assert (outputs | files).items() <= results.items()
    peak = QgsRasterLayer(outputs["ndvi_of_the_clouded_peak"])
    assert peak.dataProvider().bandDescription(1) == "NDVI 2024-07-27"
    card = json.loads((tmp_path / "forest" / "model.json").read_text())
    assert "NDVI" in json.dumps(card)
    used = json.loads((tmp_path / "crop_map.run.json").read_text())["dates"]
    assert used == ["2024-04-20", "2024-05-14", "2024-06-05", "2024-06-28", "2024-07-27"]
    assert len(set(values(outputs["crop_map"])) - {0}) > 3
    assert len(labels(outputs["crop_map"])) > 3
    right = [value for value in values(outputs["agreement"]) if value != 255]
    assert sum(right) / len(right) > 0.5  # a sanity bound: most of them were learnt from
