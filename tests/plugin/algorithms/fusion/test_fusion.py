"""STARFM and its evaluation in QGIS, with the real engine, on a simulated season with Sentinel-2 and MODIS."""

import json
from pathlib import Path

import pytest
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsRasterLayer

from crop_classifier_plugin.shared.choices import COMBINATIONS, GAIN_SPLITS, INDICES, SPREADS
from crop_classifier_plugin.shared.jobs.fusion import FuseStarfmJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.plugin.qgis import run


@pytest.fixture(scope="module")
def images(engine, tmp_path_factory):
    """NDVI of three clear Sentinel-2 dates that MODIS saw too, as one series; the MODIS images of these dates."""
    from kits.plugin.qgis import plugged_in

    plugin = plugged_in()
    folder = tmp_path_factory.mktemp("pairs")
    days = ["2024-05-24", "2024-06-25", "2024-07-27"]
    season = {"FOLDER": str(folder), "WIDTH": 150, "HEIGHT": 150, "CLOUD_SHARE": 0, "SENTINEL1": False, "SEED": 3}
    scenes = run("simulate_season", season | {"DATES": ",".join(days)}, QgsProcessingContext())["SCENES"]
    fine = str(folder / "ndvi.tif")
    run("index", {"INPUT": scenes, "INDICES": ["NDVI"], "OUTPUT": fine}, QgsProcessingContext())
    plugin.unload()
    coarse = [str(next(folder.rglob(f"MOD13Q1_{day.replace('-', '')}_NDVI.tif"))) for day in days]
    return {"FINE": fine, "COARSE": coarse}


def test_a_hidden_date_is_fused_and_evaluated(provider, images, context, tmp_path):
    output = str(tmp_path / "fused.tif")
    asked = {**images, "TARGET": "2024-06-25", "PAIRS": 2, "WINDOW": 21, "OUTPUT": output}
    assert run("fuse_starfm", asked, context) == {"OUTPUT": output}
    layer = QgsRasterLayer(output)
    assert layer.dataProvider().bandDescription(1) == "NDVI 2024-06-25"
    assert layer.extent() == QgsRasterLayer(images["FINE"]).extent()
    record = json.loads(Path(output).with_suffix(".run.json").read_text())
    assert record["base_dates"] == ["2024-05-24", "2024-07-27"]
    reports = {f"REPORT_{kind}": str(tmp_path / f"r.{kind.lower()}") for kind in ("HTML", "JSON", "CSV")}
    four = {"FUSED": output, "TRUTH": images["FINE"], "FINE": images["FINE"], "COARSE": images["COARSE"][1]}
    results = run("evaluate_fusion", {**four, **reports}, context)
    assert {name: results[name] for name in reports} == reports
    assert 0 < results["RMSE"] < 1
    assert results["DATA_RANGE"] == 2
    document = json.loads(Path(reports["REPORT_JSON"]).read_text())
    assert document["images"][0]["rmse"] == results["RMSE"]
    assert [image["name"].split(" (")[0] for image in document["images"]][1:] == [
        "nearest fine image",
        "fine images interpolated in time",
        "coarse image resampled",
    ]


def test_refusals_are_told_as_they_are(provider, images, context, tmp_path):
    asked = {**images, "TARGET": "2024-06-25", "OUTPUT": str(tmp_path / "fused.tif")}
    with pytest.raises(QgsProcessingException, match="window of 60 px cannot be used"):
        run("fuse_starfm", asked | {"WINDOW": 60}, context)
    with pytest.raises(QgsProcessingException, match="STARFM needs 2 base pairs"):
        run("fuse_starfm", asked | {"COARSE": images["COARSE"][:2], "PAIRS": 2}, context)
    with pytest.raises(QgsProcessingException, match="exchange them"):
        run("fuse_starfm", asked | {"FINE": images["COARSE"], "COARSE": images["FINE"]}, context)
    assert not list(tmp_path.iterdir())


def test_choices_and_defaults_are_the_jobs(provider):
    algorithm = provider.algorithm("fuse_starfm")
    source = Series((SceneSource("a.tif"),))
    job = FuseStarfmJob(source, source, "o.tif")
    for parameter, values in {"SPREAD": SPREADS, "COMBINATION": COMBINATIONS}.items():
        definition = algorithm.parameterDefinition(parameter)
        assert definition.options() == list(values.values())
        assert list(values)[definition.defaultValue()] == getattr(job.starfm, parameter.lower())
    for name in ("PAIRS", "BAND", "WINDOW", "CLASSES", "DISTANCE", "SIGMA_FINE", "SIGMA_COARSE", "LOG_SCALE"):
        part = job if name in ("PAIRS", "BAND") else job.starfm
        assert algorithm.parameterDefinition(name).defaultValue() == getattr(part, name.lower()), name
    assert algorithm.parameterDefinition("TEMPORAL_FILTER").defaultValue() == job.starfm.temporal_filter


# --- crop_gain --------------------------------------------------------------------------------------------------------


def test_crop_gain_of_a_hidden_date(provider, images, context, tmp_path):
    folder = Path(images["FINE"]).parent
    early, late = (sorted(map(str, folder.rglob(f"S2_*2024{day}.tif"))) for day in ("0524", "0727"))
    real = str(tmp_path / "NDVI_real.tif")
    run("index", {"INPUT": late, "INDICES": ["NDVI"], "OUTPUT": real}, context)
    reports = {f"REPORT_{kind}": str(tmp_path / f"g.{kind.lower()}") for kind in ("HTML", "JSON", "CSV")}
    labels = {"LABELS": str(next(folder.rglob("parcels.gpkg"))), "FIELD": "crop_name"}
    few = {"SEEDS": 1, "TREES": 4, "BEFORE": "2024-07-01"}
    asked = {"INPUT": early, "PREDICTIONS": [real], **labels, **few, **reports}
    results = run("crop_gain", asked, context)
    document = json.loads(Path(reports["REPORT_JSON"]).read_text())
    assert [row["name"] for row in document["rows"]] == ["early season", "real: + 2024-07-27"]
    assert document["early_dates"] == ["2024-05-24"]
    assert not document["leaks"]
    assert -1 <= results["EARLY_KAPPA"] <= results["BEST_KAPPA"] <= 1
    table = tmp_path / "strategies.csv"
    table.write_text("layer,strategy\nNDVI_real,Sentinel-2 itself\n")
    truth = {"LABELS": None, "LABELS_RASTER": str(next(folder.rglob("truth.tif"))), "SPLIT": 2}
    run("crop_gain", {**asked, **truth, "STRATEGIES": str(table)}, context)
    document = json.loads(Path(reports["REPORT_JSON"]).read_text())
    assert document["leaks"]
    assert document["predictions"][0]["strategy"] == "Sentinel-2 itself"
    with pytest.raises(QgsProcessingException, match="choose either labelled polygons or points, or a class raster"):
        run("crop_gain", {**asked, "LABELS_RASTER": truth["LABELS_RASTER"]}, context)


def test_choices_of_the_crop_gain_and_jobs_agree(provider):
    algorithm = provider.algorithm("crop_gain")
    for parameter, values in {"SPLIT": GAIN_SPLITS, "INDEX": INDICES}.items():
        titles = list(values.values()) if isinstance(values, dict) else list(values)
        assert algorithm.parameterDefinition(parameter).options() == titles
