"""TSSTFN in QGIS, with the real engine: trained on one simulated year, used in the next."""

import json
from pathlib import Path

import pytest
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsRasterLayer

from crop_classifier_plugin.shared.choices import FORECASTS, FUSION_LOSSES, FUSION_SPLITS
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from crop_classifier_plugin.shared.jobs.tsstfn import FuseTsstfnJob, TrainTsstfnJob
from kits.plugin.qgis import run

DAYS = {"2023": ["2023-04-23", "2023-05-25", "2023-07-28"], "2024": ["2024-04-22", "2024-05-24", "2024-07-27"]}


@pytest.fixture(scope="module")
def years(engine, tmp_path_factory):
    """NDVI of three clear Sentinel-2 dates a year, and of MODIS on the same days."""
    from kits.plugin.qgis import plugged_in

    plugin = plugged_in()
    found = {}
    for year, days in DAYS.items():
        folder = tmp_path_factory.mktemp(year)
        season = {"FOLDER": str(folder), "WIDTH": 200, "HEIGHT": 200, "CLOUD_SHARE": 0, "SENTINEL1": False, "SEED": 3}
        asked = season | {"DATES": ",".join(days), "YEAR": int(year)}
        scenes = run("simulate_season", asked, QgsProcessingContext())["SCENES"]
        fine = str(folder / "ndvi.tif")
        run("index", {"INPUT": scenes, "INDICES": ["NDVI"], "OUTPUT": fine}, QgsProcessingContext())
        coarse = [str(next(folder.rglob(f"MOD13Q1_{day.replace('-', '')}_NDVI.tif"))) for day in days]
        found[year] = {"FINE": fine, "COARSE": coarse}
    plugin.unload()
    return found


def test_a_year_is_learnt_and_the_next_years_peak_is_forecast(provider, years, context, tmp_path):
    model, output = str(tmp_path / "model"), str(tmp_path / "fused.tif")
    learning = {**years["2023"], "PAIRS": 2, "EPOCHS": 2, "BATCH": 4, "STRATEGY": "A", "MODEL_FOLDER": model}
    results = run("train_tsstfn", learning, context)
    card = json.loads((Path(model) / "fusion.json").read_text())
    assert results["MODEL_FOLDER"] == model
    assert results["RMSE"] == card["errors"]["rmse"]
    assert card["training"]["base_dates"] == DAYS["2023"][:2]
    assert card["training"]["simulated"]
    assert 0 < results["RMSE_LAST_FINE"] < 1
    assert 0 < results["RMSE_COARSE"] < 1
    asked = {**years["2024"], "MODEL": model, "TARGETS": DAYS["2024"][2], "OUTPUT": output}
    assert run("fuse_tsstfn", asked, context) == {"OUTPUT": output}
    layer = QgsRasterLayer(output)
    assert layer.dataProvider().bandDescription(1) == "NDVI 2024-07-27"
    assert layer.extent() == QgsRasterLayer(years["2024"]["FINE"]).extent()
    record = json.loads(Path(output).with_suffix(".run.json").read_text())
    assert record["base_dates"] == [DAYS["2024"][:2]]
    with pytest.raises(QgsProcessingException, match="TSSTFN needs 2 base pairs"):
        run("fuse_tsstfn", asked | {"TARGETS": DAYS["2024"][1], "OUTPUT": str(tmp_path / "none.tif")}, context)
    with pytest.raises(QgsProcessingException, match="only used in a sequential forecast"):
        run("fuse_tsstfn", asked | {"NEXT_MODEL": model}, context)


def test_refusals_are_told_as_they_are(provider, years, context, tmp_path):
    asked = {**years["2023"], "MODEL_FOLDER": str(tmp_path / "model")}
    with pytest.raises(QgsProcessingException, match="TSSTFN needs 7 base pairs"):
        run("train_tsstfn", asked, context)
    swapped = {"FINE": asked["COARSE"], "COARSE": asked["FINE"], "PAIRS": 2}
    with pytest.raises(QgsProcessingException, match="exchange them"):
        run("train_tsstfn", asked | swapped, context)
    fusing = {**years["2024"], "MODEL": str(tmp_path), "OUTPUT": str(tmp_path / "fused.tif")}
    with pytest.raises(QgsProcessingException, match=r"has no fusion\.json"):
        run("fuse_tsstfn", fusing, context)
    assert not list(tmp_path.glob("*.tif"))


def test_choices_and_defaults_are_the_jobs(provider):
    source = Series((SceneSource("a.tif"),))
    training, fusing = provider.algorithm("train_tsstfn"), provider.algorithm("fuse_tsstfn")
    job = TrainTsstfnJob(source, source, "model")
    chosen = {"LOSS": (FUSION_LOSSES, job.optim.loss), "SPLIT": (FUSION_SPLITS, job.split.method)}
    for parameter, (values, default) in chosen.items():
        assert training.parameterDefinition(parameter).options() == list(values.values())
        assert list(values)[training.parameterDefinition(parameter).defaultValue()] == default
    numbers = ("PAIRS", "EPOCHS", "PATIENCE", "BATCH", "TILE", "LEARNING_RATE", "VALIDATION", "SEED")
    for name in (*numbers, "BAND", "AUGMENT"):
        parts = (job, job.model_inputs, job.optim, job.split)
        (default,) = (getattr(part, name.lower()) for part in parts if hasattr(part, name.lower()))
        assert training.parameterDefinition(name).defaultValue() == default, name
    assert fusing.parameterDefinition("FORECAST").options() == list(FORECASTS.values())
    other = FuseTsstfnJob(source, source, "model", "o.tif")
    assert fusing.parameterDefinition("OVERLAP").defaultValue() == other.overlap
    assert list(FORECASTS)[fusing.parameterDefinition("FORECAST").defaultValue()] == other.forecast
