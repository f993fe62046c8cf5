"""The algorithms about whole series, with the real engine: on a simulated season, and on real scenes of Flanders."""

from pathlib import Path

import pytest
from qgis.core import QgsProcessingException, QgsRasterLayer

from crop_classifier_plugin.shared.choices import (
    ALIGN_RULES,
    ALIGNED_DAYS,
    COMPOSITES,
    EMPTY,
    FILLERS,
    INDICES,
    MASKS,
    PERIODS,
    STRATEGIES,
)
from kits.paths import FLANDERS
from kits.plugin.qgis import run


def descriptions(path):
    layer = QgsRasterLayer(str(path))
    return [layer.dataProvider().bandDescription(band) for band in range(1, layer.bandCount() + 1)]


# --- composite -------------------------------------------------------------------------------------------------------


def test_composites_of_a_season(provider, season, context, tmp_path):
    asked = {name: str(tmp_path / f"{name}.tif") for name in ("STACK", "VALID_DATES")}
    inputs = {"INPUT": season["SCENES"], "FOLDER": str(tmp_path / "out"), "BANDS": "B04, B08", "METHOD": 1, **asked}
    results = run("composite", inputs, context)
    assert set(results) == {"FOLDER", "STACK", "VALID_DATES", "COMPOSITES"}
    assert len(results["COMPOSITES"]) >= 2
    assert descriptions(results["COMPOSITES"][0]) == ["B04", "B08"]
    assert len(descriptions(asked["STACK"])) == 2 * len(results["COMPOSITES"])
    scene = QgsRasterLayer(season["SCENES"][0])
    assert QgsRasterLayer(asked["STACK"]).extent() == scene.extent()
    assert len(context.layersToLoadOnCompletion()) >= len(results["COMPOSITES"])


def test_twelve_composites_of_flanders_in_2019(provider, context, tmp_path, engine):
    if not FLANDERS.is_dir():
        pytest.skip("the real Flanders data are not at hand (set CROP_DATA)")
    scenes = [str(p) for folder in ("S2_10m", "S2_20m") for p in sorted((FLANDERS / folder).glob("*.tif"))]
    inputs = {"INPUT": scenes, "FOLDER": str(tmp_path), "FIRST": "2019-01-01", "LAST": "2019-12-31"}
    results = run("composite", inputs, context)
    assert [Path(p).name[10:16] for p in results["COMPOSITES"]] == [f"2019{month:02}" for month in range(1, 13)]
    assert set(results) == {"FOLDER", "COMPOSITES"}


def test_refusals_are_told_as_they_are(provider, season, context, tmp_path):
    inputs = {"INPUT": season["SCENES"], "FOLDER": str(tmp_path / "out"), "BANDS": "B04 VV"}
    with pytest.raises(QgsProcessingException, match="both surface reflectance and backscatter"):
        run("composite", inputs, context)
    with pytest.raises(QgsProcessingException, match="No output was asked for"):
        run("composite", {"INPUT": season["SCENES"], "FOLDER": ""}, context)


# --- fill_gaps --------------------------------------------------------------------------------------------------------


def test_filled_series_has_every_date_of_the_scenes(provider, season, context, tmp_path):
    asked = {name: str(tmp_path / f"{name}.tif") for name in ("OUTPUT", "VALID_DATES")}
    assert run("fill_gaps", {"INPUT": season["SCENES"], "BANDS": "B04", "METHOD": 0, **asked}, context) == asked
    dates = sorted({Path(p).stem[-8:] for p in season["SCENES"]})
    assert [d[4:].replace("-", "") for d in descriptions(asked["OUTPUT"])] == dates
    assert descriptions(asked["VALID_DATES"]) == ["valid dates B04"]


# --- index -----------------------------------------------------------------------------------------------------------


def test_indices_of_every_date(provider, season, context, tmp_path):
    inputs = {"INPUT": season["SCENES"], "INDICES": ["NDVI", "NDMI"], "OUTPUT": str(tmp_path / "i.tif")}
    assert run("index", inputs, context) == {"OUTPUT": inputs["OUTPUT"]}
    names = descriptions(inputs["OUTPUT"])
    assert [n[:4] for n in names] == ["NDVI"] * (len(names) // 2) + ["NDMI"] * (len(names) // 2)
    with pytest.raises(QgsProcessingException, match="in two runs"):
        run("index", inputs | {"INDICES": ["NDVI", "RVI"]}, context)


# --- phenology -------------------------------------------------------------------------------------------------------


def test_season_of_a_simulated_season(provider, season, context, tmp_path):
    asked = {name: str(tmp_path / f"{name}.tif") for name in ("OUTPUT", "VALID_DATES")}
    inputs = {"INPUT": season["SCENES"], "LEAST_DATES": 3, "LAST": "2024-12-31", **asked}
    assert run("phenology", inputs, context) == asked
    assert descriptions(asked["OUTPUT"])[:3] == ["start of season", "peak of season", "end of season"]
    assert descriptions(asked["VALID_DATES"]) == ["valid dates NDVI"]
    run("phenology", inputs | {"SEASONS": 2, "OUTPUT": str(tmp_path / "two.tif")}, context)
    assert len(descriptions(str(tmp_path / "two.tif"))) == 1 + 2 * 7
    assert descriptions(str(tmp_path / "two.tif"))[:2] == ["number of seasons", "start of season 1"]
    with pytest.raises(QgsProcessingException, match="No scene lies between 2031-01-01"):
        run("phenology", inputs | {"FIRST": "2031-01-01", "LAST": None}, context)


# --- align_series -----------------------------------------------------------------------------------------------------


def test_a_season_is_aligned_to_itself(provider, season, context, tmp_path):
    asked = {"TRAINING_OUTPUT": "t.tif", "PREDICTION_OUTPUT": "p.tif", "TABLE": "dates.csv"}
    asked = {name: str(tmp_path / file) for name, file in asked.items()}
    inputs = {"TRAINING": season["SCENES"], "PREDICTION": season["SCENES"], "BANDS": "B04", "COUNT": 2, **asked}
    assert run("align_series", inputs, context) == asked
    assert descriptions(asked["TRAINING_OUTPUT"]) == descriptions(asked["PREDICTION_OUTPUT"])
    assert len(Path(asked["TABLE"]).read_text().splitlines()) == 1 + 2
    with pytest.raises(QgsProcessingException, match="40 base dates are wanted"):
        run("align_series", inputs | {"COUNT": 40}, context)


def test_choices_of_the_series_and_jobs_agree(provider):
    choices = {
        "composite": {"PERIOD": PERIODS, "METHOD": COMPOSITES, "EMPTY": EMPTY, "MASK": MASKS},
        "fill_gaps": {"METHOD": FILLERS, "MASK": MASKS},
        "align_series": {"STRATEGY": STRATEGIES, "DAYS": ALIGNED_DAYS, "RULE": ALIGN_RULES},
        "index": {"INDICES": INDICES, "MASK": MASKS},
        "phenology": {"INDEX": INDICES, "MASK": MASKS},
    }
    for name, enums in choices.items():
        for parameter, values in enums.items():
            titles = list(values.values()) if isinstance(values, dict) else list(values)
            assert provider.algorithm(name).parameterDefinition(parameter).options() == titles
